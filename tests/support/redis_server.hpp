#pragma once

#include "support/free_port.hpp"
#include "support/temporary_directory.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace knotos::test {

/// A redis-server that keeps nothing, on a free port of loopback, for as long as this lives.
class RedisServer {
 public:
  [[nodiscard]] static bool is_to_be_had() {
    return std::system("redis-server --version >/dev/null 2>&1") == 0;
  }

  explicit RedisServer(std::vector<std::string> flags = {})
      : flags_(std::move(flags)), port_(free_port()) {
    start();
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  ~RedisServer() { kill(); }

  /// Until it takes connections.
  void start() {
    std::vector<std::string> words{"redis-server",
                                   "--port",
                                   std::to_string(port_),
                                   "--bind",
                                   "127.0.0.1",
                                   "--save",
                                   "",
                                   "--appendonly",
                                   "no",
                                   "--dir",
                                   directory_.path(),
                                   "--logfile",
                                   directory_.path() + "/log"};
    words.insert(words.end(), flags_.begin(), flags_.end());
    std::vector<char*> arguments;
    for (auto& each : words) arguments.push_back(each.data());
    arguments.push_back(nullptr);
    if (posix_spawnp(&pid_, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0) {
      std::abort();
    }
    while (!is_listening()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  void signal(int number) const { ::kill(pid_, number); }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(const std::string& who = {}) const {
    return "redis://" + who + "127.0.0.1:" + std::to_string(port_);
  }

 private:
  [[nodiscard]] bool is_listening() const {
    const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in wanted{};
    wanted.sin_family = AF_INET;
    wanted.sin_port = htons(port_);
    wanted.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is_there =
        connect(descriptor, reinterpret_cast<const sockaddr*>(&wanted), sizeof wanted) == 0;
    close(descriptor);
    return is_there;
  }

  TemporaryDirectory directory_;
  std::vector<std::string> flags_;
  std::uint16_t port_;
  pid_t pid_ = -1;
};

}  // namespace knotos::test
