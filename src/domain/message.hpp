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

/// From where a message was forwarded: its author and when it was written, but no place, since who
/// reads this may not see that chat.
struct ForwardedFrom {
  UserId sender_id;
  Time created_at;

  bool operator==(const ForwardedFrom&) const = default;
};

/// One user's reaction to one message. Kept in a collection of its own; the message holds counts.
struct Reaction {
  UserId user_id;
  std::string emoji;
  Time created_at;

  bool operator==(const Reaction&) const = default;
};

/// What a message shows of its reactions with one emoji.
struct ReactionCount {
  std::string emoji;
  std::uint32_t count = 0;
  std::vector<UserId> recent_user_ids;  ///< The newest first, at most `kRecentReactorsMax`.

  bool operator==(const ReactionCount&) const = default;
};

// What a system message can tell. `member_joined`: by an invite.
inline constexpr std::string_view kGroupCreated = "group_created";
inline constexpr std::string_view kMembersAdded = "members_added";
inline constexpr std::string_view kMemberJoined = "member_joined";
inline constexpr std::string_view kMemberRemoved = "member_removed";
inline constexpr std::string_view kMemberLeft = "member_left";
inline constexpr std::string_view kRoleChanged = "role_changed";
inline constexpr std::string_view kOwnerChanged = "owner_changed";
inline constexpr std::string_view kTitleChanged = "title_changed";
inline constexpr std::string_view kSettingsChanged = "settings_changed";
inline constexpr std::string_view kGroupEnded = "group_ended";

/// What a system message tells (API section 2).
struct SystemEvent {
  std::string event;  ///< One of those above.
  UserId actor_id;
  std::vector<UserId> user_ids;  ///< Whom it is about: who came, left, or changed role.
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
  std::optional<ForwardedFrom> forwarded_from;
  std::optional<SystemEvent> system_event;
  std::vector<ReactionCount> reactions;  ///< In the order of their first use.
  bool is_pinned = false;
  bool is_deleted = false;
  std::uint32_t edit_version = 0;  ///< Edits so far.
  std::optional<Time> edited_at;
  Time created_at;
  /// For this reader there is a message, and nothing more of it: only `id`, `chat_id`, `seq`, `rev`
  /// and `place` are there. Never stored.
  bool is_stub = false;

  bool operator==(const Message&) const = default;
};

/// What is left of a message for who may not see it.
[[nodiscard]] Message stub_of(const Message& message);

/// The message as a reader sees it whose first visible `seq` is this one: a stub where it lies
/// before, and a reply without the words it answers where those do.
[[nodiscard]] Message as_seen_from(Seq first_visible, Message message);
/// Whether that differs from the message itself.
[[nodiscard]] bool is_cut_for(Seq first_visible, const Message& message);

/// A system message that ends this user's membership.
[[nodiscard]] bool ends_membership(const Message& message, UserId user);
/// A system message that ends anybody's.
[[nodiscard]] bool ends_memberships(const Message& message);

/// What a sender asks for, before it has a place.
struct Draft {
  std::string client_message_id;  ///< Empty: the client gave none.
  MessageType type = MessageType::text;
  std::string content;
  std::optional<MessageId> reply_to;
  std::vector<UserId> mentions;
  // Never from a client: `forward` sets them.
  std::optional<ForwardedFrom> forwarded_from;
  std::optional<MessageId> forwarded_message;

  /// Over type, content, reply and mentions, or over which message is forwarded: two requests are
  /// the same when these are. A forward of a message that was edited in between is the same one.
  [[nodiscard]] Sha256 hash() const;
};

struct ContentLimits {
  std::size_t code_points_max = 4096;
  std::size_t bytes_max = 16 * 1024;
};

inline constexpr std::size_t kMentionsMax = 50;
inline constexpr std::size_t kClientMessageIdMax = 64;
inline constexpr std::size_t kPreviewCodePointsMax = 140;
inline constexpr std::size_t kRecentReactorsMax = 3;
inline constexpr std::size_t kReactionKindsMax = 20;  ///< Different emoji on one message.
inline constexpr std::size_t kEmojiBytesMax = 64;
inline constexpr std::size_t kForwardChatsMax = 20;  ///< Of one request.

/// Errors: validation_failed at /content.
[[nodiscard]] Result<void> check_content(std::string_view content, const ContentLimits& limits);
/// Everything about a draft that needs no store. Errors: validation_failed, each field by pointer.
[[nodiscard]] Result<void> check_draft(const Draft& draft, const ContentLimits& limits);
/// 1 to `kEmojiBytesMax` bytes of UTF-8 without blanks and control characters. What is an emoji
/// changes every year, so no table decides. Errors: validation_failed at /emoji.
[[nodiscard]] Result<void> check_emoji(std::string_view emoji);
/// 1 to 64 of [A-Za-z0-9_-].
[[nodiscard]] bool is_client_message_id(std::string_view text);

}  // namespace knotos::domain
