#pragma once

#include "bench/options.hpp"

#include <map>
#include <string>

namespace knotos::app {

enum class Command { serve, check_config, doctor, backup, migrate, bench, version };

/// What was asked for on the command line.
struct CommandLine {
  Command command = Command::serve;
  std::map<std::string, std::string> flags;  ///< Settings by name.
  std::string config_file;                   ///< Empty: none.
  std::string backup_target;                 ///< For `backup`: a data directory to be.
  std::string migrate_from;                  ///< For `migrate`, like the next.
  std::string migrate_to;
  bench::Options bench;  ///< For `bench`.
};

/// What to do instead of a command: print and exit.
struct CommandLineExit {
  int code = 0;
  std::string text;  ///< For standard output with code 0, else for standard error.
};

/// Throws CommandLineExit for help and for what it does not understand (code 2).
[[nodiscard]] CommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace knotos::app
