#include "services/delivered_marks.hpp"

#include "base/metrics.hpp"

#include <algorithm>

namespace knotos::services {
namespace {

metrics::Counter marks_merged("delivered_marks_merged_total",
                              "Delivered marks that shared another one's write.");
metrics::Counter marks_refused("delivered_marks_refused_total",
                               "Delivered marks refused since too many were under way.");

}  // namespace

Task<Result<ports::StateChange>> DeliveredMarks::put(ports::Mark mark) {
  const Key key(mark.chat, mark.user);
  if (waiting_ >= waiting_max_) {
    marks_refused.add();
    Error error{.code = Errc::overloaded, .detail = {}, .fields = {}, .cause = {}};
    error.retry_after = std::chrono::seconds(1);
    co_return fail(std::move(error));
  }
  const auto self = shared_from_this();
  ++waiting_;
  const auto found = under_way_.find(key);
  if (found == under_way_.end()) {
    under_way_.try_emplace(key);
    auto change = co_await write_first(mark);
    --waiting_;
    co_return change;
  }
  marks_merged.add();
  auto& next = found->second;
  if (next.answers.empty() || mark.seq > next.mark.seq) next.mark = mark;
  auto answer = std::make_shared<Answer>();
  next.answers.push_back(answer);
  auto change = co_await answer->wait();
  --waiting_;
  co_return change;
}

Task<Result<ports::StateChange>> DeliveredMarks::write_first(ports::Mark mark) {
  const Key key(mark.chat, mark.user);
  auto own = co_await states_.mark(mark);
  if (under_way_.at(key).answers.empty()) {
    under_way_.erase(key);
  } else {
    spawn(co_await boost::asio::this_coro::executor, "delivered marks",
          write_rest(shared_from_this(), key));
  }
  co_return own;
}

/// In turns, all that came meanwhile.
Task<void> DeliveredMarks::write_rest(std::shared_ptr<DeliveredMarks> self, Key key) {
  while (!self->under_way_.at(key).answers.empty()) {
    const auto next = std::exchange(self->under_way_.at(key), Next{});
    auto change = co_await self->states_.mark(next.mark);
    for (const auto& answer : next.answers) {
      answer->deliver(change);
      // The movement is one, and told once.
      if (change) change->rise = {};
    }
  }
  self->under_way_.erase(key);
}

}  // namespace knotos::services
