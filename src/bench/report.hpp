#pragma once

#include "bench/histogram.hpp"
#include "bench/trouble.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace knotos::bench {

/// What a run found, in the order of telling. One list makes the table for people and the JSON for
/// machines, so the two cannot differ.
class Report {
 public:
  explicit Report(std::string scenario) : scenario_(std::move(scenario)) {}

  /// `name` is the key of the JSON, in camelCase with its unit last.
  void add(std::string_view name, double value) { figures_.push_back({std::string(name), value}); }
  template <class Integer>
    requires std::is_integral_v<Integer>
  void add(std::string_view name, Integer value) {
    add(name, static_cast<double>(value));
  }
  /// `<name>P50Ms`, `P99Ms`, `P999Ms`, `MaxMs`.
  void add(std::string_view name, const Histogram& times);
  void add(const Trouble& trouble);

  [[nodiscard]] std::string as_json() const;
  [[nodiscard]] std::string as_text() const;

 private:
  struct Figure {
    std::string name;
    double value = 0;
  };

  std::string scenario_;
  std::vector<Figure> figures_;
  std::vector<std::pair<std::string, std::size_t>> troubles_;
};

}  // namespace knotos::bench
