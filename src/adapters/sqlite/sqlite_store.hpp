#pragma once

#include "adapters/sqlite/checkpointer.hpp"
#include "adapters/sqlite/data_directory.hpp"
#include "adapters/sqlite/readers.hpp"
#include "adapters/sqlite/recent_changes.hpp"
#include "adapters/sqlite/writer.hpp"
#include "ports/account_store.hpp"
#include "ports/chat_log.hpp"
#include "ports/chat_state_store.hpp"
#include "ports/chat_store.hpp"
#include "ports/invite_store.hpp"
#include "ports/message_store.hpp"
#include "ports/people_store.hpp"
#include "ports/sync_store.hpp"

#include <string>

namespace knotos::adapters::sqlite {

/// All stores in one SQLite file: write-ahead log, `synchronous=FULL`, one writer that commits what
/// waits at once, readers on snapshots. Any thread may call; answers come on the caller's executor.
/// Outlived by nobody who awaits it.
class SqliteStore final : public ports::ChatLog,
                          public ports::MessageStore,
                          public ports::ChatStore,
                          public ports::AccountStore,
                          public ports::PeopleStore,
                          public ports::ChatStateStore,
                          public ports::SyncStore,
                          public ports::InviteStore {
 public:
  struct Options {
    std::string directory;
    std::size_t reader_threads = 2;
    /// Off only in tests that show what it is for.
    bool is_synchronous = true;
    Writer::Limits writer;
    Checkpointer::Limits checkpoints;
  };

  /// Opens or makes `knotos.db` in the directory. Throws std::runtime_error with one clear
  /// sentence.
  explicit SqliteStore(Options options);
  ~SqliteStore() override;

  /// False: it closed for writes after a failure; reads go on where they can.
  [[nodiscard]] bool accepts_writes() const { return writer_.is_open(); }
  [[nodiscard]] std::size_t wal_bytes() const { return checkpointer_.wal_bytes(); }

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
  /// The store's own time for a change that is being written: never earlier than the one before it
  /// in this process. On the writer's thread, or while the writer is idle.
  [[nodiscard]] Time change_time();
  /// The same, for a change that concerns one user.
  [[nodiscard]] Time noted_time(domain::UserId user);
  void note(Time at, const Result<ports::StateChange>& change);
  [[nodiscard]] bool is_bound_near() const;
  /// Keeps `time_bound_` ahead of what changes are given. After a commit.
  void keep_time_bound(Connection& connection);

  /// A write that answers a Result: an error of its own undoes what it did.
  template <class T>
  [[nodiscard]] Task<Result<T>> write(std::function<Result<T>(Connection&)> work);

  DataDirectory directory_;
  std::string file_;
  // On the writer's thread, or while the writer is idle.
  Time last_change_;
  Time time_bound_;    ///< As stored: no change has a later time.
  std::string epoch_;  ///< Another one only after a restore, which nobody may do meanwhile.
  Checkpointer checkpointer_;
  Writer writer_;
  RecentChanges recent_;
  Readers readers_;
};

template <class T>
Task<Result<T>> SqliteStore::write(std::function<Result<T>(Connection&)> work) {
  auto in_scope = [work = std::move(work)](WriteScope& scope) {
    auto result = work(scope.connection);
    if (!result) scope.drop();
    return result;
  };
  auto written = co_await writer_.write<Result<T>>(std::move(in_scope));
  if (written.fate == Fate::done) co_return std::move(*written.value);
  co_return fail_because(Errc::store_unavailable, std::move(written.cause));
}

}  // namespace knotos::adapters::sqlite
