#pragma once

#include "adapters/mongo/client.hpp"
#include "domain/chat.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

namespace knotos::adapters::mongo {

/// Lets all processes get on that write one chat at once. A place in the log is whose insert comes
/// first, and that is mostly the one that had the place before: it knows the chat, which the others
/// must load again. So who has lost twice in a row asks for its turn in the chat's document, and
/// who reads that before an append lets one pause pass. Any thread.
class Turns {
 public:
  /// `me` tells this process from the others.
  explicit Turns(std::string me) : me_(std::move(me)) {}

  /// Before an append: another has asked for its turn, which is taken note of. Throws Failure.
  [[nodiscard]] bool is_anothers(Session& session, const View& chat);
  /// The place was another's. Throws Failure.
  void lose(Session& session, domain::ChatId chat);
  /// `took`: from the read of the chat to its answer.
  void win(domain::ChatId chat, std::chrono::microseconds took);

  /// Drawn anew each time: about as long as another needs to load the chat and append.
  [[nodiscard]] std::chrono::microseconds pause() const;

 private:
  std::string me_;
  std::atomic<std::chrono::microseconds> append_time_{std::chrono::milliseconds(5)};
  std::mutex mutex_;  ///< Guards what follows.
  std::unordered_map<domain::ChatId, std::size_t> losses_;
};

}  // namespace knotos::adapters::mongo
