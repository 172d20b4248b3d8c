#include "services/account_service.hpp"
#include "adapters/crypto/jwt_tokens.hpp"
#include "adapters/memory/memory_store.hpp"
#include "support/fake_clock.hpp"
#include "support/recording_bus.hpp"
#include "support/run_task.hpp"
#include "support/seeded_random.hpp"

#include <gtest/gtest.h>

namespace knotos::services {
namespace {

using test::run;

/// Quick hashes that anybody can read, and a memory of what was asked.
class PlainHasher final : public ports::PasswordHasher {
 public:
  Task<Result<std::string>> hash(std::string password) override {
    if (is_full) co_return fail(Errc::overloaded);
    co_return "plain:" + password;
  }
  Task<Result<bool>> verify(std::string password, std::string password_hash) override {
    if (is_full) co_return fail(Errc::overloaded);
    verified_against.push_back(password_hash);
    co_return password_hash == "plain:" + password;
  }

  bool is_full = false;
  std::vector<std::string> verified_against;
};

template <class T>
std::optional<Errc> failure_of(const Result<T>& result) {
  if (result) return std::nullopt;
  return result.error().code;
}

class AccountServiceTest : public ::testing::Test {
 protected:
  test::FakeClock clock;
  test::SeededRandom random{1};
  adapters::memory::MemoryStore store;
  adapters::crypto::JwtTokens tokens{adapters::crypto::Secret(32, 7)};
  PlainHasher passwords;
  test::RecordingBus bus;
  AccountService accounts{{.accounts = store,
                           .chats = store,
                           .passwords = passwords,
                           .tokens = tokens,
                           .bus = bus,
                           .clock = clock,
                           .random = random},
                          {}};

  Result<AccountService::Session> add(std::string name, std::string password = "password") {
    return run(accounts.register_user({.username = std::move(name),
                                       .password = std::move(password),
                                       .display_name = {},
                                       .device_name = "phone"}));
  }
  Result<AccountService::Session> login(std::string name, std::string password = "password") {
    return run(accounts.login(
        {.username = std::move(name), .password = std::move(password), .device_name = "laptop"}));
  }
  std::vector<std::string> reasons() const {
    std::vector<std::string> found;
    for (const auto& event : bus.all<ports::SessionRevoked>()) found.push_back(event.reason);
    return found;
  }
};

TEST_F(AccountServiceTest, WhoRegistersIsSignedIn) {
  const auto session = add("ann");
  ASSERT_TRUE(session);
  EXPECT_EQ(session->user.username, "ann");
  EXPECT_EQ(session->user.display_name, "ann");
  EXPECT_EQ(session->access_expires_in, std::chrono::minutes(15));
  EXPECT_EQ(session->refresh_token.size(), 43U);
  const auto claims = accounts.authenticate(session->access_token);
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->user_id, session->user.id);
  EXPECT_EQ(claims->device_id, session->device_id);
  EXPECT_TRUE(run(accounts.authenticate_device(session->access_token)));
}

TEST_F(AccountServiceTest, EveryFieldThatDoesNotFitIsNamed) {
  const auto session = run(accounts.register_user({.username = "A",
                                                   .password = "short",
                                                   .display_name = std::string(65, 'x'),
                                                   .device_name = {}}));
  ASSERT_EQ(failure_of(session), Errc::validation_failed);
  std::vector<std::string> pointers;
  for (const auto& field : session.error().fields) pointers.push_back(field.pointer);
  EXPECT_EQ(pointers, (std::vector<std::string>{"/username", "/password", "/displayName"}));
}

TEST_F(AccountServiceTest, ATakenUsernameIsAConflictAtTheField) {
  ASSERT_TRUE(add("ann"));
  const auto again = add("ann", "another password");
  ASSERT_EQ(failure_of(again), Errc::conflict);
  EXPECT_EQ(again.error().fields.at(0).pointer, "/username");
  EXPECT_TRUE(login("ann", "password"));
}

TEST_F(AccountServiceTest, LoginIsAnotherDeviceOfTheSameUser) {
  const auto first = add("ann");
  const auto second = login("ann");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(second->user.id, first->user.id);
  EXPECT_NE(second->device_id, first->device_id);
  EXPECT_EQ(run(accounts.sessions(first->user.id))->size(), 2U);
}

TEST_F(AccountServiceTest, AnUnknownUserIsNotToldFromAWrongPassword) {
  ASSERT_TRUE(add("ann"));
  const auto wrong = login("ann", "not the password");
  const auto unknown = login("bob");
  const auto impossible = login("No Such Name");
  for (const auto* refused : {&wrong, &unknown, &impossible}) {
    ASSERT_EQ(failure_of(*refused), Errc::unauthenticated);
    EXPECT_EQ(refused->error().detail, wrong.error().detail);
  }
  // Each cost one verification, of nobody's hash where there is no user.
  EXPECT_EQ(passwords.verified_against, (std::vector<std::string>{"plain:password", "", ""}));
}

TEST_F(AccountServiceTest, ARefreshTokenIsGoodOnce) {
  const auto session = add("ann");
  ASSERT_TRUE(session);
  const auto next = run(accounts.refresh(session->refresh_token));
  ASSERT_TRUE(next);
  EXPECT_EQ(next->device_id, session->device_id);
  EXPECT_EQ(next->user.username, "ann");
  EXPECT_NE(next->refresh_token, session->refresh_token);
  EXPECT_TRUE(run(accounts.refresh(next->refresh_token)));
  EXPECT_TRUE(bus.all<ports::SessionRevoked>().empty());
}

TEST_F(AccountServiceTest, AReusedRefreshTokenSignsItsDeviceOut) {
  const auto session = add("ann");
  const auto next = run(accounts.refresh(session->refresh_token));
  ASSERT_TRUE(next);
  EXPECT_EQ(failure_of(run(accounts.refresh(session->refresh_token))), Errc::unauthenticated);
  EXPECT_EQ(reasons(), (std::vector<std::string>{"refresh-token-reused"}));
  EXPECT_EQ(bus.all<ports::SessionRevoked>().at(0).device_id, session->device_id);
  EXPECT_EQ(failure_of(run(accounts.refresh(next->refresh_token))), Errc::unauthenticated);
  EXPECT_EQ(failure_of(run(accounts.authenticate_device(next->access_token))),
            Errc::unauthenticated);
}

TEST_F(AccountServiceTest, ARefreshTokenExpires) {
  const auto session = add("ann");
  clock.advance(std::chrono::hours(24 * 61));
  EXPECT_EQ(failure_of(run(accounts.refresh(session->refresh_token))), Errc::unauthenticated);
  EXPECT_EQ(failure_of(run(accounts.refresh("not a token"))), Errc::unauthenticated);
  EXPECT_TRUE(bus.all<ports::SessionRevoked>().empty());
}

TEST_F(AccountServiceTest, AnAccessTokenExpires) {
  const auto session = add("ann");
  clock.advance(std::chrono::minutes(15));
  EXPECT_EQ(failure_of(accounts.authenticate(session->access_token)), Errc::token_expired);
  EXPECT_EQ(failure_of(run(accounts.authenticate_device(session->access_token))),
            Errc::token_expired);
}

TEST_F(AccountServiceTest, LogoutEndsTheDeviceAndSaysSo) {
  const auto session = add("ann");
  const auto claims = accounts.authenticate(session->access_token);
  ASSERT_TRUE(claims);
  EXPECT_TRUE(run(accounts.logout(*claims)));
  EXPECT_EQ(reasons(), (std::vector<std::string>{"logout"}));
  EXPECT_EQ(failure_of(run(accounts.authenticate_device(session->access_token))),
            Errc::unauthenticated);
  EXPECT_EQ(failure_of(run(accounts.refresh(session->refresh_token))), Errc::unauthenticated);
}

TEST_F(AccountServiceTest, OnlyTheOwnDevicesCanBeRevoked) {
  const auto ann = add("ann");
  const auto bob = add("bob");
  EXPECT_EQ(failure_of(run(accounts.revoke(bob->user.id, ann->device_id))), Errc::not_found);
  EXPECT_TRUE(bus.all<ports::SessionRevoked>().empty());
  EXPECT_TRUE(run(accounts.revoke(ann->user.id, ann->device_id)));
  EXPECT_EQ(reasons(), (std::vector<std::string>{"revoked"}));
  EXPECT_EQ(failure_of(run(accounts.revoke(ann->user.id, ann->device_id))), Errc::not_found);
}

TEST_F(AccountServiceTest, UsersAreFoundByPrefixTheExactNameFirst) {
  for (const char* name : {"anna", "ann", "annabel", "bob"}) ASSERT_TRUE(add(name));
  const auto found = run(accounts.find_users("ann", "", 2));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ(found->at(0).username, "ann");
  EXPECT_EQ(found->at(1).username, "anna");
  EXPECT_EQ(run(accounts.find_users("ann", "anna", 2))->at(0).username, "annabel");
  EXPECT_EQ(failure_of(run(accounts.user(domain::UserId()))), Errc::not_found);
}

TEST_F(AccountServiceTest, ALongDeviceNameIsCutBetweenCharacters) {
  std::string name(119, 'x');
  name += "\xc3\xa9";
  const auto session = run(accounts.register_user(
      {.username = "ann", .password = "password", .display_name = {}, .device_name = name}));
  ASSERT_TRUE(session);
  EXPECT_EQ(run(accounts.sessions(session->user.id))->at(0).name, std::string(119, 'x'));
}

TEST_F(AccountServiceTest, TroubleIsToldAsWhatItIs) {
  const auto session = add("ann");
  passwords.is_full = true;
  EXPECT_EQ(failure_of(add("bob")), Errc::overloaded);
  EXPECT_EQ(failure_of(login("ann")), Errc::overloaded);
  passwords.is_full = false;
  store.set_available(false);
  EXPECT_EQ(failure_of(add("bob")), Errc::store_unavailable);
  EXPECT_EQ(failure_of(login("ann")), Errc::store_unavailable);
  EXPECT_EQ(failure_of(run(accounts.refresh(session->refresh_token))), Errc::store_unavailable);
  EXPECT_EQ(failure_of(run(accounts.authenticate_device(session->access_token))),
            Errc::store_unavailable);
  store.set_available(true);
  EXPECT_TRUE(run(accounts.refresh(session->refresh_token)));
}

}  // namespace
}  // namespace knotos::services
