#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace knotos::bench {

/// What went wrong in a run, by its text, counted. Only so many different texts are kept.
class Trouble {
 public:
  void add(std::string_view text) {
    ++count_;
    const auto at = kinds_.find(text);
    if (at != kinds_.end()) {
      ++at->second;
    } else if (kinds_.size() < kKindsMax) {
      kinds_.emplace(text, 1);
    }
  }

  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] const std::map<std::string, std::size_t, std::less<>>& kinds() const {
    return kinds_;
  }

 private:
  static constexpr std::size_t kKindsMax = 8;

  std::size_t count_ = 0;
  std::map<std::string, std::size_t, std::less<>> kinds_;
};

}  // namespace knotos::bench
