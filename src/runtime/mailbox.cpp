#include "runtime/mailbox.hpp"

#include "base/assert.hpp"

#include <utility>

namespace knotos::runtime {

Mailbox::Pushed Mailbox::push(Work work) {
  const std::scoped_lock lock(mutex_);
  // The argument outlives the lock, so what is dropped here is destroyed outside it.
  if (is_closed_) return {.is_dropped = true};
  waiting_.push_back(std::move(work));
  return {.needs_wake = !std::exchange(is_wake_pending_, true),
          .is_over_bound = waiting_.size() > bound_};
}

void Mailbox::take(std::vector<Work>& batch) {
  KN_ASSERT(batch.empty());
  // A burst must not pin its memory for ever.
  if (batch.capacity() > bound_) std::vector<Work>().swap(batch);
  const std::scoped_lock lock(mutex_);
  waiting_.swap(batch);
  is_wake_pending_ = false;
}

std::vector<Mailbox::Work> Mailbox::close() {
  const std::scoped_lock lock(mutex_);
  is_closed_ = true;
  return std::exchange(waiting_, {});
}

}  // namespace knotos::runtime
