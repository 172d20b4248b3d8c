#include "domain/visibility.hpp"

#include <algorithm>
#include <utility>

namespace knotos::domain {

bool Visibility::shows(Seq seq, const MessageId& message) const {
  return seq >= first_seq && !is_hidden(message);
}

bool Visibility::is_hidden(const MessageId& message) const {
  return std::ranges::binary_search(hidden, message);
}

Message as_seen(Message message, const Visibility& visibility) {
  if (!visibility.shows(message)) return stub_of(message);
  auto& reply = message.reply_to;
  if (reply && !visibility.shows(reply->seq, reply->message_id)) reply->preview.clear();
  return message;
}

}  // namespace knotos::domain
