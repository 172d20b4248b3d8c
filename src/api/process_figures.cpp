#include "api/process_figures.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace knotos::api {
namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t total_pages = 0;
  std::uint64_t resident_pages = 0;
  if (!(file >> total_pages >> resident_pages)) return 0;
  return resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t descriptors_open() {
  std::error_code ec;
  std::uint64_t count = 0;
  std::filesystem::directory_iterator entry("/proc/self/fd", ec);
  for (; !ec && entry != std::filesystem::directory_iterator(); entry.increment(ec)) ++count;
  // One of them was the listing's own.
  return count > 0 ? count - 1 : 0;
}

/// Field 22 of /proc/self/stat, in clock ticks since the boot. The name in field 2 may hold
/// anything, also blanks and brackets, so counting begins after its last bracket.
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
  return std::strtod(field.c_str(), nullptr) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double booted_at_seconds() {
  std::ifstream file("/proc/stat");
  std::string name;
  while (file >> name) {
    if (double value = 0; name == "btime" && file >> value) return value;
    std::getline(file, name);
  }
  return 0;
}

}  // namespace

ProcessFigures process_figures() {
  // Neither changes while the process lives.
  static const double started_at = booted_at_seconds() + started_after_boot_seconds();
  ProcessFigures figures;
  figures.resident_bytes = resident_bytes();
  figures.descriptors_open = descriptors_open();
  figures.started_at_seconds = started_at;
  if (rlimit limit{}; getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    figures.descriptors_max = limit.rlim_cur;
  }
  if (rusage usage{}; getrusage(RUSAGE_SELF, &usage) == 0) {
    figures.cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  }
  return figures;
}

}  // namespace knotos::api
