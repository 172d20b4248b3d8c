#include "bench/loop.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace knotos::bench {
namespace {

constexpr int kEventsMax = 512;

void control(int epoll, int operation, int descriptor, Watcher* watcher, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.ptr = watcher}};
  if (::epoll_ctl(epoll, operation, descriptor, &event) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

}  // namespace

Loop::Loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

Loop::~Loop() { ::close(epoll_); }

void Loop::watch(int descriptor, Watcher& watcher, std::uint32_t events) {
  control(epoll_, EPOLL_CTL_ADD, descriptor, &watcher, events);
}

void Loop::change(int descriptor, Watcher& watcher, std::uint32_t events) {
  control(epoll_, EPOLL_CTL_MOD, descriptor, &watcher, events);
}

void Loop::forget(int descriptor) { control(epoll_, EPOLL_CTL_DEL, descriptor, nullptr, 0); }

void Loop::turn(SteadyTime until) {
  if (pacer_) until = std::min(until, pacer_());
  flushing_now_.swap(flushing_);
  for (auto* const watcher : flushing_now_) watcher->on_flush();
  flushing_now_.clear();

  const auto left = std::max(std::chrono::nanoseconds::zero(),
                             std::chrono::nanoseconds(until - std::chrono::steady_clock::now()));
  // Nanoseconds: a millisecond's grain would make every paced message late.
  const timespec timeout{.tv_sec = left.count() / 1'000'000'000,
                         .tv_nsec = left.count() % 1'000'000'000};
  std::array<epoll_event, kEventsMax> events;
  const int count = ::epoll_pwait2(epoll_, events.data(), kEventsMax, &timeout, nullptr);
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    static_cast<Watcher*>(event.data.ptr)->on_ready(event.events);
  }
}

bool Loop::run(SteadyTime until, const std::function<bool()>& is_done) {
  while (!is_done()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    turn(until);
  }
  return true;
}

}  // namespace knotos::bench
