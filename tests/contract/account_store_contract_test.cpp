#include "contract/scene.hpp"

#include <algorithm>

namespace knotos::contract {
namespace {

using ports::RotationStatus;

class AccountStoreContract : public ContractTest {
 protected:
  /// A user and the refresh token of their first device.
  struct SignedIn {
    domain::UserId user;
    domain::DeviceId device;
    Sha256 token{};
  };

  SignedIn sign_up(const std::string& username) {
    auto credentials = scene_.credentials(username);
    const auto user = credentials.user.id;
    auto device = scene_.device_of(user);
    const SignedIn made{user, device.device.id, device.refresh_hash};
    EXPECT_TRUE(world_->run(world_->accounts().create(std::move(credentials), std::move(device))));
    return made;
  }

  ports::Rotation rotate(Sha256 presented, Sha256 next, Time now = at(1000)) {
    const auto rotation =
        world_->run(world_->accounts().rotate(presented, next, now, at(2'000'000'000)));
    EXPECT_TRUE(rotation);
    return rotation.value_or(ports::Rotation{});
  }

  bool is_signed_in(const SignedIn& who) {
    const auto answer = world_->run(world_->accounts().is_signed_in(who.user, who.device));
    EXPECT_TRUE(answer);
    return answer.value_or(false);
  }
};

TEST_P(AccountStoreContract, WhoSignedUpIsFoundByNameAndById) {
  auto credentials = scene_.credentials("ann");
  const auto expected = credentials;
  ASSERT_TRUE(
      world_->run(world_->accounts().create(credentials, scene_.device_of(credentials.user.id))));
  const auto by_name = world_->run(world_->accounts().find_credentials("ann"));
  ASSERT_TRUE(by_name);
  EXPECT_EQ(by_name->user.id, expected.user.id);
  EXPECT_EQ(by_name->user.display_name, expected.user.display_name);
  EXPECT_EQ(by_name->user.created_at, expected.user.created_at);
  EXPECT_EQ(by_name->password_hash, expected.password_hash);
  const auto by_id = world_->run(world_->accounts().find_user(expected.user.id));
  ASSERT_TRUE(by_id);
  EXPECT_EQ(by_id->username, "ann");
}

TEST_P(AccountStoreContract, StrangersAreNotFound) {
  const auto by_name = world_->run(world_->accounts().find_credentials("nobody"));
  ASSERT_FALSE(by_name);
  EXPECT_EQ(by_name.error().code, Errc::not_found);
  const auto by_id = world_->run(world_->accounts().find_user(scene_.new_id<domain::UserId>()));
  ASSERT_FALSE(by_id);
  EXPECT_EQ(by_id.error().code, Errc::not_found);
}

TEST_P(AccountStoreContract, ATakenNameIsAConflictAndLeavesNoDevice) {
  const auto ann = sign_up("ann");
  auto second = scene_.credentials("ann");
  const auto second_id = second.user.id;
  auto device = scene_.device_of(second_id);
  const auto device_id = device.device.id;
  const auto result = world_->run(world_->accounts().create(second, device));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::conflict);
  EXPECT_FALSE(is_signed_in({second_id, device_id, {}}));
  EXPECT_TRUE(is_signed_in(ann));
}

TEST_P(AccountStoreContract, OfManyWhoWantOneNameAtOnceOneHasIt) {
  std::vector<Task<Result<void>>> tasks;
  for (int i = 0; i < 20; ++i) {
    auto credentials = scene_.credentials("ann");
    auto device = scene_.device_of(credentials.user.id);
    tasks.push_back(world_->accounts().create(std::move(credentials), std::move(device)));
  }
  const auto results = world_->run_all(std::move(tasks));
  EXPECT_EQ(std::ranges::count_if(results, [](const auto& r) { return r.has_value(); }), 1);
  EXPECT_EQ(std::ranges::count_if(
                results, [](const auto& r) { return !r && r.error().code == Errc::conflict; }),
            19);
}

TEST_P(AccountStoreContract, NamesAreFoundByTheirBeginningInPages) {
  for (const auto* name : {"anna", "ann", "annette", "bob", "an_other", "an.n"}) sign_up(name);
  const auto names = [this](const std::string& prefix, const std::string& after,
                            std::size_t limit) {
    const auto users = world_->run(world_->accounts().find_users(prefix, after, limit));
    EXPECT_TRUE(users);
    std::vector<std::string> found;
    for (const auto& user : users.value_or(std::vector<domain::User>{})) {
      found.push_back(user.username);
    }
    return found;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names("ann", "", 10), (Names{"ann", "anna", "annette"}));
  EXPECT_EQ(names("ann", "", 2), (Names{"ann", "anna"}));
  EXPECT_EQ(names("ann", "anna", 2), (Names{"annette"}));
  // '_' and '.' stand for themselves.
  EXPECT_EQ(names("an_", "", 10), (Names{"an_other"}));
  EXPECT_EQ(names("an.", "", 10), (Names{"an.n"}));
  EXPECT_EQ(names("", "", 10), (Names{"an.n", "an_other", "ann", "anna", "annette", "bob"}));
  EXPECT_EQ(names("zoe", "", 10), Names{});
}

TEST_P(AccountStoreContract, DevicesAreListedNewestFirst) {
  const auto ann = sign_up("ann");
  auto phone = scene_.device_of(ann.user);
  phone.device.name = "A phone";
  const auto phone_id = phone.device.id;
  ASSERT_TRUE(world_->run(world_->accounts().add_device(phone)));
  const auto devices = world_->run(world_->accounts().devices_of(ann.user));
  ASSERT_TRUE(devices);
  ASSERT_EQ(devices->size(), 2U);
  EXPECT_EQ((*devices)[0].id, phone_id);
  EXPECT_EQ((*devices)[0].name, "A phone");
  EXPECT_EQ((*devices)[0].created_at, phone.device.created_at);
  EXPECT_EQ((*devices)[1].id, ann.device);
}

TEST_P(AccountStoreContract, ADeviceNeedsAUser) {
  const auto result =
      world_->run(world_->accounts().add_device(scene_.device_of(scene_.new_id<domain::UserId>())));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::not_found);
}

TEST_P(AccountStoreContract, ATokenIsExchangedForTheNext) {
  const auto ann = sign_up("ann");
  const auto next = scene_.new_hash();
  const auto first = rotate(ann.token, next, at(5000));
  EXPECT_EQ(first.status, RotationStatus::rotated);
  EXPECT_EQ(first.user_id, ann.user);
  EXPECT_EQ(first.device_id, ann.device);
  const auto devices = world_->run(world_->accounts().devices_of(ann.user));
  ASSERT_TRUE(devices && devices->size() == 1);
  EXPECT_EQ(devices->front().last_used_at, at(5000));
  EXPECT_EQ(rotate(next, scene_.new_hash()).status, RotationStatus::rotated);
}

TEST_P(AccountStoreContract, AReusedTokenRevokesTheDeviceAndItsNextToken) {
  const auto ann = sign_up("ann");
  const auto next = scene_.new_hash();
  ASSERT_EQ(rotate(ann.token, next).status, RotationStatus::rotated);
  const auto again = rotate(ann.token, scene_.new_hash());
  EXPECT_EQ(again.status, RotationStatus::reused);
  EXPECT_EQ(again.user_id, ann.user);
  EXPECT_EQ(again.device_id, ann.device);
  EXPECT_FALSE(is_signed_in(ann));
  EXPECT_EQ(rotate(next, scene_.new_hash()).status, RotationStatus::unknown);
  EXPECT_EQ(rotate(ann.token, scene_.new_hash()).status, RotationStatus::unknown);
}

TEST_P(AccountStoreContract, ReuseOnOneDeviceLeavesTheOthersAlone) {
  const auto ann = sign_up("ann");
  auto phone = scene_.device_of(ann.user);
  ASSERT_TRUE(world_->run(world_->accounts().add_device(phone)));
  ASSERT_EQ(rotate(ann.token, scene_.new_hash()).status, RotationStatus::rotated);
  ASSERT_EQ(rotate(ann.token, scene_.new_hash()).status, RotationStatus::reused);
  EXPECT_TRUE(is_signed_in({ann.user, phone.device.id, {}}));
  EXPECT_EQ(rotate(phone.refresh_hash, scene_.new_hash()).status, RotationStatus::rotated);
}

TEST_P(AccountStoreContract, OfManyRotationsOfOneTokenAtOnceExactlyOneSucceeds) {
  const auto ann = sign_up("ann");
  std::vector<Task<Result<ports::Rotation>>> tasks;
  for (int i = 0; i < 10; ++i) {
    tasks.push_back(
        world_->accounts().rotate(ann.token, scene_.new_hash(), at(1000), at(2'000'000'000)));
  }
  std::array<int, 3> counts{};
  for (const auto& result : world_->run_all(std::move(tasks))) {
    ASSERT_TRUE(result);
    ++counts.at(static_cast<std::size_t>(result->status));
  }
  EXPECT_EQ(counts[static_cast<std::size_t>(RotationStatus::rotated)], 1);
  // The first repeat revokes the device; after it nobody knows the token.
  EXPECT_EQ(counts[static_cast<std::size_t>(RotationStatus::reused)], 1);
  EXPECT_EQ(counts[static_cast<std::size_t>(RotationStatus::unknown)], 8);
  EXPECT_FALSE(is_signed_in(ann));
}

TEST_P(AccountStoreContract, UnknownAndExpiredTokensAreUnknown) {
  const auto ann = sign_up("ann");
  EXPECT_EQ(rotate(scene_.new_hash(), scene_.new_hash()).status, RotationStatus::unknown);
  // It lasts until, not through, its expiry.
  EXPECT_EQ(rotate(ann.token, scene_.new_hash(), at(1'000'000'000)).status,
            RotationStatus::unknown);
  EXPECT_TRUE(is_signed_in(ann));
  EXPECT_EQ(rotate(ann.token, scene_.new_hash(), at(999'999'999)).status, RotationStatus::rotated);
}

TEST_P(AccountStoreContract, ASignedOutDeviceIsGoneWithItsTokens) {
  const auto ann = sign_up("ann");
  const auto bob = sign_up("bob");
  const auto foreign = world_->run(world_->accounts().revoke_device(bob.user, ann.device));
  ASSERT_TRUE(foreign);
  EXPECT_FALSE(*foreign);
  EXPECT_TRUE(is_signed_in(ann));
  const auto own = world_->run(world_->accounts().revoke_device(ann.user, ann.device));
  ASSERT_TRUE(own);
  EXPECT_TRUE(*own);
  EXPECT_FALSE(is_signed_in(ann));
  EXPECT_EQ(rotate(ann.token, scene_.new_hash()).status, RotationStatus::unknown);
  const auto again = world_->run(world_->accounts().revoke_device(ann.user, ann.device));
  ASSERT_TRUE(again);
  EXPECT_FALSE(*again);
}

TEST_P(AccountStoreContract, WhoIsSignedInIsAPrivateMatterThatRaisesUserRev) {
  const auto ann = sign_up("ann");
  const auto rev = [&] { return world_->run(world_->people().user_rev(ann.user)).value(); };
  const auto phone = scene_.device_of(ann.user);
  EXPECT_EQ(world_->run(world_->accounts().add_device(phone)).value(), 1U);
  EXPECT_EQ(rev(), 1U);
  const auto next = scene_.new_hash();
  EXPECT_EQ(rotate(phone.refresh_hash, next).user_rev, 0U) << "a new token is no new session";
  EXPECT_EQ(rev(), 1U);
  EXPECT_EQ(rotate(phone.refresh_hash, scene_.new_hash()).user_rev, 2U);
  EXPECT_EQ(world_->run(world_->accounts().revoke_device(ann.user, ann.device)).value(), 3U);
  EXPECT_FALSE(world_->run(world_->accounts().revoke_device(ann.user, ann.device)).value());
  EXPECT_EQ(rev(), 3U);
}

TEST_P(AccountStoreContract, ADeviceIsSignedInForItsOwnUserOnly) {
  const auto ann = sign_up("ann");
  const auto bob = sign_up("bob");
  EXPECT_TRUE(is_signed_in(ann));
  EXPECT_FALSE(is_signed_in({bob.user, ann.device, {}}));
}

TEST_P(AccountStoreContract, ARestartKeepsAccountsAndTokens) {
  const auto ann = sign_up("ann");
  const auto next = scene_.new_hash();
  ASSERT_EQ(rotate(ann.token, next).status, RotationStatus::rotated);
  world_->restart();
  EXPECT_TRUE(is_signed_in(ann));
  EXPECT_TRUE(world_->run(world_->accounts().find_credentials("ann")));
  EXPECT_EQ(rotate(next, scene_.new_hash()).status, RotationStatus::rotated);
  EXPECT_EQ(rotate(ann.token, scene_.new_hash()).status, RotationStatus::reused);
}

INSTANTIATE_TEST_SUITE_P(On, AccountStoreContract, testing::ValuesIn(all_adapters()),
                         name_of_adapter);

}  // namespace
}  // namespace knotos::contract
