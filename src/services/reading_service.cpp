#include "services/reading_service.hpp"

#include "base/metrics.hpp"
#include "base/names.hpp"
#include "services/delivered_marks.hpp"
#include "services/in_flight.hpp"

#include <utility>

namespace knotos::services {
namespace {

using domain::ChatId;
using domain::UserId;

metrics::Counter reads_marked("marks_total", "Marks that moved a watermark.", "kind", "read");
metrics::Counter deliveries_marked("marks_total", "Marks that moved a watermark.", "kind",
                                   "delivered");
metrics::Counter deliveries_not_kept("delivered_marks_not_kept_total",
                                     "Delivered marks of chats too large to keep them.");

constexpr Names<ReadingService::MessageState, 3> kStates{{
    {ReadingService::MessageState::sent, "sent"},
    {ReadingService::MessageState::delivered, "delivered"},
    {ReadingService::MessageState::read, "read"},
}};

ReadingService::ReadState read_state_of(const ports::StateChange& change) {
  return {.last_read_seq = change.state.last_read_seq,
          .unread_count = domain::unread_count(change.chat, change.state)};
}

Error no_such_chat() { return fail(Errc::not_found, "There is no such chat.").error(); }

ReadingService::MessageState state_of(const ports::ReceiptPage& page) {
  // Nobody to get it: then it is sent, and no more.
  if (page.member_count == 0) return ReadingService::MessageState::sent;
  if (page.read_count == page.member_count) return ReadingService::MessageState::read;
  if (page.delivered_count == page.member_count) return ReadingService::MessageState::delivered;
  return ReadingService::MessageState::sent;
}

/// The receipts of who was blocked are told to nobody.
void withhold(ports::ReceiptPage& page) {
  for (auto& receipt : page.receipts) {
    receipt.is_delivered = false;
    receipt.is_read = false;
    receipt.delivered_at.reset();
    receipt.read_at.reset();
  }
  page.delivered_count = 0;
  page.read_count = 0;
}

}  // namespace

std::string_view name_of(ReadingService::MessageState state) { return name_in(kStates, state); }

ReadingService::ReadingService(Ports ports, Limits limits) : ports_(ports), limits_(limits) {
  for (std::size_t shard = 0; shard < ports_.shards.count(); ++shard) {
    marks_.push_back(std::make_shared<DeliveredMarks>(ports_.states, limits_.waiting_marks_max));
  }
}

ReadingService::~ReadingService() = default;

Task<Result<ReadingService::ReadState>> ReadingService::mark_read(UserId user, ChatId chat,
                                                                  domain::Seq seq) {
  const InFlight in_flight(in_flight_);
  const auto now = ports_.clock.now();
  auto change = co_await ports_.states.mark(
      {.user = user, .chat = chat, .kind = ports::MarkKind::read, .seq = seq, .now = now});
  if (!change && change.error().code == Errc::not_found) co_return fail(no_such_chat());
  if (!change) co_return fail(std::move(change.error()));
  if (change->rise.of_read) reads_marked.add();
  tell_read(ports_.bus, *change);
  if (change->has_cleared_mark) tell_state(ports_.bus, *change);
  tell_receipts(ports_.bus, *change, limits_.receipt_members_max, now);
  co_return read_state_of(*change);
}

Task<Result<ReadingService::ReadState>> ReadingService::mark_delivered(UserId user, ChatId chat,
                                                                       domain::Seq seq) {
  const InFlight in_flight(in_flight_);
  auto before = co_await ports_.states.state(user, chat);
  if (!before && before.error().code == Errc::not_found) co_return fail(no_such_chat());
  if (!before) co_return fail(std::move(before.error()));
  if (seq <= before->state.last_delivered_seq) co_return read_state_of(*before);
  // Where a mark is kept, the store says whether there is such a message: it may be one that is
  // committed and not seen in the chat yet.
  if (before->chat.member_count > limits_.receipt_members_max) {
    if (seq > before->chat.last_seq) {
      co_return fail_field("/seq", "out-of-range", "The chat has no such message yet.");
    }
    deliveries_not_kept.add();
    co_return read_state_of(*before);
  }
  const auto now = ports_.clock.now();
  const auto home = ports_.shards.home_of(chat);
  auto change = co_await run_on(ports_.shards, home,
                                marks_[home]->put({.user = user,
                                                   .chat = chat,
                                                   .kind = ports::MarkKind::delivered,
                                                   .seq = seq,
                                                   .now = now}));
  if (!change && change.error().code == Errc::not_found) co_return fail(no_such_chat());
  if (!change) co_return fail(std::move(change.error()));
  if (change->rise.of_delivered) deliveries_marked.add();
  tell_receipts(ports_.bus, *change, limits_.receipt_members_max, now);
  co_return read_state_of(*change);
}

Task<Result<ReadingService::Receipts>> ReadingService::receipts(
    UserId user, ChatId chat, domain::MessageId message, std::optional<ports::MemberPosition> after,
    std::size_t limit) {
  auto visibility = co_await ports_.states.visibility(user, chat);
  if (!visibility && visibility.error().code == Errc::not_found) co_return fail(no_such_chat());
  if (!visibility) co_return fail(std::move(visibility.error()));
  auto found = co_await ports_.messages.find(chat, message);
  const bool is_missing = !found && found.error().code == Errc::not_found;
  if (is_missing || (found && !visibility->shows(*found))) {
    co_return fail(Errc::not_found, "There is no such message.");
  }
  if (!found) co_return fail(std::move(found.error()));
  ports::ReceiptQuery query{.chat = chat,
                            .sender = found->sender_id,
                            .seq = found->seq,
                            .created_at = found->created_at,
                            .after = after,
                            .limit = limit};
  auto page = co_await ports_.states.receipts(query);
  if (!page) co_return fail(std::move(page.error()));
  auto is_withheld = co_await is_withheld_from(user, query, *page);
  if (!is_withheld) co_return fail(std::move(is_withheld.error()));
  if (*is_withheld) withhold(*page);
  Receipts receipts{.message_id = message, .seq = found->seq, .state = state_of(*page), .page = {}};
  receipts.page = std::move(*page);
  co_return receipts;
}

/// In a direct chat one other than the sender has receipts; those of whom the asker has blocked are
/// told to nobody.
Task<Result<bool>> ReadingService::is_withheld_from(UserId user, ports::ReceiptQuery query,
                                                    const ports::ReceiptPage& page) {
  if (page.member_count != 1) co_return false;
  auto own = co_await ports_.states.state(user, query.chat);
  if (!own) co_return fail(std::move(own.error()));
  if (own->chat.type != domain::ChatType::direct) co_return false;
  auto receipts = page.receipts;
  if (receipts.empty()) {
    // Behind the end of the list they count, too, and are not named.
    query.after.reset();
    auto first = co_await ports_.states.receipts(query);
    if (!first) co_return fail(std::move(first.error()));
    receipts = std::move(first->receipts);
  }
  if (receipts.empty()) co_return false;
  auto relation = co_await ports_.relations.relation(user, receipts.front().user_id);
  if (!relation) co_return fail(std::move(relation.error()));
  co_return relation->is_blocked;
}

Task<Result<ReadingService::Unread>> ReadingService::unread(UserId user) {
  auto chats = co_await ports_.states.unread(user, ports_.clock.now());
  if (!chats) co_return fail(std::move(chats.error()));
  Unread unread;
  for (auto& chat : *chats) {
    if (chat.is_archived) continue;
    unread.total += chat.unread_count;
    unread.chats.push_back(chat);
  }
  co_return unread;
}

}  // namespace knotos::services
