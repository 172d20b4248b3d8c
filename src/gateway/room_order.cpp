#include "gateway/room_order.hpp"

#include <utility>

namespace knotos::gateway {

std::vector<OrderedChange> RoomOrder::settle(domain::Rev rev) {
  std::vector<OrderedChange> out;
  if (delivered_) return out;
  delivered_ = rev;
  held_.erase(held_.begin(), held_.upper_bound(rev));
  pass_held(out);
  return out;
}

std::vector<OrderedChange> RoomOrder::hear(domain::Rev rev, SharedMessage message) {
  std::vector<OrderedChange> out;
  if (delivered_ && rev <= *delivered_) return out;
  if (delivered_ && rev == *delivered_ + 1 && message) {
    held_.erase(rev);
    pass(std::move(message), rev, out);
    pass_held(out);
    return out;
  }
  auto& held = held_[rev];
  if (!held) held = std::move(message);
  if (held_.size() > kHeldMax) held_.erase(std::prev(held_.end()));
  return out;
}

std::vector<OrderedChange> RoomOrder::repair(std::vector<SharedMessage> changes,
                                             domain::Rev complete_up_to) {
  std::vector<OrderedChange> out;
  if (!delivered_) return out;
  // A change that was heard while the store was read may have closed the gap, or a part of it.
  const auto known_before = *delivered_;
  for (auto& message : changes) {
    const auto rev = message->rev;
    if (rev <= *delivered_) continue;
    const bool is_new = message->place > known_before;
    out.push_back({.message = std::move(message), .prev_rev = *delivered_, .is_new = is_new});
    delivered_ = rev;
  }
  if (complete_up_to > *delivered_) delivered_ = complete_up_to;
  held_.erase(held_.begin(), held_.upper_bound(*delivered_));
  pass_held(out);
  return out;
}

std::vector<domain::Rev> RoomOrder::held() const {
  std::vector<domain::Rev> revs;
  revs.reserve(held_.size());
  for (const auto& [rev, message] : held_) revs.push_back(rev);
  return revs;
}

std::size_t RoomOrder::forget(const std::vector<domain::Rev>& revs) {
  std::size_t count = 0;
  for (const auto rev : revs) count += held_.erase(rev);
  return count;
}

void RoomOrder::pass(SharedMessage message, domain::Rev rev, std::vector<OrderedChange>& out) {
  // A message that changed again before its older envelope came is delivered in the state it was in
  // then: the next change follows under its own rev.
  const bool is_new = message->place > *delivered_;
  out.push_back({.message = std::move(message), .prev_rev = *delivered_, .is_new = is_new});
  delivered_ = rev;
}

void RoomOrder::pass_held(std::vector<OrderedChange>& out) {
  while (!held_.empty() && held_.begin()->first == *delivered_ + 1 && held_.begin()->second) {
    auto next = held_.extract(held_.begin());
    pass(std::move(next.mapped()), next.key(), out);
  }
}

}  // namespace knotos::gateway
