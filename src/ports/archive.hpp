#pragma once

#include "domain/chat.hpp"
#include "domain/chat_log.hpp"
#include "domain/message.hpp"
#include "domain/user.hpp"
#include "ports/invite_store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Everything that a store holds, in the shape in which it moves from one kind of store to another.
namespace knotos::ports {

struct ArchivedToken {
  Sha256 hash{};
  Time expires_at;
  bool is_used = false;

  bool operator==(const ArchivedToken&) const = default;
};

struct ArchivedDevice {
  domain::Device device;
  std::vector<ArchivedToken> tokens;  ///< By hash.

  bool operator==(const ArchivedDevice&) const = default;
};

struct ArchivedPerson {
  domain::UserId other;
  Time since;

  bool operator==(const ArchivedPerson&) const = default;
};

/// Times of changes are the store's own.
struct ArchivedUser {
  domain::User user;  ///< With the name also of one that is deleted: nobody gets it again.
  std::string password_hash;
  domain::Privacy privacy;
  std::optional<Time> last_seen_at;
  domain::UserRev user_rev = 0;
  Time changed_at;
  std::vector<ArchivedDevice> devices;   ///< By id.
  std::vector<ArchivedPerson> contacts;  ///< By the other's id, like blocks.
  std::vector<ArchivedPerson> blocks;

  bool operator==(const ArchivedUser&) const = default;
};

struct ArchivedHidden {
  domain::MessageId message;
  Time hidden_at;

  bool operator==(const ArchivedHidden&) const = default;
};

struct ArchivedState {
  domain::UserChatState state;
  Time changed_at;
  Time member_changed_at;
  Time marked_at;
  std::optional<Time> delivered_at;
  domain::Seq delivered_after_seq = 0;
  std::optional<Time> read_at;
  domain::Seq read_after_seq = 0;
  std::vector<ArchivedHidden> hidden;  ///< By id.

  bool operator==(const ArchivedState&) const = default;
};

struct ArchivedChat {
  domain::Chat chat;
  Time changed_at;
  std::vector<ArchivedState> states;  ///< By user; also of those who left.
  std::vector<Invite> invites;        ///< By code.

  bool operator==(const ArchivedChat&) const = default;
};

struct ArchivedMessage {
  domain::Message message;
  std::vector<domain::Reaction> reactions;  ///< By user, then emoji.

  bool operator==(const ArchivedMessage&) const = default;
};

/// An entry of the log that is no message. What it said is in the message by now.
struct ArchivedChange {
  domain::Rev rev = 0;
  domain::ChangeKind kind = domain::ChangeKind::edit;
  domain::MessageId target;
  domain::UserId actor;
  std::string emoji;
  Time created_at;

  bool operator==(const ArchivedChange&) const = default;
};

struct ArchivedEntries {
  std::vector<ArchivedMessage> messages;  ///< By place.
  std::vector<ArchivedChange> changes;    ///< By rev.

  bool operator==(const ArchivedEntries&) const = default;
};

struct ArchiveCounts {
  std::uint64_t users = 0;
  std::uint64_t chats = 0;
  std::uint64_t messages = 0;
  std::uint64_t changes = 0;

  bool operator==(const ArchiveCounts&) const = default;
};

/// Reads all that a store holds, while nobody serves it. All calls block, and throw
/// std::runtime_error.
class Archive {
 public:
  virtual ~Archive() = default;

  [[nodiscard]] virtual ArchiveCounts counts() = 0;
  /// Sixteen bytes; see SyncStore.
  [[nodiscard]] virtual std::string epoch() = 0;
  /// The store has given no change a later time than this, and no cursor.
  [[nodiscard]] virtual Time time_bound() = 0;
  /// By id, after this one (exclusive); the same with chats.
  [[nodiscard]] virtual std::vector<ArchivedUser> users(std::optional<domain::UserId> after,
                                                        std::size_t limit) = 0;
  [[nodiscard]] virtual std::vector<ArchivedChat> chats(std::optional<domain::ChatId> after,
                                                        std::size_t limit) = 0;
  /// The log of a chat, its places `after < place ≤ last`.
  [[nodiscard]] virtual ArchivedEntries entries(domain::ChatId chat, domain::Rev after,
                                                domain::Rev last) = 0;
};

/// How far a move has come.
struct ArchivePosition {
  bool has_all_users = false;
  std::optional<domain::UserId> user;  ///< The last that is there, as with chats.
  std::optional<domain::ChatId> chat;
  domain::Rev place = 0;  ///< Of the next chat: so far its log is there.
};

/// Takes a copy of another store, in steps that may be repeated. As above.
class ArchiveTarget : public Archive {
 public:
  /// Begins, or goes on where an earlier call for the same source ended. nullopt: it is all there
  /// and was checked. Throws where the target holds anything else.
  [[nodiscard]] virtual std::optional<ArchivePosition> begin(const std::string& source_epoch) = 0;
  virtual void put_users(const std::vector<ArchivedUser>& users) = 0;
  virtual void put_entries(domain::ChatId chat, const ArchivedEntries& entries) = 0;
  /// After its entries.
  virtual void put_chat(const ArchivedChat& chat) = 0;
  /// What was put so far is durable, and need not be put again.
  virtual void keep(const ArchivePosition& position) = 0;
  /// Now it can be served. Waits until the own clock is past the source's bound, so that no change
  /// is earlier than a cursor that did not see it.
  virtual void finish(Time source_bound) = 0;
};

}  // namespace knotos::ports
