#include "gateway/presence_watch.hpp"

#include "base/metrics.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace knotos::gateway {
namespace {

using domain::UserId;
using ports::PresenceState;

metrics::Gauge subjects_watched("gateway_presence_watched",
                                "Users whose presence is watched here.");
metrics::Counter looks_failed("gateway_presence_failures_total",
                              "Words to or from the presence board that failed.", "kind", "read");

}  // namespace

PresenceWatch::PresenceWatch(Ports ports, Limits limits, Tell tell)
    : ports_(std::move(ports)), limits_(limits), tell_(std::move(tell)) {}

std::vector<UserId> PresenceWatch::want(const std::vector<UserId>& subjects, std::size_t shard) {
  std::vector<UserId> fresh;
  for (const auto& subject : subjects) {
    const auto [at, is_new] = subjects_.try_emplace(subject);
    auto& shards = at->second.shards;
    if (std::ranges::find(shards, shard) == shards.end()) shards.push_back(shard);
    if (!is_new) continue;
    subjects_watched.add(1);
    fresh.push_back(subject);
  }
  look_later();
  return fresh;
}

Task<Result<std::vector<Presence>>> PresenceWatch::begin(std::vector<UserId> subjects,
                                                         std::vector<UserId> fresh) {
  // The channel first, so that what changes after the look is heard.
  if (!fresh.empty()) {
    auto joined = co_await ports_.bus.join_presences(fresh);
    if (!joined) co_return fail(std::move(joined.error()));
  }
  for (const auto& subject : fresh) {
    const auto at = subjects_.find(subject);
    if (at == subjects_.end() || std::exchange(at->second.is_joined, true)) {
      ports_.bus.leave_presence(subject);
    }
  }
  auto looked = co_await look(subjects, false);
  if (!looked) co_return fail(std::move(looked.error()));

  std::vector<Presence> found;
  found.reserve(subjects.size());
  for (const auto& subject : subjects) {
    const auto at = subjects_.find(subject);
    const bool is_known = at != subjects_.end() && at->second.known;
    found.push_back(is_known ? *at->second.known : Presence{});
  }
  co_return found;
}

void PresenceWatch::let_go(UserId subject, std::size_t shard) {
  const auto at = subjects_.find(subject);
  if (at == subjects_.end()) return;
  auto& shards = at->second.shards;
  const auto place = std::ranges::find(shards, shard);
  if (place != shards.end()) shards.erase(place);
  if (!shards.empty()) return;
  if (at->second.is_joined) ports_.bus.leave_presence(subject);
  subjects_.erase(at);
  subjects_watched.add(-1);
}

void PresenceWatch::hear(UserId subject) {
  if (!subjects_.contains(subject)) return;
  spawn(ports_.executor, "a look at presence", look_at(subject));
}

Task<void> PresenceWatch::look_at(UserId subject) {
  const auto looked = co_await look({subject}, true);
  if (!looked) looks_failed.add();
}

Task<Result<void>> PresenceWatch::look(std::vector<UserId> subjects, bool always_tells) {
  const auto number = ++last_look_;
  for (std::size_t begin = 0; begin < subjects.size(); begin += limits_.look_users_max) {
    const auto part = std::span(subjects).subspan(
        begin, std::min(limits_.look_users_max, subjects.size() - begin));
    const auto states = co_await ports_.board.read({part.begin(), part.end()});
    if (!states) co_return fail(states.error());
    for (std::size_t i = 0; i < part.size(); ++i) {
      auto learnt = co_await learn(part[i], (*states)[i], number, always_tells);
      if (!learnt) co_return fail(std::move(learnt.error()));
    }
  }
  co_return Result<void>();
}

/// Of two looks that overtake each other, the one that began later stands.
Task<Result<void>> PresenceWatch::learn(UserId subject, PresenceState state, std::uint64_t number,
                                        bool always_tells) {
  auto at = subjects_.find(subject);
  if (at == subjects_.end()) co_return Result<void>();
  const bool stands = at->second.known && at->second.known->state == state;
  if (stands && !always_tells) co_return Result<void>();
  Presence presence{.state = state, .last_seen_at = {}};
  if (state == PresenceState::offline) {
    const auto last_seen = co_await ports_.people.last_seen(subject);
    if (last_seen) {
      presence.last_seen_at = *last_seen;
    } else if (last_seen.error().code != Errc::not_found) {
      co_return fail(last_seen.error());
    }
    at = subjects_.find(subject);
    if (at == subjects_.end()) co_return Result<void>();
  }
  if (number < at->second.looked) co_return Result<void>();
  const bool was_known = at->second.known.has_value();
  at->second.looked = number;
  at->second.known = presence;
  if (was_known || always_tells) tell_(at->second.shards, subject, presence);
  co_return Result<void>();
}

void PresenceWatch::look_later() {
  if (is_looking_ || subjects_.empty()) return;
  is_looking_ = true;
  (void)ports_.timers.at(ports_.timers.now() + limits_.look_pause, [this] {
    spawn(ports_.executor, "a look at everybody's presence", look_at_all());
  });
}

Task<void> PresenceWatch::look_at_all() {
  std::vector<UserId> everybody;
  everybody.reserve(subjects_.size());
  for (const auto& [subject, known] : subjects_) everybody.push_back(subject);
  const auto looked = co_await look(std::move(everybody), false);
  if (!looked) looks_failed.add();
  is_looking_ = false;
  look_later();
}

}  // namespace knotos::gateway
