#include "two_stores.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <array>
#include <thread>

// Two processes that write one chat all the time: both get on.
namespace knotos::adapters::mongo {
namespace {

using ports::AppendStatus;

class HotChat : public TwoStores {};

/// What a process does whose users have much to say in one chat: it loads where it must, and else
/// goes on from where its last append ended.
struct Writer {
  MongoStore& store;
  domain::ChatId chat;
  domain::UserId user;
  contract::Scene& scene;
  std::size_t wanted = 0;
  std::size_t appended = 0;
  std::size_t collisions = 0;
  std::size_t worst = 0;  ///< Tries of one append in vain.
};

Task<void> write_on(Writer& writer) {
  ports::LoadedChat known;
  bool is_known = false;
  std::size_t in_vain = 0;
  while (writer.appended < writer.wanted) {
    if (!is_known) {
      auto loaded = co_await writer.store.load(writer.chat, {writer.user});
      if (!loaded) co_return;
      known = std::move(*loaded);
      is_known = true;
    }
    const auto key = writer.user.to_string().substr(0, 8) + std::to_string(writer.appended);
    auto entries = writer.scene.entries(known, writer.user, {key});
    const auto outcome = co_await writer.store.append(writer.chat, known.chat.last_rev, entries);
    if (outcome.status == AppendStatus::appended) {
      domain::apply_own_message(known.states.at(0), known.chat,
                                std::get<domain::MessageEntry>(entries[0]).message);
      domain::apply(known.chat, entries[0]);
      ++writer.appended;
      writer.worst = std::max(writer.worst, in_vain);
      in_vain = 0;
      continue;
    }
    is_known = false;
    if (outcome.status != AppendStatus::place_taken) co_return;
    ++writer.collisions;
    ++in_vain;
  }
}

TEST_F(HotChat, BothProcessesGetOn) {
  MongoStore first({.url = database->url(), .threads = 4});
  MongoStore second({.url = database->url(), .threads = 4});
  contract::Scene first_ids(*one);
  contract::Scene second_ids(*one);
  second_ids.random().seed(7);
  first_ids.random().seed(8);
  std::array writers{Writer{first, chat, ann, first_ids, 200},
                     Writer{second, chat, bob, second_ids, 200}};
  std::vector<std::thread> threads;
  for (auto& each : writers) {
    threads.emplace_back([&each] {
      boost::asio::io_context io{1};
      boost::asio::co_spawn(io, write_on(each), boost::asio::detached);
      io.run();
    });
  }
  for (auto& each : threads) each.join();
  for (const auto& each : writers) {
    EXPECT_EQ(each.appended, each.wanted);
    // A service tries 32 times before it sends its user away. Where nobody makes room for who has
    // lost, more than 40 in a row are common.
    EXPECT_LT(each.worst, 16U) << each.collisions << " collisions in all";
  }
  const auto loaded = scene->load(chat, {ann, bob});
  EXPECT_EQ(loaded.chat.last_rev, 400U);
  for (const auto& state : loaded.states) EXPECT_EQ(state.own_count, 200U);
}

}  // namespace
}  // namespace knotos::adapters::mongo
