#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "domain/chat.hpp"
#include "ports/chat_store.hpp"
#include "ports/people_store.hpp"
#include "ports/sync_store.hpp"
#include "ports/world.hpp"
#include "services/private_news.hpp"

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace knotos::services {

/// Up to where a device knows what changed; between two pages, also where the next one begins.
struct SyncCursor {
  std::string epoch;  ///< Of the store: another one after a restore.
  Time since;         ///< The store's own time.
  /// While pages follow: the first of them was read then, so that what changes meanwhile is met by
  /// the next sync.
  Time until;
  std::optional<ports::SyncPosition> chats_after;
  std::optional<ports::ReceiptPosition> receipts_after;

  bool operator==(const SyncCursor& other) const;
};

/// Where a chat stands, for one user.
struct SyncedStanding {
  domain::ChatId chat_id;
  domain::Rev last_rev = 0;
  domain::Seq last_seq = 0;
  domain::Seq last_read_seq = 0;
  std::uint64_t unread_count = 0;
};

// A private change as the live events tell it.

struct ChatCame {
  domain::ChatListItem item;
};
struct ChatWent {
  domain::ChatId chat_id;
};
struct StateMoved {
  domain::Chat chat;
  domain::UserChatState state;
};
struct MessageHid {
  domain::ChatId chat_id;
  domain::MessageId message_id;
};
struct SettingsMoved {};

using PrivateChange = std::variant<ChatCame, ChatWent, StateMoved, MessageHid, SettingsMoved>;

/// What a device that comes back must know (SEMANTICS section 4). Any shard; stateless.
class SyncService {
 public:
  struct Ports {
    ports::SyncStore& syncs;
    ports::ChatStore& chats;
    ports::PeopleStore& people;
    const ports::Clock& clock;
  };

  struct Limits {
    std::size_t receipt_members_max = kReceiptMembersMax;
    std::size_t chats_max = 100;      ///< Of one page.
    std::size_t receipts_max = 1000;  ///< Of one page.
    std::size_t known_max = 10'000;   ///< Chats that one `verify` names.
    /// Read back from the last answer: what is told twice harms nobody.
    std::chrono::milliseconds margin = std::chrono::seconds(2);
  };

  struct Answer {
    SyncCursor cursor;
    bool has_more = false;
    domain::UserRev user_rev = 0;
    std::vector<SyncedStanding> chats;
    std::vector<PrivateChange> changes;  ///< Oldest first.
    std::vector<ports::SyncedReceipt> receipts;
  };

  struct Verified {
    std::vector<SyncedStanding> chats;      ///< That differ, or that the device does not know.
    std::vector<domain::ChatId> not_there;  ///< Known to the device, and not the user's (any more).
  };

  SyncService(Ports ports, Limits limits) : ports_(ports), limits_(limits) {}

  /// A page of what changed since the cursor; without one, where all chats stand now, and no
  /// changes: who knows nothing has nothing to change. Errors: cursor_expired (of another epoch),
  /// not_found, store_unavailable.
  [[nodiscard]] Task<Result<Answer>> sync(domain::UserId user, std::optional<SyncCursor> cursor);

  /// The cursor of who knows everything up to now: taken before what it is to cover is read.
  /// Errors: store_unavailable.
  [[nodiscard]] Task<Result<SyncCursor>> present();

  /// The chats where the device is not where the store is. Errors: store_unavailable.
  [[nodiscard]] Task<Result<Verified>> verify(domain::UserId user,
                                              std::map<domain::ChatId, domain::Rev> known);

  [[nodiscard]] const Limits& limits() const { return limits_; }

 private:
  // Each goes on from what was gathered before it.
  [[nodiscard]] Task<Result<Answer>> add_chats(domain::UserId user, Answer answer);
  [[nodiscard]] Task<Result<std::vector<PrivateChange>>> changes_of(domain::UserId user,
                                                                    ports::SyncedChat chat);
  [[nodiscard]] Task<Result<Answer>> add_receipts(domain::UserId user, Answer answer);
  [[nodiscard]] SyncCursor finished(const SyncCursor& run) const;

  Ports ports_;
  Limits limits_;
};

}  // namespace knotos::services
