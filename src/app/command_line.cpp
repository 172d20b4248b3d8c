#include "app/command_line.hpp"

#include "app/settings.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>

namespace knotos::app {
namespace {

constexpr int kUsage = 2;

std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

void add_settings(CLI::App& command, CommandLine& out, std::map<std::string, std::string>& texts) {
  command.add_option("--config", out.config_file,
                     "TOML file with settings by the names of the flags");
  const Config defaults;
  for (const auto& setting : settings()) {
    const auto shown = setting.show(defaults);
    command.add_option("--" + setting.name, texts[setting.name],
                       setting.help + (shown.empty() ? "" : " [" + shown + "]"));
  }
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine out;
  std::map<std::string, std::string> texts;
  CLI::App root("Knotos, a real-time messaging server", "knotos");
  root.require_subcommand(1);
  auto* serve = root.add_subcommand("serve", "Serve, until SIGTERM or SIGINT");
  auto* check = root.add_subcommand(
      "check-config", "Say what each setting is and where it comes from; serve nothing");
  auto* bench = root.add_subcommand("bench", "Put load on a server and say what it bears");
  auto* version = root.add_subcommand("version", "Print the version");
  add_settings(*serve, out, texts);
  add_settings(*check, out, texts);
  bench::declare_options(*bench, out.bench);

  try {
    root.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    throw CommandLineExit{.code = 0, .text = root.help("", CLI::AppFormatMode::Normal)};
  } catch (const CLI::ParseError& error) {
    throw CommandLineExit{
        .code = kUsage,
        .text = "knotos: " + one_line(error.what()) + " (knotos --help tells more)"};
  }

  if (*version) {
    out.command = Command::version;
    return out;
  }
  if (*bench) {
    out.command = Command::bench;
    return out;
  }
  const auto* chosen = *check ? check : serve;
  out.command = *check ? Command::check_config : Command::serve;
  for (const auto& setting : settings()) {
    if (chosen->count("--" + setting.name) > 0) out.flags[setting.name] = texts[setting.name];
  }
  if (out.config_file.empty()) {
    const char* from_environment = std::getenv("KNOTOS_CONFIG");
    if (from_environment != nullptr) out.config_file = from_environment;
  }
  return out;
}

}  // namespace knotos::app
