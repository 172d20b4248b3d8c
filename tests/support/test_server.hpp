#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

namespace knotos::test {

/// A server of tests/servers, for as long as this lives: it ends when its standard input does, so
/// also where this process is killed.
class TestServer {
 public:
  /// Waits until the server says where it listens. The working directory is the project's.
  explicit TestServer(std::vector<std::string> command) {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    std::array<int, 2> err{};
    if (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0 ||
        pipe2(err.data(), O_CLOEXEC) != 0) {
      std::abort();
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
    std::vector<char*> arguments;
    for (auto& each : command) arguments.push_back(each.data());
    arguments.push_back(nullptr);
    const int failed =
        posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    close(err[1]);
    input_ = in[1];
    const auto said = failed == 0 ? read_line(out[0]) : std::string();
    constexpr std::string_view kReady = "ready ";
    if (said.starts_with(kReady)) {
      url_ = said.substr(kReady.size());
    } else {
      reason_ = failed == 0 ? read_line(err[0]) : "cannot run " + command.front();
    }
    // Left open: a server that writes to a closed pipe would die of it.
    outputs_ = {out[0], err[0]};
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  ~TestServer() {
    close(input_);
    for (const int each : outputs_) close(each);
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
  }

  /// As a crash.
  void kill_now() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

  /// Empty: it cannot be had, and `reason` tells why.
  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  static std::string read_line(int from) {
    std::string line;
    char next = 0;
    while (read(from, &next, 1) == 1 && next != '\n') line += next;
    return line;
  }

  pid_t pid_ = -1;
  int input_ = -1;
  std::array<int, 2> outputs_{};
  std::string url_;
  std::string reason_;
};

/// The MongoDB that the tests of this process run on: KNOTOS_TEST_MONGODB, else a stand-in.
struct MongoServer {
  std::string url;  ///< Without a database; empty: there is none.
  std::string reason;
};

[[nodiscard]] inline const MongoServer& mongo_server() {
  static const MongoServer server = []() -> MongoServer {
#if __has_feature(thread_sanitizer)
    return {{}, "the driver is not built for it, so what it reports there says nothing of ours"};
#endif
    if (const char* const named = std::getenv("KNOTOS_TEST_MONGODB")) return {named, {}};
    static const TestServer stand_in({"tests/servers/mongo-java-server.sh"});
    return {stand_in.url(), stand_in.reason()};
  }();
  return server;
}

/// A database of its own in it.
[[nodiscard]] inline std::string fresh_mongo_url() {
  static int count = 0;
  auto url = mongo_server().url;
  const auto name = "knotos_test_" + std::to_string(getpid()) + "_" + std::to_string(++count);
  const auto options = url.find('?');
  const auto head = url.substr(0, options);
  const auto tail = options == std::string::npos ? std::string() : url.substr(options);
  const bool has_slash = head.find('/', sizeof "mongodb://") != std::string::npos;
  return (has_slash ? head : head + "/") + name + tail;
}

}  // namespace knotos::test
