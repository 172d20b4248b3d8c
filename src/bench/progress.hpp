#pragma once

#include "base/time.hpp"

#include <string>
#include <string_view>

namespace knotos::bench {

/// One line on standard error that says what goes on, if a person is watching there.
class Progress {
 public:
  Progress();
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  [[nodiscard]] bool is_due(SteadyTime now) const { return is_terminal_ && now >= next_; }
  void show(SteadyTime now, std::string_view text);
  void clear();

 private:
  bool is_terminal_ = false;
  bool is_shown_ = false;
  SteadyTime next_;
};

}  // namespace knotos::bench
