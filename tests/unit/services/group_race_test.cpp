#include "support/chat_world.hpp"
#include "support/group_replay.hpp"

#include <gtest/gtest.h>

#include <map>

// Two processes over one store change the members of one group while its members write, react and
// edit. A seed is an interleaving. Afterwards the log is replayed by itself, and everything that
// was answered must be what the log says.
namespace knotos::services {
namespace {

using domain::UserId;
using test::ChatProcess;
using test::Started;

constexpr std::size_t kSeeds = 120;
constexpr std::size_t kSteps = 70;

class GroupRace {
 public:
  GroupRace(std::uint64_t seed, std::size_t unknown_one_in) : world_(seed) {
    for (const char* name : {"ann", "bob", "cat", "dan", "eve"}) {
      users_.push_back(world_.add_user(name));
    }
    chat_ = world_.add_group(users_[0], {users_[1], users_[2]});
    for (auto* process : {&world_.process, &other_}) {
      process->store.turns_max = 4;
      process->store.unknown_one_in = unknown_one_in;
    }
  }

  void play() {
    for (std::size_t step = 0; step < kSteps; ++step) {
      auto& process = world_.random.one_in(2) ? world_.process : other_;
      act(process);
      world_.io.restart();
      for (auto turns = world_.random.below(12); turns > 0; --turns) world_.io.poll_one();
    }
    test::run_ready(world_.io);
  }

  void check() {
    const auto stored = world_.messages_of(chat_);
    const test::GroupReplay replay({{users_[0], domain::Role::owner},
                                    {users_[1], domain::Role::member},
                                    {users_[2], domain::Role::member}},
                                   stored);
    check_members(replay);
    check_reactions(stored);
    for (const auto& send : sends_) {
      ASSERT_TRUE(send.receipt.is_done());
      if (!send.receipt.get()) continue;
      EXPECT_TRUE(replay.was_member(send.sender, send.receipt.get()->rev))
          << "somebody posted who was no member";
    }
    for (const auto& done : changes_) ASSERT_TRUE(done.is_done());
    for (const auto& done : outcomes_) ASSERT_TRUE(done.is_done());
    for (const auto& reaction : reactions_) ASSERT_TRUE(reaction.is_done());
    EXPECT_EQ(world_.process.messages.writes_in_flight(), 0U);
    EXPECT_EQ(other_.messages.writes_in_flight(), 0U);
  }

 private:
  struct Send {
    UserId sender;
    Started<Result<Receipt>> receipt;
  };

  UserId anyone() { return users_[world_.random.below(users_.size())]; }

  void act(ChatProcess& process) {
    const auto actor = anyone();
    const auto target = anyone();
    switch (world_.random.below(12)) {
      case 0:
        return changes_.push_back(world_.start(process.members.add(actor, chat_, {target})));
      case 1:
        return outcomes_.push_back(world_.start(drop(process, actor, target)));
      case 2:
        return outcomes_.push_back(world_.start(leave(process, actor)));
      case 3:
        return changes_.push_back(world_.start(process.members.hand_over(actor, chat_, target)));
      case 4:
        return outcomes_.push_back(world_.start(
            promote(process, actor, target,
                    world_.random.one_in(2) ? domain::Role::admin : domain::Role::member)));
      case 5:
      case 6:
        return react(process, actor);
      default: {
        const auto key = "k" + std::to_string(sends_.size());
        sends_.push_back({actor, world_.start(process.messages.send(
                                     actor, chat_, test::draft_of(key, "text " + key)))});
      }
    }
  }

  static Task<Result<bool>> drop(ChatProcess& process, UserId actor, UserId target,
                                 domain::ChatId chat) {
    co_return told(co_await process.members.remove(actor, chat, target));
  }
  Task<Result<bool>> drop(ChatProcess& process, UserId actor, UserId target) {
    return drop(process, actor, target, chat_);
  }
  static Task<Result<bool>> leave(ChatProcess& process, UserId actor, domain::ChatId chat) {
    co_return told(co_await process.members.leave(actor, chat));
  }
  Task<Result<bool>> leave(ChatProcess& process, UserId actor) {
    return leave(process, actor, chat_);
  }
  static Task<Result<bool>> promote(ChatProcess& process, UserId actor, UserId target,
                                    domain::Role role, domain::ChatId chat) {
    const auto done = co_await process.members.set_role(actor, chat, target, role);
    if (!done) co_return fail(done.error());
    co_return true;
  }
  Task<Result<bool>> promote(ChatProcess& process, UserId actor, UserId target, domain::Role role) {
    return promote(process, actor, target, role, chat_);
  }
  static Result<bool> told(Result<void> done) {
    if (!done) return fail(std::move(done.error()));
    return true;
  }

  void react(ChatProcess& process, UserId actor) {
    const auto stored = world_.messages_of(chat_);
    const auto& target = stored[world_.random.below(stored.size())];
    reactions_.push_back(
        world_.start(process.messages.react(actor, {.chat_id = chat_,
                                                    .message_id = target.id,
                                                    .emoji = world_.random.one_in(2) ? "+1" : "-1",
                                                    .adds = !world_.random.one_in(3)})));
  }

  /// What is stored against what the log says.
  void check_members(const test::GroupReplay& replay) {
    EXPECT_EQ(world_.chat(chat_).member_count, replay.members().size());
    for (const auto& user : users_) {
      const auto loaded = world_.must(world_.run(world_.memory.load(chat_, {user}))).states;
      const auto member = replay.members().find(user);
      const bool is_member = member != replay.members().end();
      EXPECT_EQ(!loaded.empty() && loaded.front().is_member, is_member);
      if (is_member) EXPECT_EQ(loaded.front().role, member->second);
    }
  }

  void check_reactions(const std::vector<domain::Message>& stored) {
    for (const auto& message : stored) {
      const auto page =
          world_.must(world_.run(world_.memory.reactions(chat_, message.id, {}, 1'000)));
      std::map<std::string, std::uint32_t> counts;
      for (const auto& reaction : page.reactions) ++counts[reaction.emoji];
      EXPECT_EQ(counts.size(), message.reactions.size());
      for (const auto& shown : message.reactions) EXPECT_EQ(shown.count, counts[shown.emoji]);
    }
  }

  test::ChatWorld world_;
  ChatProcess other_{world_.memory, world_.io, world_.clock, world_.random};
  std::vector<UserId> users_;
  domain::ChatId chat_;
  std::vector<Send> sends_;
  std::vector<Started<Result<domain::ChatListItem>>> changes_;
  std::vector<Started<Result<bool>>> outcomes_;
  std::vector<Started<Result<domain::Message>>> reactions_;
};

TEST(GroupRaceTest, NobodyPostsAfterTheirRemovalAndRolesHoldWhoeverIsFaster) {
  const auto base = test::seed_or(1);
  for (auto seed = base; seed < base + kSeeds && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("KNOTOS_TEST_SEED=" + std::to_string(seed));
    GroupRace race(seed, 0);
    race.play();
    race.check();
  }
}

TEST(GroupRaceTest, TheSameOverAStoreThatDoesNotSayWhatItDid) {
  const auto base = test::seed_or(1'000);
  for (auto seed = base; seed < base + kSeeds && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("KNOTOS_TEST_SEED=" + std::to_string(seed));
    GroupRace race(seed, 5);
    race.play();
    race.check();
  }
}

}  // namespace
}  // namespace knotos::services
