#include "contract/scene.hpp"
#include "support/chat_world.hpp"
#include "support/group_replay.hpp"

#include <gtest/gtest.h>

#include <algorithm>

// Two processes add, remove and let go the members of one group while everybody writes into it. The
// store's own threads make the interleaving; afterwards its log must tell one story, and everything
// that was answered must be in it.
namespace knotos::contract {
namespace {

using domain::Role;
using domain::UserId;
using services::MemberService;
using services::MessageService;
using services::StateService;

constexpr std::size_t kRounds = 12;
constexpr std::size_t kDeedsAtOnce = 14;

struct Process {
  explicit Process(World& world, test::FakeClock& clock, test::SeededRandom& random)
      : shards(world.io()),
        messages({.shards = shards,
                  .log = world.log(),
                  .messages = world.messages(),
                  .states = world.states(),
                  .relations = world.people(),
                  .bus = bus,
                  .clock = clock,
                  .random = random},
                 test::without_rate()),
        states({.states = world.states(), .messages = world.messages(), .bus = bus, .clock = clock},
               {}),
        members({.messages = messages,
                 .states = states,
                 .log = world.log(),
                 .chats = world.chats(),
                 .invites = world.invites(),
                 .clock = clock,
                 .random = random},
                {}) {}

  test::TestShards shards;
  test::RecordingBus bus;
  MessageService messages;
  StateService states;
  MemberService members;
};

class MembershipRaceContract : public ContractTest {
 protected:
  struct Sent {
    UserId sender;
    std::string key;
    domain::Seq seq = 0;
    domain::Rev rev = 0;
  };

  UserId anyone() { return users_[random_.below(users_.size())]; }

  /// The owner stays, so that there is always somebody who may add the others again.
  UserId leader() { return random_.one_in(4) ? anyone() : users_[0]; }
  UserId follower() { return users_[1 + random_.below(users_.size() - 1)]; }

  Task<bool> deed(Process& process, std::string key) {
    switch (random_.below(8)) {
      case 0:
      case 1:
        return add(process, leader(), follower());
      case 2:
        return remove(process, leader(), follower());
      case 3:
        return leave(process, follower());
      default:
        return send(process, anyone(), std::move(key));
    }
  }

  Task<bool> add(Process& process, UserId actor, UserId target) {
    co_return (co_await process.members.add(actor, group_, {target})).has_value();
  }
  Task<bool> remove(Process& process, UserId actor, UserId target) {
    co_return (co_await process.members.remove(actor, group_, target)).has_value();
  }
  Task<bool> leave(Process& process, UserId actor) {
    co_return (co_await process.members.leave(actor, group_)).has_value();
  }
  Task<bool> send(Process& process, UserId sender, std::string key) {
    const auto receipt =
        co_await process.messages.send(sender, group_, test::draft_of(key, "text of " + key));
    if (receipt) sent_.push_back({sender, std::move(key), receipt->seq, receipt->rev});
    co_return receipt.has_value();
  }

  std::vector<domain::Message> stored() {
    auto page = world_->run(world_->messages().changes(group_, 0, 100'000)).value();
    std::ranges::sort(page.messages, {}, &domain::Message::place);
    return std::move(page.messages);
  }

  test::FakeClock clock_;
  test::SeededRandom random_{test::seed_or(20'261'127)};
  std::vector<UserId> users_ = {scene_.user("ann"), scene_.user("bob"), scene_.user("cat"),
                                scene_.user("dan"), scene_.user("eve")};
  domain::ChatId group_ = scene_.group({users_[0], users_[1], users_[2]});
  Process one_{*world_, clock_, random_};
  Process other_{*world_, clock_, random_};
  std::vector<Sent> sent_;
};

TEST_P(MembershipRaceContract, TheLogTellsOneStoryOfWhoWasThereAndWhoWrote) {
  std::size_t done = 0;
  std::size_t number = 0;
  for (std::size_t round = 0; round < kRounds; ++round) {
    std::vector<Task<bool>> deeds;
    for (std::size_t count = 0; count < kDeedsAtOnce; ++count) {
      auto& process = random_.one_in(2) ? one_ : other_;
      deeds.push_back(deed(process, "key " + std::to_string(++number)));
    }
    const auto results = world_->run_all(std::move(deeds));
    done += static_cast<std::size_t>(std::ranges::count(results, true));
  }
  EXPECT_GT(done, kRounds * kDeedsAtOnce / 4) << "most of it was refused";

  const auto messages = stored();
  const auto first = scene_.load(group_, users_);
  test::GroupReplay::Members creation;
  for (std::size_t at = 0; at < 3; ++at) {
    creation[users_[at]] = at == 0 ? Role::owner : Role::member;
  }
  const test::GroupReplay replay(creation, messages);
  EXPECT_EQ(first.chat.member_count, replay.members().size());
  for (const auto& state : first.states) {
    const auto member = replay.members().find(state.user_id);
    EXPECT_EQ(state.is_member, member != replay.members().end());
    if (state.is_member && member != replay.members().end()) EXPECT_EQ(state.role, member->second);
  }

  domain::Seq seq = 0;
  for (const auto& message : messages) {
    EXPECT_EQ(message.seq, ++seq) << "a number is missing or given twice";
    EXPECT_TRUE(message.place == 1 || replay.was_member(message.sender_id, message.place))
        << "somebody wrote who was no member";
  }
  EXPECT_EQ(first.chat.last_seq, seq);
  for (const auto& sent : sent_) {
    const auto found = std::ranges::find(messages, sent.key, &domain::Message::client_message_id);
    ASSERT_NE(found, messages.end()) << "what was acked is lost";
    EXPECT_EQ(found->seq, sent.seq);
    EXPECT_EQ(found->place, sent.rev);
    EXPECT_EQ(found->sender_id, sent.sender);
  }
}

INSTANTIATE_TEST_SUITE_P(Adapters, MembershipRaceContract, testing::ValuesIn(all_adapters()),
                         name_of_adapter);

}  // namespace
}  // namespace knotos::contract
