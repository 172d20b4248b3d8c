#include "app/command_line.hpp"

#include "app/settings.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

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
  auto* doctor = root.add_subcommand(
      "doctor", "Look at all that serving would rest on, and say what is wrong; change nothing");
  auto* backup = root.add_subcommand(
      "backup", "Copy the data directory to another one, also while it is served");
  auto* migrate = root.add_subcommand(
      "migrate", "Copy a data directory that is not served into a MongoDB database");
  auto* bench = root.add_subcommand("bench", "Put load on a server and say what it bears");
  auto* version = root.add_subcommand("version", "Print the version");
  add_settings(*serve, out, texts);
  add_settings(*check, out, texts);
  add_settings(*doctor, out, texts);
  add_settings(*backup, out, texts);
  backup->add_option("--to", out.backup_target, "The data directory to make")->required();
  migrate->add_option("--from", out.migrate_from, "sqlite:DIR")->required();
  migrate
      ->add_option("--to", out.migrate_to,
                   "mongodb://…; better by KNOTOS_STORE than for all to see")
      ->envname("KNOTOS_STORE")
      ->required();
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
  if (*migrate) {
    out.command = Command::migrate;
    return out;
  }
  if (*bench) {
    out.command = Command::bench;
    return out;
  }
  const std::array<std::pair<CLI::App*, Command>, 4> with_settings{{{serve, Command::serve},
                                                                    {check, Command::check_config},
                                                                    {doctor, Command::doctor},
                                                                    {backup, Command::backup}}};
  const auto& [chosen, command] =
      *std::ranges::find_if(with_settings, [](const auto& each) { return each.first->parsed(); });
  out.command = command;
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
