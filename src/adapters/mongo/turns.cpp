#include "adapters/mongo/turns.hpp"

#include "adapters/mongo/documents.hpp"
#include "base/metrics.hpp"

#include <algorithm>
#include <random>

namespace knotos::adapters::mongo {
namespace {

/// In a row, before a turn is asked for: one is what every chat costs that two processes write in
/// turn.
constexpr std::size_t kLossesMin = 2;
/// Chats of which losses are counted at once; more begin anew.
constexpr std::size_t kChatsMax = 4'096;
constexpr std::chrono::microseconds kPauseMax = std::chrono::milliseconds(250);

metrics::Counter turns_asked("mongo_turns_asked_total",
                             "Times that a process asked others to let it into a chat.");
metrics::Counter turns_given("mongo_turns_given_total",
                             "Appends that waited to let another process into the chat.");

}  // namespace

bool Turns::is_anothers(Session& session, const View& chat) {
  const auto whose = chat.text("turnOf");
  if (whose.empty() || whose == me_) return false;
  // Given once for each time that it is asked for, so that nobody waits for who is gone.
  const auto noted = session.update_one(kChats, document("_id", chat.text("_id"), "turnOf", whose),
                                        document("$unset", document("turnOf", "")));
  if (noted.matched == 0) return false;
  turns_given.add();
  return true;
}

void Turns::lose(Session& session, domain::ChatId chat) {
  {
    const std::lock_guard lock(mutex_);
    if (losses_.size() >= kChatsMax) losses_.clear();
    if (++losses_[chat] < kLossesMin) return;
  }
  session.update_one(kChats, document("_id", chat), document("$set", document("turnOf", me_)));
  turns_asked.add();
}

void Turns::win(domain::ChatId chat, std::chrono::microseconds took) {
  append_time_ = (append_time_.load() * 3 + took) / 4;
  const std::lock_guard lock(mutex_);
  losses_.erase(chat);
}

std::chrono::microseconds Turns::pause() const {
  thread_local std::minstd_rand random{std::random_device{}()};
  // To load takes about as long as to append.
  const auto shortest = std::min(append_time_.load() * 2, kPauseMax / 2);
  std::uniform_int_distribution<std::int64_t> jitter(0, shortest.count());
  return shortest + std::chrono::microseconds(jitter(random));
}

}  // namespace knotos::adapters::mongo
