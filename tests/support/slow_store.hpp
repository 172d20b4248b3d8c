#pragma once

#include "adapters/memory/memory_store.hpp"
#include "support/seeded_random.hpp"

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace knotos::test {

/// One process's way to a memory store: each call takes a random number of loop turns before it
/// happens and before its answer arrives, so that a seed is an interleaving. Appends can be held
/// back, can come to an unknown end, and can throw, which no store may.
class SlowStore final : public ports::ChatLog, public ports::MessageStore, public ports::ChatStore {
 public:
  SlowStore(adapters::memory::MemoryStore& inner, boost::asio::io_context& io, SeededRandom& random)
      : inner_(inner), io_(io), random_(random), gate_(io, SteadyTime::max()) {}

  std::size_t turns_max = 0;       ///< On either way.
  std::size_t unknown_one_in = 0;  ///< Appends that answer `unknown`; 0: none.
  bool throws_next_append = false;
  std::size_t loads = 0;
  std::size_t look_ups = 0;  ///< find_by_key.
  std::vector<std::size_t> batch_sizes;

  void hold_appends() { holds_appends_ = true; }
  void release_appends() {
    holds_appends_ = false;
    gate_.cancel();
  }

  Task<Result<ports::LoadedChat>> load(domain::ChatId chat,
                                       std::vector<domain::UserId> users) override {
    ++loads;
    EXPECT_LE(users.size(), 64U);
    co_await pause();
    auto loaded = co_await inner_.load(chat, std::move(users));
    co_await pause();
    co_return loaded;
  }

  Task<Result<ports::Roster>> roster(domain::ChatId chat) override {
    co_await pause();
    auto roster = co_await inner_.roster(chat);
    co_await pause();
    co_return roster;
  }

  Task<ports::AppendOutcome> append(domain::ChatId chat, domain::Rev at_rev,
                                    std::vector<domain::LogEntry> entries) override {
    batch_sizes.push_back(entries.size());
    if (holds_appends_) {
      co_await gate_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
    co_await pause();
    if (std::exchange(throws_next_append, false)) throw std::runtime_error("a bug in the store");
    if (unknown_one_in > 0 && random_.one_in(unknown_one_in)) {
      inner_.fail_next(ports::AppendStatus::unknown, random_.one_in(2)
                                                         ? adapters::memory::UnknownFate::lost
                                                         : adapters::memory::UnknownFate::written);
    }
    auto outcome = co_await inner_.append(chat, at_rev, std::move(entries));
    co_await pause();
    co_return outcome;
  }

  Task<Result<void>> complete_pending(domain::ChatId chat) override {
    co_return co_await inner_.complete_pending(chat);
  }

  Task<Result<ports::Changes>> changes(domain::ChatId chat, domain::Rev since,
                                       std::size_t limit) override {
    co_await pause();
    co_return co_await inner_.changes(chat, since, limit);
  }

  Task<Result<ports::HistoryPage>> history(domain::ChatId chat,
                                           ports::HistoryQuery query) override {
    co_await pause();
    co_return co_await inner_.history(chat, query);
  }

  Task<Result<domain::Message>> find(domain::ChatId chat, domain::MessageId message) override {
    co_await pause();
    auto found = co_await inner_.find(chat, message);
    co_await pause();
    co_return found;
  }

  Task<Result<std::optional<domain::Message>>> find_by_key(domain::ChatId chat,
                                                           domain::UserId sender,
                                                           std::string client_message_id) override {
    ++look_ups;
    co_await pause();
    auto found = co_await inner_.find_by_key(chat, sender, std::move(client_message_id));
    co_await pause();
    co_return found;
  }

  Task<Result<ports::ReactionPage>> reactions(domain::ChatId chat, domain::MessageId message,
                                              std::optional<ports::ReactionPosition> after,
                                              std::size_t limit) override {
    co_await pause();
    co_return co_await inner_.reactions(chat, message, std::move(after), limit);
  }
  Task<Result<bool>> has_reaction(domain::ChatId chat, domain::MessageId message,
                                  domain::UserId user, std::string emoji) override {
    co_await pause();
    auto found = co_await inner_.has_reaction(chat, message, user, std::move(emoji));
    co_await pause();
    co_return found;
  }
  Task<Result<std::vector<domain::UserId>>> recent_reactors(domain::ChatId chat,
                                                            domain::MessageId message,
                                                            std::string emoji,
                                                            std::size_t limit) override {
    co_await pause();
    co_return co_await inner_.recent_reactors(chat, message, std::move(emoji), limit);
  }
  Task<Result<std::vector<domain::Message>>> messages_by(domain::ChatId chat, domain::UserId sender,
                                                         domain::Seq after,
                                                         std::size_t limit) override {
    co_await pause();
    co_return co_await inner_.messages_by(chat, sender, after, limit);
  }

  Task<Result<ports::CreatedChat>> create(ports::NewChat chat) override {
    co_await pause();
    co_return co_await inner_.create(std::move(chat));
  }
  Task<Result<ports::ChatListPage>> list(ports::ChatListQuery query) override {
    co_await pause();
    co_return co_await inner_.list(query);
  }
  Task<Result<domain::ChatListItem>> item(domain::UserId user, domain::ChatId chat) override {
    co_await pause();
    co_return co_await inner_.item(user, chat);
  }
  Task<Result<std::vector<ports::ChatStanding>>> chats_of(domain::UserId user) override {
    co_return co_await inner_.chats_of(user);
  }
  Task<Result<std::vector<ports::ChatStanding>>> standings(
      std::vector<domain::ChatId> chats) override {
    co_return co_await inner_.standings(std::move(chats));
  }
  Task<Result<bool>> is_member(domain::ChatId chat, domain::UserId user) override {
    co_await pause();
    co_return co_await inner_.is_member(chat, user);
  }

 private:
  Task<void> pause() {
    for (auto turns = random_.below(turns_max + 1); turns > 0; --turns) {
      co_await boost::asio::post(io_, boost::asio::use_awaitable);
    }
  }

  adapters::memory::MemoryStore& inner_;
  boost::asio::io_context& io_;
  SeededRandom& random_;
  boost::asio::steady_timer gate_;
  bool holds_appends_ = false;
};

}  // namespace knotos::test
