#include "bench/progress.hpp"

#include <unistd.h>

#include <cstdio>

namespace knotos::bench {
namespace {

constexpr Milliseconds kPause{250};

}  // namespace

Progress::Progress() : is_terminal_(::isatty(STDERR_FILENO) == 1) {}

void Progress::show(SteadyTime now, std::string_view text) {
  next_ = now + kPause;
  is_shown_ = true;
  std::fprintf(stderr, "\r\033[K%.*s", static_cast<int>(text.size()), text.data());
  std::fflush(stderr);
}

void Progress::clear() {
  if (!is_shown_) return;
  is_shown_ = false;
  std::fputs("\r\033[K", stderr);
}

}  // namespace knotos::bench
