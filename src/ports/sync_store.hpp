#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "domain/chat.hpp"

#include <cstdint>
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
};

struct SyncedReceipt {
  domain::ChatId chat_id;
  domain::UserId user_id;
  domain::Seq last_delivered_seq = 0;
  domain::Seq last_read_seq = 0;
};

struct SyncQuery {
  domain::UserId user;
  Time since;                             ///< The store's own time. Everything changed after it.
  std::size_t receipt_members_max = 100;  ///< Receipts of larger chats are not told.
  std::size_t limit = 100;                ///< Of chats; receipts at most ten times as many.
  /// Within equal times, so that pages are stable: chats after it.
  domain::ChatId after;
};

struct SyncPage {
  std::vector<SyncedChat> chats;        ///< By the time of their change, then id.
  std::vector<SyncedReceipt> receipts;  ///< Of the peers, where they moved; with the last page.
  bool settings_changed = false;        ///< Profile, privacy, contacts, blocks or sessions.
  domain::UserRev user_rev = 0;
  bool has_more = false;
  Time next_since;  ///< With has_more: where the next page begins.
  domain::ChatId next_after;
};

/// What changed since a time, by the store's own clock (SEMANTICS section 4). Any thread may call.
/// Errors of all: store_unavailable.
class SyncStore {
 public:
  virtual ~SyncStore() = default;

  /// Another after a restore, so that cursors from before it are refused. Sixteen bytes.
  [[nodiscard]] virtual Task<Result<std::string>> epoch() = 0;
  /// The store's own time, read before anything that follows.
  [[nodiscard]] virtual Task<Result<Time>> store_time() = 0;

  [[nodiscard]] virtual Task<Result<SyncPage>> sync(SyncQuery query) = 0;

  /// The user's chats, each with where it stands and their own state: for `sync/verify`. One read.
  [[nodiscard]] virtual Task<Result<std::vector<SyncedChat>>> all_chats(domain::UserId user) = 0;

  struct Swept {
    domain::ChatId chat_id;
    domain::Rev last_rev = 0;
  };
  struct Sweep {
    std::vector<Swept> chats;
    std::vector<domain::UserId> users;  ///< With a private change, a membership included.
    Time now;                           ///< The store's, before the read.
    bool has_more = false;              ///< The limit was reached: ask again from `next_since`.
    Time next_since;
  };
  /// For gateways: chats and users that changed after `since`, of whoever.
  [[nodiscard]] virtual Task<Result<Sweep>> changed_since(Time since, std::size_t limit) = 0;
};

}  // namespace knotos::ports
