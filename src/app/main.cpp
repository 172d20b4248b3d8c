#include "adapters/mongo/client.hpp"
#include "app/command_line.hpp"
#include "app/doctor.hpp"
#include "app/migration.hpp"
#include "app/process.hpp"
#include "app/settings.hpp"
#include "app/version.hpp"
#include "bench/bench.hpp"

#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

namespace knotos::app {
namespace {

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

int check_config(const Loaded& loaded) {
  for (const auto& setting : settings()) {
    const auto place = loaded.places.find(setting.name);
    std::printf("%-24s %-24s %s\n", setting.name.c_str(), setting.show(loaded.config).c_str(),
                place == loaded.places.end() ? "(default)" : place->second.c_str());
  }
  for (const auto& problem : loaded.problems) std::fprintf(stderr, "knotos: %s\n", problem.c_str());
  return loaded.problems.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run(int argc, char** argv) {
  const auto line = parse_command_line(argc, argv);
  if (line.command == Command::version) {
    std::printf("knotos %s\n", std::string(kVersion).c_str());
    return EXIT_SUCCESS;
  }
  // What is kept is nobody else's, also in a directory that was there before.
  umask(077);
  if (line.command == Command::bench) return bench::bench(line.bench);
  if (line.command == Command::migrate) return migrate(line.migrate_from, line.migrate_to);
  const auto loaded = load_config(line.flags, environment, line.config_file);
  if (line.command == Command::check_config) return check_config(loaded);
  if (line.command == Command::doctor) return doctor(loaded);
  if (!loaded.problems.empty()) {
    std::fprintf(stderr, "knotos: %s\n", loaded.problems.front().c_str());
    return EXIT_FAILURE;
  }
  if (line.command == Command::backup) return backup(loaded.config, line.backup_target);
  return serve(loaded.config);
}

}  // namespace
}  // namespace knotos::app

int main(int argc, char** argv) {
  try {
    return knotos::app::run(argc, argv);
  } catch (const knotos::app::CommandLineExit& exit) {
    std::fprintf(exit.code == 0 ? stdout : stderr, "%s\n", exit.text.c_str());
    return exit.code;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "knotos: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
