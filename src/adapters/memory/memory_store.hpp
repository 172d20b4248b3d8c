#pragma once

#include "ports/account_store.hpp"
#include "ports/chat_log.hpp"
#include "ports/chat_state_store.hpp"
#include "ports/chat_store.hpp"
#include "ports/invite_store.hpp"
#include "ports/message_store.hpp"
#include "ports/people_store.hpp"
#include "ports/sync_store.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace knotos::adapters::memory {

/// What an append that answers `unknown` did in truth.
enum class UnknownFate : std::uint8_t { lost, written };

/// All stores in one map each, for tests and the simulator: no thread, no wait; every task
/// completes where it is awaited, without suspending. Any thread may call; one mutex guards all.
/// Nothing survives the object. It can be told to fail, since a caller's error paths need a store
/// that does.
class MemoryStore final : public ports::ChatLog,
                          public ports::MessageStore,
                          public ports::ChatStore,
                          public ports::AccountStore,
                          public ports::PeopleStore,
                          public ports::ChatStateStore,
                          public ports::SyncStore,
                          public ports::InviteStore {
 public:
  /// The next append answers `status` and, but for `unknown` with `written`, writes nothing. Calls
  /// add up: first told, first done.
  void fail_next(ports::AppendStatus status, UnknownFate fate = UnknownFate::lost);
  /// While false, everything answers store_unavailable (appends: unavailable).
  void set_available(bool is_available);
  /// Appends that wrote.
  [[nodiscard]] std::size_t appends() const;

  // ports::ChatLog
  [[nodiscard]] Task<Result<ports::LoadedChat>> load(domain::ChatId chat,
                                                     std::vector<domain::UserId> users) override;
  [[nodiscard]] Task<Result<ports::Roster>> roster(domain::ChatId chat) override;
  [[nodiscard]] Task<ports::AppendOutcome> append(domain::ChatId chat, domain::Rev at_rev,
                                                  std::vector<domain::LogEntry> entries) override;
  [[nodiscard]] Task<Result<void>> complete_pending(domain::ChatId chat) override;

  // ports::MessageStore
  [[nodiscard]] Task<Result<ports::Changes>> changes(domain::ChatId chat, domain::Rev since,
                                                     std::size_t limit) override;
  [[nodiscard]] Task<Result<ports::HistoryPage>> history(domain::ChatId chat,
                                                         ports::HistoryQuery query) override;
  [[nodiscard]] Task<Result<domain::Message>> find(domain::ChatId chat,
                                                   domain::MessageId message) override;
  [[nodiscard]] Task<Result<std::optional<domain::Message>>> find_by_key(
      domain::ChatId chat, domain::UserId sender, std::string client_message_id) override;
  [[nodiscard]] Task<Result<ports::ReactionPage>> reactions(
      domain::ChatId chat, domain::MessageId message, std::optional<ports::ReactionPosition> after,
      std::size_t limit) override;
  [[nodiscard]] Task<Result<bool>> has_reaction(domain::ChatId chat, domain::MessageId message,
                                                domain::UserId user, std::string emoji) override;
  [[nodiscard]] Task<Result<std::vector<domain::UserId>>> recent_reactors(
      domain::ChatId chat, domain::MessageId message, std::string emoji,
      std::size_t limit) override;
  [[nodiscard]] Task<Result<std::vector<domain::Message>>> messages_by(domain::ChatId chat,
                                                                       domain::UserId sender,
                                                                       domain::Seq after,
                                                                       std::size_t limit) override;

  // ports::ChatStore
  [[nodiscard]] Task<Result<ports::CreatedChat>> create(ports::NewChat chat) override;
  [[nodiscard]] Task<Result<ports::ChatListPage>> list(ports::ChatListQuery query) override;
  [[nodiscard]] Task<Result<domain::ChatListItem>> item(domain::UserId user,
                                                        domain::ChatId chat) override;
  [[nodiscard]] Task<Result<std::vector<ports::ChatStanding>>> chats_of(
      domain::UserId user) override;
  [[nodiscard]] Task<Result<std::vector<ports::ChatStanding>>> standings(
      std::vector<domain::ChatId> chats) override;
  [[nodiscard]] Task<Result<bool>> is_member(domain::ChatId chat, domain::UserId user) override;

  // ports::AccountStore
  [[nodiscard]] Task<Result<void>> create(ports::Credentials credentials,
                                          ports::NewDevice device) override;
  [[nodiscard]] Task<Result<ports::Credentials>> find_credentials(std::string username) override;
  [[nodiscard]] Task<Result<domain::User>> find_user(domain::UserId user) override;
  [[nodiscard]] Task<Result<std::vector<domain::User>>> find_users(std::string prefix,
                                                                   std::string after,
                                                                   std::size_t limit) override;
  [[nodiscard]] Task<Result<domain::UserRev>> add_device(ports::NewDevice device) override;
  [[nodiscard]] Task<Result<ports::Rotation>> rotate(Sha256 presented, Sha256 next, Time now,
                                                     Time next_expires_at) override;
  [[nodiscard]] Task<Result<std::vector<domain::Device>>> devices_of(domain::UserId user) override;
  [[nodiscard]] Task<Result<bool>> is_signed_in(domain::UserId user,
                                                domain::DeviceId device) override;
  [[nodiscard]] Task<Result<std::optional<domain::UserRev>>> revoke_device(
      domain::UserId user, domain::DeviceId device) override;

  // ports::PeopleStore
  [[nodiscard]] Task<Result<domain::UserRev>> user_rev(domain::UserId user) override;
  [[nodiscard]] Task<Result<std::optional<domain::UserRev>>> update_profile(
      domain::UserId user, ports::ProfilePatch patch) override;
  [[nodiscard]] Task<Result<domain::Privacy>> privacy(domain::UserId user) override;
  [[nodiscard]] Task<Result<std::optional<domain::UserRev>>> update_privacy(
      domain::UserId user, ports::PrivacyPatch patch) override;
  [[nodiscard]] Task<Result<ports::Relation>> relation(domain::UserId one,
                                                       domain::UserId other) override;
  [[nodiscard]] Task<Result<std::vector<ports::Relation>>> relations(
      domain::UserId one, std::vector<domain::UserId> others) override;
  [[nodiscard]] Task<Result<std::optional<domain::UserRev>>> put_contact(domain::UserId owner,
                                                                         domain::UserId other,
                                                                         Time now) override;
  [[nodiscard]] Task<Result<std::optional<domain::UserRev>>> remove_contact(
      domain::UserId owner, domain::UserId other) override;
  [[nodiscard]] Task<Result<std::optional<domain::UserRev>>> put_block(domain::UserId owner,
                                                                       domain::UserId other,
                                                                       Time now) override;
  [[nodiscard]] Task<Result<std::optional<domain::UserRev>>> remove_block(
      domain::UserId owner, domain::UserId other) override;
  [[nodiscard]] Task<Result<std::optional<ports::Acquaintance>>> contact(
      domain::UserId owner, domain::UserId other) override;
  [[nodiscard]] Task<Result<ports::AcquaintancePage>> contacts(
      domain::UserId owner, std::optional<ports::AcquaintancePosition> after,
      std::size_t limit) override;
  [[nodiscard]] Task<Result<ports::AcquaintancePage>> blocks(
      domain::UserId owner, std::optional<ports::AcquaintancePosition> after,
      std::size_t limit) override;
  [[nodiscard]] Task<Result<void>> see(domain::UserId user, Time at) override;
  [[nodiscard]] Task<Result<std::optional<Time>>> last_seen(domain::UserId user) override;
  [[nodiscard]] Task<Result<void>> delete_account(domain::UserId user) override;

  // ports::ChatStateStore
  [[nodiscard]] Task<Result<ports::StateChange>> mark(ports::Mark mark) override;
  [[nodiscard]] Task<Result<ports::StateChange>> update(domain::UserId user, domain::ChatId chat,
                                                        domain::StatePatch patch,
                                                        Time now) override;
  [[nodiscard]] Task<Result<ports::StateChange>> clear(domain::UserId user, domain::ChatId chat,
                                                       Time now) override;
  [[nodiscard]] Task<Result<ports::StateChange>> take_off_list(domain::UserId user,
                                                               domain::ChatId chat,
                                                               Time now) override;
  [[nodiscard]] Task<Result<ports::StateChange>> hide(domain::UserId user, domain::ChatId chat,
                                                      domain::MessageId message, Time now) override;
  [[nodiscard]] Task<Result<std::vector<domain::MessageId>>> hidden_in(
      domain::UserId user, domain::ChatId chat) override;
  [[nodiscard]] Task<Result<domain::Visibility>> visibility(domain::UserId user,
                                                            domain::ChatId chat) override;
  [[nodiscard]] Task<Result<ports::StateChange>> state(domain::UserId user,
                                                       domain::ChatId chat) override;
  [[nodiscard]] Task<Result<ports::MemberPage>> members(domain::ChatId chat,
                                                        std::optional<ports::MemberPosition> after,
                                                        std::size_t limit) override;
  [[nodiscard]] Task<Result<ports::ReceiptPage>> receipts(ports::ReceiptQuery query) override;
  [[nodiscard]] Task<Result<std::vector<ports::UnreadChat>>> unread(domain::UserId user,
                                                                    Time now) override;

  // ports::SyncStore
  [[nodiscard]] Task<Result<std::string>> epoch() override;
  [[nodiscard]] Task<Result<Time>> store_time() override;
  [[nodiscard]] Task<Result<ports::SyncPage>> sync(ports::SyncQuery query) override;
  [[nodiscard]] Task<Result<ports::MovedReceiptsPage>> moved_receipts(
      ports::MovedReceiptsQuery query) override;
  [[nodiscard]] Task<Result<std::vector<ports::SyncedChat>>> all_chats(
      domain::UserId user) override;
  [[nodiscard]] Task<Result<Sweep>> changed_since(Time since, std::size_t limit) override;

  // ports::InviteStore
  [[nodiscard]] Task<Result<void>> put_invite(ports::Invite invite, std::size_t count_max) override;
  [[nodiscard]] Task<Result<std::vector<ports::Invite>>> invites(domain::ChatId chat) override;
  [[nodiscard]] Task<Result<ports::Invite>> find_invite(std::string code) override;
  [[nodiscard]] Task<Result<bool>> remove_invite(domain::ChatId chat, std::string code) override;
  [[nodiscard]] Task<Result<ports::Invite>> use_invite(std::string code, Time now) override;
  [[nodiscard]] Task<Result<void>> return_invite_use(std::string code) override;

 private:
  /// When a member's state changed last, by the store's own time: what `sync` goes by.
  struct StateTimes {
    Time changed_at;
    Time member_changed_at;
    Time marked_at;
    // When the last mark of each kind came, and what had been passed before it.
    std::optional<Time> delivered_at;
    domain::Seq delivered_after_seq = 0;
    std::optional<Time> read_at;
    domain::Seq read_after_seq = 0;
  };

  /// A chat and its log. `messages[n]` has seq n + 1.
  struct StoredChat {
    domain::Chat chat;
    std::vector<domain::Message> messages;
    std::map<domain::Rev, domain::Seq> seq_by_rev;  ///< By the last change of each message.
    std::map<std::pair<domain::UserId, std::string>, domain::Seq> seq_by_key;
    std::unordered_map<domain::MessageId, domain::Seq> seq_by_id;
    std::map<domain::UserId, domain::UserChatState> states;
    std::map<domain::UserId, StateTimes> times;
    std::unordered_map<domain::MessageId, std::vector<domain::Reaction>> reactions;
    std::map<domain::UserId, std::map<domain::MessageId, Time>> hidden;  ///< Since when.
    Time changed_at;
  };

  struct Account {
    using People = std::map<domain::UserId, Time>;  ///< Since when.

    ports::Credentials credentials;
    domain::UserRev user_rev = 0;
    std::set<domain::ChatId> chats;  ///< Those with a state of this user's.
    domain::Privacy privacy;
    People contacts;
    People blocks;
    std::optional<Time> last_seen;
    Time changed_at;  ///< Of what the user set for themselves, or of their sessions.
  };

  struct RefreshToken {
    domain::DeviceId device_id;
    Time expires_at;
    bool is_used = false;
  };

  struct Failure {
    ports::AppendStatus status;
    UnknownFate fate;
  };

  /// Contacts or blocks; each takes the mutex itself.
  [[nodiscard]] Result<std::optional<domain::UserRev>> put_person(Account::People Account::* people,
                                                                  std::size_t count_max,
                                                                  domain::UserId owner,
                                                                  domain::UserId other, Time now);
  [[nodiscard]] Result<std::optional<domain::UserRev>> remove_person(
      Account::People Account::* people, domain::UserId owner, domain::UserId other);

  // All below: with the mutex held.
  [[nodiscard]] StoredChat* stored(domain::ChatId chat);
  [[nodiscard]] ports::AppendOutcome write(domain::ChatId chat, domain::Rev at_rev,
                                           const std::vector<domain::LogEntry>& entries);
  /// The store's own time of a change: never earlier than the one before it.
  [[nodiscard]] Time change_time();
  void apply(StoredChat& stored, const domain::LogEntry& entry, ports::AppendOutcome& outcome);
  void apply_message(StoredChat& stored, const domain::MessageEntry& entry,
                     ports::AppendOutcome& outcome);
  static void apply_change(StoredChat& stored, const domain::ChangeEntry& entry);
  [[nodiscard]] domain::ChatListItem item_of(const StoredChat& stored,
                                             const domain::UserChatState& state) const;
  void remove_device(domain::DeviceId device);
  /// Errors: not_found (no such chat, not a member now).
  [[nodiscard]] Result<domain::UserChatState*> member_state(domain::UserId user,
                                                            domain::ChatId chat);
  /// A private change, or a mark, of a member: `after` is how it stands now.
  [[nodiscard]] ports::StateChange put_change(StoredChat& stored, domain::UserChatState after,
                                              domain::Rise rise, bool is_private, Time now);
  [[nodiscard]] ports::StateChange unmoved(const StoredChat& stored, domain::UserId user) const;
  [[nodiscard]] std::vector<std::uint32_t> pinned_orders(domain::UserId user,
                                                         domain::ChatId but) const;
  [[nodiscard]] std::vector<domain::MessageId> hidden_by(const StoredChat& stored,
                                                         domain::UserId user) const;
  /// Null: no such user, or a deleted one.
  [[nodiscard]] Account* account_of(domain::UserId user);
  /// A change of what the user set for themselves.
  domain::UserRev raise_settings(Account& account);
  [[nodiscard]] ports::Relation relation_of(domain::UserId one, domain::UserId other) const;
  [[nodiscard]] ports::AcquaintancePage page_of(
      const Account::People& people, const std::optional<ports::AcquaintancePosition>& after,
      std::size_t limit) const;

  mutable std::mutex mutex_;
  bool is_available_ = true;
  std::vector<Failure> failures_;
  std::size_t appends_ = 0;
  Time last_change_;
  std::string epoch_ = "memory store 001";
  std::unordered_map<domain::ChatId, StoredChat> chats_;
  std::unordered_map<domain::UserId, Account> accounts_;
  std::map<std::string, domain::UserId> user_ids_by_name_;
  std::unordered_map<domain::DeviceId, domain::Device> devices_;
  std::map<Sha256, RefreshToken> refresh_tokens_;
  std::map<std::string, ports::Invite> invites_;
};

}  // namespace knotos::adapters::memory
