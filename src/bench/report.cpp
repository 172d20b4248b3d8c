#include "bench/report.hpp"

#include <fmt/format.h>
#include <boost/json.hpp>

#include <array>
#include <chrono>
#include <cmath>

namespace knotos::bench {
namespace {

double milliseconds(Histogram::Duration value) {
  return std::chrono::duration<double, std::milli>(value).count();
}

/// Three places where they matter, thousands apart.
std::string number_text(double value) {
  if (std::abs(value) < 100 && value != std::floor(value)) return fmt::format("{:.3f}", value);
  auto digits = fmt::format("{:.0f}", value);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > (value < 0 ? 1 : 0); at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

}  // namespace

void Report::add(std::string_view name, const Histogram& times) {
  struct Rank {
    std::string_view name;
    double rank;
  };
  constexpr std::array kRanks{Rank{"P50Ms", 0.5}, Rank{"P99Ms", 0.99}, Rank{"P999Ms", 0.999}};
  for (const auto& [suffix, rank] : kRanks)
    add(fmt::format("{}{}", name, suffix), milliseconds(times.at(rank)));
  add(fmt::format("{}MaxMs", name), milliseconds(times.max()));
}

void Report::add(const Trouble& trouble) {
  add("errors", trouble.count());
  for (const auto& [text, count] : trouble.kinds()) troubles_.emplace_back(text, count);
}

std::string Report::as_json() const {
  boost::json::object out{{"scenario", scenario_}};
  for (const auto& [name, value] : figures_) {
    // JSON knows no infinity.
    if (!std::isfinite(value)) continue;
    if (value == std::floor(value) && std::abs(value) < 1e15) {
      out[name] = static_cast<std::int64_t>(value);
    } else {
      out[name] = std::round(value * 1000) / 1000;
    }
  }
  boost::json::object troubles;
  for (const auto& [text, count] : troubles_) troubles[text] = count;
  out["troubles"] = std::move(troubles);
  return boost::json::serialize(out);
}

std::string Report::as_text() const {
  std::string out = scenario_ + "\n";
  for (const auto& [name, value] : figures_)
    out += fmt::format("  {:<28} {:>16}\n", name, number_text(value));
  for (const auto& [text, count] : troubles_) out += fmt::format("  {} x {}\n", count, text);
  return out;
}

}  // namespace knotos::bench
