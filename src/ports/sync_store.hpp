#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "domain/chat.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace knotos::ports {

/// One of the user's chats that changed, for everybody or for them alone. One that they left since
/// is there too, with `state.is_member` false.
struct SyncedChat {
  domain::Chat chat;
  domain::UserChatState state;
  bool has_joined = false;  ///< Their membership changed since.
  bool has_private_change =
      false;  ///< The state changed since, by the user or one of their devices.
  std::vector<domain::MessageId> hidden;  ///< Since, by the user.
};

struct SyncedReceipt {
  domain::ChatId chat_id;
  domain::UserId user_id;
  domain::Seq last_delivered_seq = 0;
  domain::Seq last_read_seq = 0;
};

/// Where a page of changed chats ended: they are listed by the time of their last change, then id.
struct SyncPosition {
  Time changed_at;
  domain::ChatId chat_id;
};

struct SyncQuery {
  domain::UserId user;
  Time since;  ///< The store's own time: everything that changed then or later.
  std::optional<SyncPosition> after;
  std::size_t limit = 100;
};

struct SyncPage {
  std::vector<SyncedChat> chats;
  bool settings_changed = false;  ///< Profile, privacy, contacts, blocks or sessions.
  domain::UserRev user_rev = 0;
  std::optional<SyncPosition> next;  ///< There is more, after it.
};

/// Where a page of moved receipts ended: they are listed by time, chat and user.
struct ReceiptPosition {
  Time moved_at;
  domain::ChatId chat_id;
  domain::UserId user_id;
};

struct MovedReceiptsQuery {
  domain::UserId user;
  Time since;
  std::size_t members_max = 100;  ///< Receipts of larger chats are not told.
  std::optional<ReceiptPosition> after;
  std::size_t limit = 1000;
};

struct MovedReceiptsPage {
  std::vector<SyncedReceipt> receipts;
  std::optional<ReceiptPosition> next;
};

/// What changed since a time, by the store's own clock (SEMANTICS section 4). What changes while
/// pages are read moves to a later place, so it is met then, and nothing is missed. Any thread may
/// call. Errors of all: store_unavailable.
class SyncStore {
 public:
  virtual ~SyncStore() = default;

  /// Another after a restore, so that cursors from before it are refused. Sixteen bytes.
  [[nodiscard]] virtual Task<Result<std::string>> epoch() = 0;
  /// The store's own time: whatever is read after this has every change before it, and no change
  /// that is not there yet will have an earlier time.
  [[nodiscard]] virtual Task<Result<Time>> store_time() = 0;

  /// Errors: not_found (no such user).
  [[nodiscard]] virtual Task<Result<SyncPage>> sync(SyncQuery query) = 0;
  /// Receipts of the peers that moved, in the user's chats, and all of those of a chat that they
  /// came to since. Nothing of those whom the user has blocked, in their direct chats.
  [[nodiscard]] virtual Task<Result<MovedReceiptsPage>> moved_receipts(
      MovedReceiptsQuery query) = 0;

  /// The chats that the user is or was a member of, each with their own state. One read.
  [[nodiscard]] virtual Task<Result<std::vector<SyncedChat>>> all_chats(domain::UserId user) = 0;

  struct Swept {
    domain::ChatId chat_id;
    domain::Rev last_rev = 0;
  };
  /// `limit` may be passed by changes of one and the same moment, so that a sweep goes on.
  struct Sweep {
    std::vector<Swept> chats;
    std::vector<domain::UserId> users;  ///< With a private change, a membership included.
    Time now;                           ///< The store's, before the read.
    bool has_more = false;              ///< The limit was reached: ask again from `next_since`.
    Time next_since;
  };
  /// For gateways: chats and users that changed at `since` or later, of whoever.
  [[nodiscard]] virtual Task<Result<Sweep>> changed_since(Time since, std::size_t limit) = 0;
};

}  // namespace knotos::ports
