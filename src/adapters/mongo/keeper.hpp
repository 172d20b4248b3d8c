#pragma once

#include "adapters/mongo/client.hpp"
#include "domain/chat.hpp"
#include "runtime/blocking_pool.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace knotos::adapters::mongo {

/// Tells the other processes of the store that this one lives, and completes what is left between
/// insert and apply (SEMANTICS section 12): by a process that lives no more, or by this one where a
/// call failed. On a thread of its own; any thread may call.
class Keeper {
 public:
  struct Options {
    /// How often this process says that it lives, and looks who does not. Of the store's clock.
    std::chrono::milliseconds beat{500};
    /// After a silence as long as this a process is taken for dead. Where it was only slow, what is
    /// done is done twice, which changes nothing.
    std::chrono::milliseconds silence_max{1'500};
    /// How far clocks of processes may be apart, and how long a write may be on its way.
    std::chrono::milliseconds margin = std::chrono::seconds(60);
  };

  /// `clients` has one to spare, and outlives this.
  Keeper(Clients& clients, Options options);
  ~Keeper() { stop(); }
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  /// Of this process, as the others see it.
  [[nodiscard]] const std::string& id() const { return id_; }
  /// Completes what earlier processes left, then goes on by itself. Throws Failure.
  void begin();
  /// An entry of this chat may be in and not applied.
  void remember(domain::ChatId chat);
  /// Whether the store answered at last: at the last beat, or a call that told of it by `note`.
  [[nodiscard]] bool is_heard() const { return is_heard_; }
  void note(bool is_heard) { is_heard_ = is_heard; }
  /// Takes leave: where nothing is left to complete, nobody will look.
  void stop();

 private:
  void keep_on();
  void beat(Session& session);
  void say_alive(Session& session);
  void complete_own(Session& session);
  /// What the processes left that have been silent for too long.
  void complete_others(Session& session);
  [[nodiscard]] bool has_pending();

  Clients& clients_;
  Options options_;
  std::string id_;
  Time now_;                        ///< The store's, at the last beat.
  std::optional<Time> applied_to_;  ///< What was inserted before it is applied.
  bool has_begun_ = false;
  std::atomic<bool> is_heard_ = true;

  std::mutex mutex_;  ///< Guards what follows.
  std::condition_variable stopping_;
  bool is_stopping_ = false;
  std::unordered_set<domain::ChatId> behind_;
  bool forgot_some_ = false;  ///< More were behind than can be held.

  runtime::BlockingPool pool_;  ///< Last: its thread uses what is above.
};

}  // namespace knotos::adapters::mongo
