#pragma once

#include "app/config.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace knotos::app {

/// One thing that can be set: `--name`, `KNOTOS_NAME` in the environment, and `name` in the file.
struct Setting {
  std::string name;
  std::string help;
  /// Reads the text into the config. Answers what is wrong with it, or nothing.
  std::function<std::optional<std::string>(Config&, std::string_view)> assign;
  /// The value as text, as `assign` takes it.
  std::function<std::string(const Config&)> show;
};

[[nodiscard]] const std::vector<Setting>& settings();

/// Where a value came from, as people say it: `--listen`, `KNOTOS_LISTEN in the environment`,
/// `knotos.toml, line 3`.
struct Given {
  std::string text;
  std::string place;
};

struct Loaded {
  Config config;
  std::map<std::string, std::string> places;  ///< By name; what is not there has its default.
  std::vector<std::string> problems;          ///< One sentence each, by name and place.
};

/// Flag over environment over file over default. `flags` by name; `environment` looks a variable
/// up.
[[nodiscard]] Loaded load_config(
    const std::map<std::string, std::string>& flags,
    const std::function<std::optional<std::string>(const std::string&)>& environment,
    const std::string& file);

}  // namespace knotos::app
