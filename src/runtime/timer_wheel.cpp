#include "runtime/timer_wheel.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace knotos::runtime {

TimerWheel::Handle TimerWheel::add(SteadyTime deadline, Call call) {
  const Index index = make_node();
  auto& node = nodes_[index];
  node.call = std::move(call);
  node.tick = std::max(tick_at_or_after(deadline), now_ + 1);
  place(index);
  ++size_;
  return (node.generation << kIndexBits) | index;
}

void TimerWheel::cancel(Handle handle) {
  const auto index = static_cast<Index>(handle & ((Handle{1} << kIndexBits) - 1));
  if (index >= nodes_.size()) return;
  const auto& node = nodes_[index];
  if (node.list == kNoList || node.generation != handle >> kIndexBits) return;
  // Destroyed last: its destructor may come back here.
  const Call dropped = take(index);
}

void TimerWheel::advance(SteadyTime now) {
  KN_ASSERT(!is_advancing_);
  struct Advancing {
    bool& flag;
    explicit Advancing(bool& set) : flag(set) { flag = true; }
    ~Advancing() { flag = false; }
  } const advancing{is_advancing_};

  call_due();
  if (now < epoch_) return;
  const auto target = static_cast<std::uint64_t>((now - epoch_) / kTick);
  for (auto event = next_event(); event && *event <= target; event = next_event()) {
    // Only the lowest occupied level can come next, and its slots hold later ticks than `now_`.
    const auto level = static_cast<std::size_t>(
        std::ranges::find_if(occupied_, [](std::uint64_t bits) { return bits != 0; }) -
        occupied_.begin());
    const auto slot = static_cast<std::size_t>(std::countr_zero(occupied_[level]));
    now_ = *event;
    const auto list = level * kSlotsPerLevel + slot;
    while (lists_[list].first != kNone) {
      const Index index = lists_[list].first;
      unlink(index);
      place(index);
    }
    call_due();
  }
  now_ = std::max(now_, target);
}

std::optional<SteadyTime> TimerWheel::next_wake() const {
  if (lists_[kDueList].first != kNone) return epoch_;
  const auto event = next_event();
  if (!event) return std::nullopt;
  return epoch_ + kTick * static_cast<std::int64_t>(*event);
}

void TimerWheel::clear() {
  for (Index index = 0; index < nodes_.size(); ++index) {
    if (nodes_[index].list == kNoList) continue;
    const Call dropped = take(index);
  }
}

std::uint64_t TimerWheel::tick_at_or_after(SteadyTime time) const {
  if (time <= epoch_) return 0;
  const auto since = time - epoch_;
  const auto whole = static_cast<std::uint64_t>(since / kTick);
  return since % kTick == SteadyTime::duration::zero() ? whole : whole + 1;
}

std::optional<std::uint64_t> TimerWheel::next_event() const {
  for (std::size_t level = 0; level < kLevels; ++level) {
    if (occupied_[level] == 0) continue;
    const auto slot = static_cast<std::uint64_t>(std::countr_zero(occupied_[level]));
    const auto shift = kLevelBits * static_cast<unsigned>(level);
    const auto above = now_ >> (shift + kLevelBits);
    return ((above << kLevelBits) | slot) << shift;
  }
  return std::nullopt;
}

void TimerWheel::place(Index index) {
  const auto tick = nodes_[index].tick;
  if (tick <= now_) return link(index, kDueList);
  const auto highest_bit = static_cast<unsigned>(std::bit_width(tick ^ now_)) - 1;
  const std::size_t level = highest_bit / kLevelBits;
  KN_ASSERT(level < kLevels);
  const auto slot = (tick >> (kLevelBits * level)) & (kSlotsPerLevel - 1);
  occupied_[level] |= std::uint64_t{1} << slot;
  link(index, level * kSlotsPerLevel + slot);
}

void TimerWheel::link(Index index, std::size_t list) {
  auto& node = nodes_[index];
  auto& ends = lists_[list];
  node.list = static_cast<std::uint32_t>(list);
  node.next = kNone;
  node.previous = ends.last;
  (ends.last == kNone ? ends.first : nodes_[ends.last].next) = index;
  ends.last = index;
}

void TimerWheel::unlink(Index index) {
  auto& node = nodes_[index];
  auto& ends = lists_[node.list];
  (node.previous == kNone ? ends.first : nodes_[node.previous].next) = node.next;
  (node.next == kNone ? ends.last : nodes_[node.next].previous) = node.previous;
  if (ends.first == kNone && node.list < kDueList) {
    occupied_[node.list / kSlotsPerLevel] &= ~(std::uint64_t{1} << (node.list % kSlotsPerLevel));
  }
  node.list = kNoList;
}

TimerWheel::Call TimerWheel::take(Index index) {
  unlink(index);
  auto& node = nodes_[index];
  Call call = std::exchange(node.call, nullptr);
  --size_;
  // A place whose generations are used up is left empty: no handle may come back.
  if (node.generation < kGenerationMax) {
    ++node.generation;
    node.next = std::exchange(free_, index);
  }
  return call;
}

TimerWheel::Index TimerWheel::make_node() {
  if (free_ != kNone) return std::exchange(free_, nodes_[free_].next);
  KN_ASSERT(nodes_.size() < (std::size_t{1} << kIndexBits));
  nodes_.emplace_back();
  return static_cast<Index>(nodes_.size() - 1);
}

void TimerWheel::call_due() {
  while (lists_[kDueList].first != kNone) {
    // Taken out first: the callback may add timers, and the vector may move.
    auto call = take(lists_[kDueList].first);
    call();
  }
}

}  // namespace knotos::runtime
