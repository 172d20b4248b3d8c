#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace knotos::bench {

enum class Scenario : std::uint8_t { fanout, rooms, idle, storm, list };

[[nodiscard]] std::string name_of(Scenario scenario);

/// What to do to which server. What is zero takes what fits the scenario (`complete`).
struct Options {
  std::string scenario_name;
  std::string url = "http://127.0.0.1:8080";
  std::string members_text;  ///< A number, or a range such as 2-10.
  bool is_plain = false;
  bool is_json = false;
  double rate = 0;  ///< Messages, links or requests a second; 0: as many as `window` lets.
  std::size_t links = 0;
  std::size_t rooms = 0;
  std::size_t users = 0;
  std::size_t senders = 0;
  std::size_t window = 0;
  std::size_t stalled = 0;
  std::size_t text_bytes = 128;
  double seconds = 10;
  double warmup_seconds = 2;
  std::int64_t pid = 0;  ///< Of the server; 0: whoever listens at the URL on this machine.

  // Filled in by `complete`.
  Scenario scenario = Scenario::fanout;
  std::size_t members_min = 0;
  std::size_t members_max = 0;
};

/// Declares the flags of `knotos bench`. Both must outlive the parsing.
void declare_options(CLI::App& command, Options& options);

/// Chooses what was left open, and answers what is wrong with the rest, in one line.
[[nodiscard]] std::optional<std::string> complete(Options& options);

}  // namespace knotos::bench
