#include "services/private_news.hpp"

#include <memory>

namespace knotos::services {

void tell_state(ports::Bus& bus, const ports::StateChange& change) {
  if (!change.has_moved) return;
  bus.publish(ports::ChatStateChanged{
      .user_id = change.state.user_id,
      .user_rev = change.user_rev,
      .chat = std::make_shared<const domain::Chat>(change.chat),
      .state = std::make_shared<const domain::UserChatState>(change.state)});
}

void tell_read(ports::Bus& bus, const ports::StateChange& change) {
  if (!change.rise.of_read && !change.has_cleared_mark) return;
  bus.publish(
      ports::ReadStateChanged{.user_id = change.state.user_id,
                              .user_rev = change.user_rev,
                              .chat_id = change.chat.id,
                              .last_read_seq = change.state.last_read_seq,
                              .unread_count = domain::unread_count(change.chat, change.state)});
}

void tell_receipts(ports::Bus& bus, const ports::StateChange& change, std::size_t members_max,
                   Time at) {
  if (change.chat.member_count > members_max || change.is_blocked_by_peer) return;
  ports::ReceiptMoved moved{.chat_id = change.chat.id,
                            .user_id = change.state.user_id,
                            .is_read = change.rise.of_read,
                            .seq = 0,
                            .at = at};
  // Read implies delivered, so one of the two is told.
  if (change.rise.of_read) {
    moved.seq = change.state.last_read_seq;
  } else if (change.rise.of_delivered) {
    moved.seq = change.state.last_delivered_seq;
  } else {
    return;
  }
  bus.publish(moved);
}

}  // namespace knotos::services
