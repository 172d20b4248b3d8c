#include "adapters/memory/local_bus.hpp"
#include "ports/random_ids.hpp"
#include "support/redis_cluster.hpp"
#include "support/redis_process.hpp"
#include "support/redis_server.hpp"
#include "support/seeded_random.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace knotos::contract {
namespace {

/// A bus and who hears it.
class BusWorld {
 public:
  virtual ~BusWorld() = default;
  virtual ports::Bus& bus() = 0;
  virtual test::BusEar& ear() = 0;
};

class LocalBusWorld final : public BusWorld {
 public:
  LocalBusWorld() { bus_.listen(&ear_); }
  ports::Bus& bus() override { return bus_; }
  test::BusEar& ear() override { return ear_; }

 private:
  adapters::memory::LocalBus bus_;
  test::BusEar ear_;
};

/// On one server, or on a cluster.
template <class Server>
class RedisBusWorld final : public BusWorld {
 public:
  ports::Bus& bus() override { return *process_.bus; }
  test::BusEar& ear() override { return process_.ear; }

 private:
  Server server_;
  test::RedisProcess process_{server_.url(), "one"};
};

template <class WorldType>
std::unique_ptr<BusWorld> make_world() {
  return std::make_unique<WorldType>();
}

struct BusAdapter {
  std::string name;
  std::function<std::unique_ptr<BusWorld>()> make;
  bool is_redis = false;
};

void PrintTo(const BusAdapter& adapter, std::ostream* out) { *out << adapter.name; }

class BusContract : public testing::TestWithParam<BusAdapter> {
 protected:
  void SetUp() override {
    if (GetParam().is_redis && !test::RedisServer::is_to_be_had()) {
      GTEST_SKIP() << "redis-server is not installed";
    }
    world_ = GetParam().make();
  }

  template <class T>
  T run(Task<T> task) {
    return boost::asio::co_spawn(loop_.get_executor(), std::move(task), boost::asio::use_future)
        .get();
  }

  /// What the own process hears of `event` before `publish` returns.
  template <class Event>
  Event published(Event event) {
    const auto before = world_->ear().heard();
    world_->bus().publish(std::move(event));
    EXPECT_EQ(world_->ear().heard(), before + 1);
    return std::get<Event>(world_->ear().events(before + 1).back());
  }

  boost::asio::thread_pool loop_{1};
  std::unique_ptr<BusWorld> world_;
  test::SeededRandom random_{1};
  domain::ChatId chat_ = ports::random_id<domain::ChatId>(random_);
  domain::UserId user_ = ports::random_id<domain::UserId>(random_);
};

TEST_P(BusContract, TheOwnProcessHearsAtOnceWhetherItJoinedOrNot) {
  EXPECT_EQ(published(ports::TypingChanged{.chat_id = chat_, .user_id = user_}).user_id, user_);
  ASSERT_TRUE(run(world_->bus().join_chats({chat_})));
  EXPECT_EQ(published(ports::TypingChanged{.chat_id = chat_, .user_id = user_}).chat_id, chat_);
}

TEST_P(BusContract, EventsOfEachChannelAreHeardAsTheyAreInTheOrderOfOneCaller) {
  EXPECT_EQ(published(ports::SettingsChanged{.user_id = user_, .user_rev = 7}).user_rev, 7U);
  EXPECT_EQ(published(ports::PresenceChanged{.user_id = user_}).user_id, user_);
  const auto message = std::make_shared<const domain::Message>();
  const auto changed =
      published(ports::ChatChanged{.chat_id = chat_, .rev = 3, .message = message, .moved = {}});
  EXPECT_EQ(changed.rev, 3U);
  EXPECT_EQ(changed.message, message) << "the very message, not a copy";
  const auto revoked = published(ports::SessionRevoked{
      .user_id = user_, .device_id = domain::DeviceId(user_.uuid()), .reason = "logout"});
  EXPECT_EQ(revoked.reason, "logout");
  const auto foreign =
      published(ports::ForeignEvent{.to = user_, .name = "nudge", .text = R"({"n":1})"});
  EXPECT_EQ(foreign.text, R"({"n":1})");
}

TEST_P(BusContract, WhoListensNoMoreHearsNothing) {
  const auto before = world_->ear().heard();
  world_->bus().listen(nullptr);
  world_->bus().publish(ports::PresenceChanged{.user_id = user_});
  EXPECT_EQ(world_->ear().heard(), before);
  world_->bus().listen(&world_->ear());
  (void)published(ports::PresenceChanged{.user_id = user_});
}

TEST_P(BusContract, JoinsAreAnsweredHoweverManyAndHoweverOften) {
  auto& bus = world_->bus();
  ASSERT_TRUE(run(bus.join_chats({})));
  ASSERT_TRUE(run(bus.join_presences({})));
  std::vector<domain::ChatId> chats;
  std::ranges::generate_n(std::back_inserter(chats), 1'000,
                          [this] { return ports::random_id<domain::ChatId>(random_); });
  ASSERT_TRUE(run(bus.join_chats(chats)));
  ASSERT_TRUE(run(bus.join_chats(chats)));
  ASSERT_TRUE(run(bus.join_user(user_)));
  ASSERT_TRUE(run(bus.join_presences({user_, user_})));
  for (int times = 0; times < 2; ++times) {
    for (const auto& chat : chats) bus.leave_chat(chat);
    bus.leave_presence(user_);
  }
  bus.leave_user(user_);
  ASSERT_TRUE(run(bus.join_chats(chats))) << "left and joined again";
}

INSTANTIATE_TEST_SUITE_P(
    All, BusContract,
    testing::Values(BusAdapter{"Local", make_world<LocalBusWorld>},
                    BusAdapter{"Redis", make_world<RedisBusWorld<test::RedisServer>>, true},
                    BusAdapter{"RedisCluster", make_world<RedisBusWorld<test::RedisCluster>>,
                               true}),
    [](const testing::TestParamInfo<BusAdapter>& info) { return info.param.name; });

}  // namespace
}  // namespace knotos::contract
