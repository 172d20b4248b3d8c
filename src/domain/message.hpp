#pragma once

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "domain/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace knotos::domain {

enum class MessageType : std::uint8_t { text, image, video, file, voice, system, call, encrypted };

[[nodiscard]] std::string_view name_of(MessageType type);
[[nodiscard]] std::optional<MessageType> parse_message_type(std::string_view name);

enum class Role : std::uint8_t { owner, admin, member };

[[nodiscard]] std::string_view name_of(Role role);
[[nodiscard]] std::optional<Role> parse_role(std::string_view name);

/// What a message answers. `preview` is a copy, so that it costs no look-up.
struct ReplyTo {
  MessageId message_id;
  Seq seq = 0;
  UserId sender_id;
  std::string preview;

  bool operator==(const ReplyTo&) const = default;
};

/// What a system message tells (API section 2).
struct SystemEvent {
  std::string event;  ///< `group_created`, later `members_added`, `member_removed`, …
  UserId actor_id;
  std::vector<UserId> user_ids;
  std::optional<std::string> title;
  std::optional<Role> role;
  std::optional<UserId> new_owner_id;

  bool operator==(const SystemEvent&) const = default;
};

/// A message in its present state.
struct Message {
  MessageId id;
  ChatId chat_id;
  Seq seq = 0;    ///< Its place among the messages of the chat; never changes.
  Rev place = 0;  ///< Its own place in the chat's log; never changes.
  Rev rev = 0;    ///< That of the last change to it: what clients see as `rev`.
  Ordinal ordinal = 0;
  Ordinal sender_ordinal = 0;
  UserId sender_id;
  std::string
      client_message_id;  ///< Always there: the server makes one where the client gave none.
  Sha256 request_hash{};  ///< Of the original request (SEMANTICS section 3.2); survives edits and
                          ///< deletion.
  MessageType type = MessageType::text;
  std::string content;  ///< Empty once deleted.
  std::optional<ReplyTo> reply_to;
  std::vector<UserId> mentions;
  std::optional<SystemEvent> system_event;
  bool is_deleted = false;
  std::uint32_t edit_version = 0;  ///< Edits so far.
  std::optional<Time> edited_at;
  Time created_at;

  bool operator==(const Message&) const = default;
};

/// What a sender asks for, before it has a place.
struct Draft {
  std::string client_message_id;  ///< Empty: the client gave none.
  MessageType type = MessageType::text;
  std::string content;
  std::optional<MessageId> reply_to;
  std::vector<UserId> mentions;

  /// Over type, content, reply and mentions: two requests are the same when these are.
  [[nodiscard]] Sha256 hash() const;
};

struct ContentLimits {
  std::size_t code_points_max = 4096;
  std::size_t bytes_max = 16 * 1024;
};

inline constexpr std::size_t kMentionsMax = 50;
inline constexpr std::size_t kClientMessageIdMax = 64;
inline constexpr std::size_t kPreviewCodePointsMax = 140;

/// Errors: validation_failed at /content.
[[nodiscard]] Result<void> check_content(std::string_view content, const ContentLimits& limits);
/// Everything about a draft that needs no store. Errors: validation_failed, each field by pointer.
[[nodiscard]] Result<void> check_draft(const Draft& draft, const ContentLimits& limits);
/// 1 to 64 of [A-Za-z0-9_-].
[[nodiscard]] bool is_client_message_id(std::string_view text);

}  // namespace knotos::domain
