#include "api/process_figures.hpp"

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace knotos::api {
namespace {

/// Clock ticks of /proc: part of Linux's interface, the same on every machine of ours.
constexpr double kTicksPerSecond = 100;

/// The number after `name` in a file of lines; 0: there is none.
std::uint64_t number_after(const char* path, std::string_view name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name)) continue;
    return std::strtoull(line.c_str() + name.size(), nullptr, 10);
  }
  return 0;
}

std::uint64_t descriptors_open() {
  std::error_code ec;
  std::uint64_t count = 0;
  std::filesystem::directory_iterator entry("/proc/self/fd", ec);
  for (; !ec && entry != std::filesystem::directory_iterator(); entry.increment(ec)) ++count;
  // One of them was the listing's own.
  return count > 0 ? count - 1 : 0;
}

/// Field 22 of /proc/self/stat. The name in field 2 may hold anything, also blanks and brackets, so
/// counting begins after its last bracket.
double started_after_boot_seconds() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const auto bracket = line.rfind(')');
  if (bracket == std::string::npos) return 0;
  std::istringstream fields(line.substr(bracket + 1));
  std::string field;
  for (int number = 3; number <= 22; ++number) fields >> field;
  if (!fields) return 0;
  return std::strtod(field.c_str(), nullptr) / kTicksPerSecond;
}

}  // namespace

ProcessFigures process_figures() {
  // It does not change while the process lives.
  static const double started_at =
      static_cast<double>(number_after("/proc/stat", "btime ")) + started_after_boot_seconds();
  return {.resident_bytes = number_after("/proc/self/status", "VmRSS:") * 1024,
          .descriptors_open = descriptors_open(),
          .descriptors_max = number_after("/proc/self/limits", "Max open files"),
          .cpu_seconds = static_cast<double>(std::clock()) / CLOCKS_PER_SEC,
          .started_at_seconds = started_at};
}

}  // namespace knotos::api
