#include "app/settings.hpp"

#include "app/setting_table.hpp"
#include "app/value_text.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace knotos::app {
namespace {

std::string environment_name(std::string_view name) {
  std::string out = "KNOTOS_";
  for (const char c : name)
    out += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

/// The text of a TOML value, as a flag would have it.
std::optional<std::string> text_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  const auto* array = node.as_array();
  if (array == nullptr) return std::nullopt;
  std::string joined;
  for (const auto& item : *array) {
    const auto* text = item.as_string();
    if (text == nullptr) return std::nullopt;
    if (!joined.empty()) joined += ',';
    joined += text->get();
  }
  return joined;
}

std::map<std::string, Given> read_file(const std::string& file,
                                       std::vector<std::string>& problems) {
  std::map<std::string, Given> found;
  toml::table table;
  try {
    table = toml::parse_file(file);
  } catch (const toml::parse_error& error) {
    const auto line = error.source().begin.line;
    problems.push_back(file + (line > 0 ? ", line " + std::to_string(line) : "") + ": " +
                       std::string(error.description()));
    return found;
  }
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    const auto place = file + ", line " + std::to_string(node.source().begin.line);
    const auto text = text_of(node);
    if (std::ranges::find(settings(), name, &Setting::name) == settings().end()) {
      problems.push_back(place + ": there is no setting '" + name + "'");
    } else if (!text) {
      problems.push_back(place + ": '" + name +
                         "' must be a string, a whole number or a list of strings");
    } else {
      found[name] = {.text = *text, .place = place};
    }
  }
  return found;
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = make_settings();
  return all;
}

Loaded load_config(const std::map<std::string, std::string>& flags,
                   const std::function<std::optional<std::string>(const std::string&)>& environment,
                   const std::string& file) {
  Loaded loaded;
  std::map<std::string, Given> given;
  if (!file.empty()) given = read_file(file, loaded.problems);
  for (const auto& each : settings()) {
    const auto variable = environment_name(each.name);
    if (const auto value = environment(variable))
      given[each.name] = {*value, variable + " in the environment"};
    const auto flag = flags.find(each.name);
    if (flag != flags.end()) given[each.name] = {flag->second, "--" + each.name};

    const auto at = given.find(each.name);
    if (at == given.end()) continue;
    if (const auto problem = each.assign(loaded.config, at->second.text)) {
      loaded.problems.push_back(at->second.place + ": '" + without_secrets(at->second.text) +
                                "' for " + each.name + ": " + *problem);
    }
    loaded.places[each.name] = at->second.place;
  }
  const auto& config = loaded.config;
  if (config.role != Role::all && config.bus == "local") {
    loaded.problems.push_back(loaded.places["role"] +
                              ": api and gateway are processes of their own and need a bus between "
                              "them: --bus redis://…");
  } else if (config.role != Role::all && config.is_on_sqlite()) {
    loaded.problems.push_back(loaded.places["role"] +
                              ": api and gateway need a store that processes can share, and sqlite "
                              "is one process's alone");
  }
  if (!config.is_on_sqlite() && config.jwt_secret_file.empty()) {
    loaded.problems.push_back(loaded.places["store"] +
                              ": processes that share a store must know each other's access "
                              "tokens: give all of them one --jwt-secret-file");
  }
  if (config.tls_certificate.empty() != config.tls_key.empty()) {
    const std::string given_one = config.tls_key.empty() ? "tls-cert" : "tls-key";
    const std::string missing = config.tls_key.empty() ? "tls-key" : "tls-cert";
    loaded.problems.push_back(loaded.places[given_one] + ": " + given_one + " needs " + missing +
                              " beside it");
  }
  return loaded;
}

}  // namespace knotos::app
