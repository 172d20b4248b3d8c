#pragma once

#include "adapters/mongo/client.hpp"
#include "adapters/mongo/failure.hpp"
#include "adapters/mongo/keeper.hpp"
#include "adapters/mongo/turns.hpp"
#include "ports/account_store.hpp"
#include "ports/chat_log.hpp"
#include "ports/chat_state_store.hpp"
#include "ports/chat_store.hpp"
#include "ports/invite_store.hpp"
#include "ports/message_store.hpp"
#include "ports/people_store.hpp"
#include "ports/sync_store.hpp"
#include "runtime/blocking_pool.hpp"

#include <functional>
#include <string>
#include <utility>

namespace knotos::adapters::mongo {

/// All stores in one MongoDB database, which many processes write at once: single-document updates,
/// unique indexes, and the log of each chat as its lock (SEMANTICS section 12). Any thread may
/// call; answers come on the caller's executor. Outlived by nobody who awaits it.
class MongoStore final : public ports::ChatLog,
                         public ports::MessageStore,
                         public ports::ChatStore,
                         public ports::AccountStore,
                         public ports::PeopleStore,
                         public ports::ChatStateStore,
                         public ports::SyncStore,
                         public ports::InviteStore {
 public:
  struct Options {
    std::string url;  ///< mongodb://…; its path names the database, `knotos` where it has none.
    std::size_t threads = 16;          ///< Each with a connection of its own.
    std::size_t waiting_max = 16'384;  ///< More are `store_unavailable` at once.
    std::chrono::milliseconds select_timeout{5'000};
    std::chrono::milliseconds socket_timeout{10'000};
    Keeper::Options keeper{};
  };

  /// Looks whether the deployment can be used, makes the indexes and completes what a dead process
  /// left. Throws std::runtime_error with one clear sentence.
  explicit MongoStore(Options options);
  ~MongoStore() override;

  /// False: the store did not answer at last. It is asked all the time, also where nobody calls.
  [[nodiscard]] bool accepts_writes() const { return keeper_.is_heard(); }

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
  /// Runs `job` on the pool with a client of its own. Errors: store_unavailable, and the job's own.
  template <class T>
  [[nodiscard]] Task<Result<T>> run(std::function<Result<T>(Session&)> job);
  /// One try of an append; nullopt: another process asks for its turn in this chat, and a pause
  /// should pass first.
  [[nodiscard]] std::optional<ports::AppendOutcome> try_append(
      Session& session, domain::ChatId chat, domain::Rev at_rev,
      const std::vector<domain::LogEntry>& entries, bool has_waited);
  /// Logs and counts.
  [[nodiscard]] std::unexpected<Error> failed(const Failure& failure);

  Options options_;
  Clients clients_;
  Keeper keeper_;
  Turns turns_;
  /// What has not begun fails then: each call of a store that is away would take its time-out.
  std::atomic<bool> is_ending_ = false;
  runtime::BlockingPool pool_;  ///< Last: its threads use what is above.
};

template <class T>
Task<Result<T>> MongoStore::run(std::function<Result<T>(Session&)> job) {
  auto work = [this, job = std::move(job)]() -> Result<T> {
    if (is_ending_) return fail_because(Errc::store_unavailable, "the process ends");
    try {
      auto session = clients_.session();
      auto result = job(session);
      keeper_.note(true);
      return result;
    } catch (const Failure& failure) {
      return failed(failure);
    }
  };
  auto result = co_await pool_.run<T>(std::move(work));
  if (!result && result.error().code == Errc::overloaded) {
    co_return fail_because(Errc::store_unavailable, "too much waits for the store");
  }
  co_return result;
}

}  // namespace knotos::adapters::mongo
