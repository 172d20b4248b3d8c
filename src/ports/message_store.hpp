#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "domain/message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace knotos::ports {

struct Changes {
  std::vector<domain::Message> messages;  ///< Ascending by `rev`, each once, in its present state.
  domain::Rev last_rev = 0;               ///< Of the chat, read before the messages.
  bool has_more = false;
};

enum class HistoryFrom : std::uint8_t { newest, before, after, around };

struct HistoryQuery {
  HistoryFrom from = HistoryFrom::newest;
  domain::Seq seq =
      0;  ///< Exclusive with before and after; with around, in the middle and included.
  std::size_t limit = 50;
  domain::Seq first_seq = 1;              ///< What lies before it is not there, for this reader.
  std::vector<domain::MessageId> hidden;  ///< Nor are these. Ascending.
};

/// Where a page of reactions ended: they are listed by time, then user and emoji.
struct ReactionPosition {
  Time created_at;
  domain::UserId user_id;
  std::string emoji;
};

struct ReactionPage {
  std::vector<domain::Reaction> reactions;
  bool has_more = false;
};

struct HistoryPage {
  std::vector<domain::Message> messages;  ///< Ascending by `seq`.
  bool has_older = false;
  bool has_newer = false;
};

/// Reading messages. Membership is the caller's to check. Reads see every append that was answered
/// before they began. Any thread may call.
class MessageStore {
 public:
  virtual ~MessageStore() = default;

  /// Each message with `since < rev ≤ last_rev`, at most `limit`. Never shows what is not applied.
  /// Errors: not_found (no such chat), store_unavailable.
  [[nodiscard]] virtual Task<Result<Changes>> changes(domain::ChatId chat, domain::Rev since,
                                                      std::size_t limit) = 0;

  /// What the reader may not see is left out and does not count for the limit. Errors:
  /// store_unavailable. An unknown chat has an empty page.
  [[nodiscard]] virtual Task<Result<HistoryPage>> history(domain::ChatId chat,
                                                          HistoryQuery query) = 0;

  /// Errors: not_found, store_unavailable.
  [[nodiscard]] virtual Task<Result<domain::Message>> find(domain::ChatId chat,
                                                           domain::MessageId message) = 0;

  /// The message that a sender sent under this id, whatever became of it. Errors:
  /// store_unavailable.
  [[nodiscard]] virtual Task<Result<std::optional<domain::Message>>> find_by_key(
      domain::ChatId chat, domain::UserId sender, std::string client_message_id) = 0;

  /// Who reacted to a message, oldest first. Errors: store_unavailable. An unknown message has
  /// none.
  [[nodiscard]] virtual Task<Result<ReactionPage>> reactions(domain::ChatId chat,
                                                             domain::MessageId message,
                                                             std::optional<ReactionPosition> after,
                                                             std::size_t limit) = 0;
  /// Whether this reaction stands. Errors: store_unavailable.
  [[nodiscard]] virtual Task<Result<bool>> has_reaction(domain::ChatId chat,
                                                        domain::MessageId message,
                                                        domain::UserId user, std::string emoji) = 0;
  /// Who reacted to a message with this emoji, the newest first. Errors: store_unavailable.
  [[nodiscard]] virtual Task<Result<std::vector<domain::UserId>>> recent_reactors(
      domain::ChatId chat, domain::MessageId message, std::string emoji, std::size_t limit) = 0;
  /// The user's messages of a chat that are not deleted, ascending by `seq`, from `after`
  /// (exclusive) on. For exports and for erasing an account. Errors: store_unavailable.
  [[nodiscard]] virtual Task<Result<std::vector<domain::Message>>> messages_by(
      domain::ChatId chat, domain::UserId sender, domain::Seq after, std::size_t limit) = 0;
};

}  // namespace knotos::ports
