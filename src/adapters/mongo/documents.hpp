#pragma once

#include "adapters/mongo/client.hpp"
#include "adapters/mongo/document.hpp"
#include "domain/chat.hpp"
#include "domain/chat_log.hpp"
#include "domain/message.hpp"
#include "domain/user.hpp"

#include <optional>
#include <string>
#include <vector>

// What a stored document looks like, and the pieces of work that several stores share.
namespace knotos::adapters::mongo {

// Collections. The first four, and their fields, are the original's (SEMANTICS section 11).
inline constexpr const char* kChats = "chats";
inline constexpr const char* kMessages = "messages";
inline constexpr const char* kStates = "userchatstates";
inline constexpr const char* kUsers = "users";
inline constexpr const char* kUsernames = "usernames";
inline constexpr const char* kDevices = "devices";
inline constexpr const char* kContacts = "contacts";
inline constexpr const char* kBlocks = "blocks";
inline constexpr const char* kReactions = "reactions";
inline constexpr const char* kHidden = "hiddenmessages";
inline constexpr const char* kInvites = "invites";
inline constexpr const char* kMeta = "meta";

/// The id of what belongs to two: "one:other".
[[nodiscard]] std::string pair_id(const auto& one, const auto& other) {
  return one.to_string() + ":" + other.to_string();
}

[[nodiscard]] domain::Message read_message(const View& view);
[[nodiscard]] domain::Chat read_chat(const View& view);
[[nodiscard]] domain::UserChatState read_state(const View& view);
[[nodiscard]] domain::User read_user(const View& view);
[[nodiscard]] domain::Privacy read_privacy(const View& user);

/// What an entry of the log holds: a message as it begins, or a change. Both have `chatId`, `rev`
/// and a `seq`, which is negative for changes.
[[nodiscard]] Document entry_document(const domain::LogEntry& entry, domain::Rev superseded);
/// nullopt: it is damaged, or its content was superseded and taken out.
[[nodiscard]] std::optional<domain::LogEntry> read_entry(const View& view);

/// The fields of a message that a change may touch, `changedRev` among them.
[[nodiscard]] Document message_state(const domain::Message& message);
/// A message as it is when nothing has changed it since.
[[nodiscard]] Document message_document(const domain::Message& message);
/// The fields of a chat that the log moves.
[[nodiscard]] Document chat_projections(const domain::Chat& chat);
[[nodiscard]] Document chat_document(const domain::Chat& chat);
/// All but the ids.
[[nodiscard]] Document state_fields(const domain::UserChatState& state);
[[nodiscard]] Document state_document(const domain::UserChatState& state);
[[nodiscard]] Document user_document(const domain::User& user, const std::string& password_hash,
                                     domain::UserRev user_rev = 0);

/// A state with the number that a change of it must find again.
struct VersionedState {
  domain::UserChatState state;
  std::uint64_t version = 0;
  Document stored;
};

[[nodiscard]] std::optional<domain::Chat> find_chat(Session& session, domain::ChatId chat);
[[nodiscard]] std::optional<VersionedState> find_state(Session& session, domain::UserId user,
                                                       domain::ChatId chat);
/// False: somebody else changed it in between. `moments`: fields that get the cluster's time.
/// `more`: other fields to set.
[[nodiscard]] bool put_state(Session& session, const VersionedState& state,
                             const std::vector<std::string>& moments, const Document& more = {});

/// The user's `userRev` after it was raised by one; 0: no such user.
domain::UserRev raise_user_rev(Session& session, domain::UserId user);
/// The same for a change of what they set for themselves, or of their sessions, which sets `fields`
/// in the same step; a deleted user is none.
domain::UserRev raise_settings(Session& session, domain::UserId user, const Document& fields = {});
[[nodiscard]] domain::UserRev user_rev_of(Session& session, domain::UserId user);

/// `{$in: values}`.
template <class T>
[[nodiscard]] Document any_of(const std::vector<T>& values) {
  return document("$in", values);
}
/// `{$currentDate: {field: {$type: "timestamp"}}}`, as one more operator of an update.
void add_moments(Document& update, const std::vector<std::string>& fields);

/// The cluster's own time, as moments are. By a write: a majority has then all that was given an
/// earlier one on this shard.
[[nodiscard]] Time read_clock(Session& session);

/// Users by their ids, in no order.
[[nodiscard]] std::vector<domain::User> find_users_by_id(Session& session,
                                                         const std::vector<domain::UserId>& ids);

}  // namespace knotos::adapters::mongo
