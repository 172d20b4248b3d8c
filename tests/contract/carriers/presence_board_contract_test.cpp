#include "adapters/memory/memory_presence.hpp"
#include "contract/carriers/redis_fleet.hpp"
#include "ports/random_ids.hpp"
#include "support/fake_clock.hpp"
#include "support/seeded_random.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace knotos::contract {
namespace {

using ports::PresenceState;
using std::chrono::seconds;

/// The boards of two processes that show the same, and their clock.
class PresenceWorld {
 public:
  virtual ~PresenceWorld() = default;
  virtual ports::PresenceBoard& one() = 0;
  virtual ports::PresenceBoard& other() = 0;
  virtual void pass(std::chrono::milliseconds time) = 0;
};

class MemoryPresenceWorld final : public PresenceWorld {
 public:
  ports::PresenceBoard& one() override { return one_; }
  ports::PresenceBoard& other() override { return other_; }
  void pass(std::chrono::milliseconds time) override { clock_.advance(time); }

 private:
  test::FakeClock clock_;
  adapters::memory::PresenceTable table_{clock_};
  adapters::memory::MemoryPresenceBoard one_{table_};
  adapters::memory::MemoryPresenceBoard other_{table_};
};

class RedisPresenceWorld final : public PresenceWorld {
 public:
  ports::PresenceBoard& one() override { return *fleet_.one.board; }
  ports::PresenceBoard& other() override { return *fleet_.other.board; }
  void pass(std::chrono::milliseconds time) override { fleet_.pass(time); }

 private:
  RedisFleet fleet_;
};

struct PresenceAdapter {
  std::string name;
  std::function<std::unique_ptr<PresenceWorld>()> make;
  bool is_redis = false;
};

void PrintTo(const PresenceAdapter& adapter, std::ostream* out) { *out << adapter.name; }

class PresenceBoardContract : public testing::TestWithParam<PresenceAdapter> {
 protected:
  void SetUp() override {
    if (GetParam().is_redis && !test::RedisServer::is_to_be_had()) {
      GTEST_SKIP() << "redis-server is not installed";
    }
    world_ = GetParam().make();
  }

  void post(ports::PresenceBoard& board, domain::UserId user, PresenceState state,
            std::chrono::milliseconds lifetime = seconds(30)) {
    ASSERT_TRUE(run(board.post({{.user_id = user, .state = state}}, lifetime)));
  }

  std::vector<PresenceState> read(ports::PresenceBoard& board, std::vector<domain::UserId> users) {
    auto states = run(board.read(std::move(users)));
    EXPECT_TRUE(states);
    return states.value_or(std::vector<PresenceState>{});
  }

  template <class T>
  T run(Task<T> task) {
    return boost::asio::co_spawn(loop_.get_executor(), std::move(task), boost::asio::use_future)
        .get();
  }

  boost::asio::thread_pool loop_{1};
  std::unique_ptr<PresenceWorld> world_;
  test::SeededRandom random_{1};
  domain::UserId ann_ = ports::random_id<domain::UserId>(random_);
  domain::UserId bob_ = ports::random_id<domain::UserId>(random_);
};

using States = std::vector<PresenceState>;

TEST_P(PresenceBoardContract, WhoIsNotOnItIsOffline) {
  EXPECT_EQ(read(world_->one(), {ann_}), States{PresenceState::offline});
  EXPECT_EQ(read(world_->one(), {}), States{});
}

TEST_P(PresenceBoardContract, EveryProcessReadsWhatOneHasSaidInTheOrderOfTheQuestion) {
  post(world_->one(), ann_, PresenceState::online);
  post(world_->one(), bob_, PresenceState::away);
  EXPECT_EQ(read(world_->other(), {bob_, ann_, bob_}),
            (States{PresenceState::away, PresenceState::online, PresenceState::away}));
}

TEST_P(PresenceBoardContract, OnlineWinsOverAwayWhoeverSaysIt) {
  post(world_->one(), ann_, PresenceState::online);
  post(world_->other(), ann_, PresenceState::away);
  EXPECT_EQ(read(world_->one(), {ann_}), States{PresenceState::online});
  post(world_->one(), ann_, PresenceState::away);
  EXPECT_EQ(read(world_->one(), {ann_}), States{PresenceState::away});
}

TEST_P(PresenceBoardContract, AProcessTakesBackItsOwnWordAlone) {
  post(world_->one(), ann_, PresenceState::online);
  post(world_->other(), ann_, PresenceState::away);
  post(world_->one(), ann_, PresenceState::offline);
  EXPECT_EQ(read(world_->one(), {ann_}), States{PresenceState::away});
  post(world_->other(), ann_, PresenceState::offline);
  post(world_->other(), ann_, PresenceState::offline);
  EXPECT_EQ(read(world_->one(), {ann_}), States{PresenceState::offline});
}

TEST_P(PresenceBoardContract, WhatIsNotRepeatedExpires) {
  post(world_->one(), ann_, PresenceState::online, seconds(30));
  post(world_->other(), ann_, PresenceState::away, seconds(60));
  post(world_->one(), bob_, PresenceState::online, seconds(30));
  world_->pass(seconds(20));
  post(world_->one(), bob_, PresenceState::online, seconds(30));
  world_->pass(seconds(20));
  EXPECT_EQ(read(world_->one(), {ann_, bob_}),
            (States{PresenceState::away, PresenceState::online}));
  world_->pass(seconds(40));
  EXPECT_EQ(read(world_->one(), {ann_, bob_}),
            (States{PresenceState::offline, PresenceState::offline}));
}

INSTANTIATE_TEST_SUITE_P(
    All, PresenceBoardContract,
    testing::Values(
        PresenceAdapter{"Memory", [] { return std::make_unique<MemoryPresenceWorld>(); }},
        PresenceAdapter{"Redis", [] { return std::make_unique<RedisPresenceWorld>(); }, true}),
    [](const testing::TestParamInfo<PresenceAdapter>& info) { return info.param.name; });

}  // namespace
}  // namespace knotos::contract
