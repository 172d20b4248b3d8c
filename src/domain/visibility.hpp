#pragma once

#include "domain/chat.hpp"
#include "domain/message.hpp"

#include <vector>

namespace knotos::domain {

/// What of a chat is for one user: nothing before they joined, where the group keeps that to
/// itself, nothing that they cleared away, and no message that they deleted for themselves.
struct Visibility {
  Seq first_seq = 1;
  std::vector<MessageId> hidden;  ///< Ascending.

  [[nodiscard]] bool shows(Seq seq, const MessageId& message) const;
  [[nodiscard]] bool shows(const Message& message) const { return shows(message.seq, message.id); }
  /// Deleted by the reader for themselves.
  [[nodiscard]] bool is_hidden(const MessageId& message) const;
};

/// The message, or its stub; a reply to what the reader may not see has no preview of it.
[[nodiscard]] Message as_seen(Message message, const Visibility& visibility);

}  // namespace knotos::domain
