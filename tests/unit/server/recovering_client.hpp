#pragma once

#include "support/fake_client.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace knotos::test {

/// Behaves as the official client with connection state recovery: keeps the pid of the CONNECT and
/// the last trailing text of any event, and brings both back.
class RecoveringClient {
 public:
  explicit RecoveringClient(FakeWorld& world) : world_(world) {}

  /// On a new link; what it had of the old one is forgotten, the link itself is left to its fate.
  void connect(std::size_t shard = 0) {
    socket_.emplace(world_.open_websocket(shard));
    socket_->send(connect_packet());
    is_connected_ = false;
  }
  /// The link ends, as the server can tell.
  void lose(server::LinkEnd how = server::LinkEnd::failed) {
    if (!socket_) return;
    socket_->peer().end(how);
    socket_.reset();
  }

  /// Reads what has come. Each event without its offset goes to `events`.
  void read() {
    if (!socket_) return;
    for (auto& text : socket_->take_texts()) take(std::move(text));
  }

  [[nodiscard]] std::string connect_packet() const {
    if (pid.empty()) return "40";
    auto packet = R"(40{"pid":")" + pid + '"';
    if (offset) packet += R"(,"offset":")" + *offset + '"';
    return packet + '}';
  }

  /// All that came since it was last asked.
  std::vector<std::string> take_events() {
    world_.shards.run();
    read();
    return std::exchange(events, {});
  }

  [[nodiscard]] FakeWebSocket& socket() { return *socket_; }
  [[nodiscard]] bool is_connected() const { return is_connected_; }

  std::string id;
  std::string pid;
  std::optional<std::string> offset;
  bool is_recovered = false;
  std::vector<std::string> events;
  std::vector<std::string> raw;  ///< As they came, CONNECT included.

 private:
  static std::string value_of(std::string_view text, std::string_view key) {
    const auto quoted = '"' + std::string(key) + R"(":")";
    const auto begin = text.find(quoted);
    if (begin == std::string_view::npos) return {};
    const auto from = begin + quoted.size();
    return std::string(text.substr(from, text.find('"', from) - from));
  }

  void take(std::string text) {
    raw.push_back(text);
    if (text.starts_with("40")) {
      const auto came = value_of(text, "pid");
      is_recovered = !pid.empty() && came == pid;
      if (!is_recovered) offset.reset();
      pid = came;
      id = value_of(text, "sid");
      is_connected_ = true;
      return;
    }
    if (!text.starts_with("42[")) return events.push_back(std::move(text));
    // The trailing text is the offset: `…,"AAB"]`.
    if (text.ends_with("\"]")) {
      const auto begin = text.rfind(",\"");
      offset = text.substr(begin + 2, text.size() - begin - 4);
      text = text.substr(0, begin) + ']';
    }
    events.push_back(std::move(text));
  }

  FakeWorld& world_;
  std::optional<FakeWebSocket> socket_;
  bool is_connected_ = false;
};

}  // namespace knotos::test
