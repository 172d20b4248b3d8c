#include "bench/process_watch.hpp"

#include <unistd.h>

#include <charconv>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace knotos::bench {
namespace {

namespace fs = std::filesystem;

/// Behind the name, which may hold anything: 11 fields, then user and system time in ticks.
constexpr int kFieldsBeforeTimes = 11;

/// The inode of the socket that listens on the port; empty: none does.
std::string listening_inode(const char* table, std::uint16_t port) {
  std::ifstream file(table);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string slot, local, remote, state, queues, timer, retransmits, user, timeout, inode;
    fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >>
        timeout >> inode;
    const auto colon = local.find(':');
    unsigned number = 0;
    std::from_chars(local.data() + colon + 1, local.data() + local.size(), number, 16);
    if (state == "0A" && number == port) return inode;
  }
  return {};
}

bool holds(const fs::path& process, const std::string& socket) {
  std::error_code ec;
  for (fs::directory_iterator it(process / "fd", ec), end; !ec && it != end; it.increment(ec)) {
    std::error_code unreadable;
    if (fs::read_symlink(it->path(), unreadable) == socket) return true;
  }
  return false;
}

}  // namespace

std::optional<ProcessFigures> figures_of(std::int64_t pid) {
  const auto folder = "/proc/" + std::to_string(pid);
  std::ifstream stat(folder + "/stat");
  std::string text;
  std::getline(stat, text);
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < kFieldsBeforeTimes; ++i) fields >> skipped;
  std::int64_t user = 0;
  std::int64_t system = 0;
  fields >> user >> system;

  ProcessFigures figures;
  figures.cpu =
      std::chrono::nanoseconds((user + system) * (1'000'000'000 / ::sysconf(_SC_CLK_TCK)));
  std::ifstream status(folder + "/status");
  while (std::getline(status, text)) {
    if (!text.starts_with("RssAnon:")) continue;
    std::istringstream(text.substr(8)) >> figures.memory_bytes;
    figures.memory_bytes *= 1024;
  }
  return figures;
}

std::int64_t pid_listening_on(std::uint16_t port) {
  auto inode = listening_inode("/proc/net/tcp", port);
  if (inode.empty()) inode = listening_inode("/proc/net/tcp6", port);
  if (inode.empty()) return 0;
  const auto socket = "socket:[" + inode + "]";
  std::error_code ec;
  for (fs::directory_iterator it("/proc", ec), end; !ec && it != end; it.increment(ec)) {
    const auto name = it->path().filename().string();
    std::int64_t pid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ec != std::errc() || parsed.ptr != name.data() + name.size()) continue;
    if (holds(it->path(), socket)) return pid;
  }
  return 0;
}

std::chrono::nanoseconds own_cpu() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace knotos::bench
