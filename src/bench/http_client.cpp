#include "bench/http_client.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

namespace knotos::bench {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::string_view kHeadEnd = "\r\n\r\n";

/// In whatever case; `lower` is in lower case.
bool is_alike(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, {}, [](char c) { return std::tolower(c); });
}

/// The number behind `name:` in a response's head.
std::optional<std::size_t> length_in(std::string_view head, std::string_view name) {
  for (std::size_t at = 0; at < head.size();) {
    const auto end = std::min(head.find("\r\n", at), head.size());
    const auto line = head.substr(at, end - at);
    at = end + 2;
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (!is_alike(line.substr(0, name.size()), name)) continue;
    auto digits = line.substr(name.size() + 1);
    while (digits.starts_with(' ')) digits.remove_prefix(1);
    std::size_t value = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec == std::errc())
      return value;
  }
  return std::nullopt;
}

std::string text_of(const HttpRequest& request, const Target& target) {
  std::string text =
      request.method + " " + request.path + " HTTP/1.1\r\nHost: " + target.authority() + "\r\n";
  if (!request.token.empty()) text += "Authorization: Bearer " + request.token + "\r\n";
  if (!request.body.empty()) {
    text +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(request.body.size()) +
        "\r\n";
  }
  return text + "\r\n" + request.body;
}

}  // namespace

class HttpClient::Connection final : public Watcher {
 public:
  Connection(HttpClient& client) : client_(client) {}
  ~Connection() override { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] bool is_free() const { return !is_busy_; }

  void take(HttpRequest request) {
    is_busy_ = true;
    is_fresh_ = descriptor_ < 0;
    request_ = std::move(request);
    out_ = text_of(request_, client_.target_);
    in_.clear();
    if (descriptor_ < 0 && !open()) return finish({});
    if (!is_fresh_) write();
  }

  void on_ready(std::uint32_t events) override {
    if (descriptor_ < 0) return;
    if ((events & EPOLLOUT) != 0U) write();
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0U) read();
  }

 private:
  bool open() {
    descriptor_ = begin_connecting(client_.target_);
    if (descriptor_ < 0) return false;
    client_.loop_.watch(descriptor_, *this, EPOLLIN | EPOLLOUT);
    return true;
  }

  void close() {
    if (descriptor_ < 0) return;
    client_.loop_.forget(descriptor_);
    ::close(std::exchange(descriptor_, -1));
  }

  void write() {
    if (!is_busy_ || descriptor_ < 0) return;
    const auto sent = ::send(descriptor_, out_.data(), out_.size(), MSG_NOSIGNAL);
    if (sent > 0) out_.erase(0, static_cast<std::size_t>(sent));
    client_.loop_.change(descriptor_, *this, out_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
  }

  void read() {
    std::array<char, kReadBytes> bytes;
    const auto got = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return broken();
    in_.append(bytes.data(), static_cast<std::size_t>(got));
    const auto head_end = in_.find(kHeadEnd);
    if (head_end == std::string::npos) return;
    const auto begin = head_end + kHeadEnd.size();
    const auto length = length_in(std::string_view(in_).substr(0, head_end), "content-length");
    if (in_.size() - begin < length.value_or(0)) return;
    HttpReply reply{.status = 0, .body = in_.substr(begin)};
    // HTTP/1.1 nnn
    std::from_chars(in_.data() + 9, in_.data() + 12, reply.status);
    finish(std::move(reply));
  }

  /// A kept connection may be closed by the server as a request goes out: that one goes again.
  void broken() {
    close();
    if (!is_busy_) return;
    if (is_fresh_) return finish({});
    take(std::move(request_));
  }

  void finish(HttpReply reply) {
    is_busy_ = false;
    --client_.under_way_;
    const auto tell = std::move(request_.on_reply);
    if (reply.status == 0) close();
    tell(std::move(reply));
    client_.take_up();
  }

  HttpClient& client_;
  int descriptor_ = -1;
  bool is_busy_ = false;
  bool is_fresh_ = false;
  HttpRequest request_;
  std::string out_;
  std::string in_;
};

HttpClient::HttpClient(Loop& loop, const Target& target, std::size_t connections)
    : loop_(loop), target_(target) {
  for (std::size_t i = 0; i < connections; ++i)
    connections_.push_back(std::make_unique<Connection>(*this));
}

HttpClient::~HttpClient() = default;

void HttpClient::send(HttpRequest request) {
  ++under_way_;
  waiting_.push_back(std::move(request));
  take_up();
}

void HttpClient::take_up() {
  for (auto& connection : connections_) {
    if (waiting_.empty()) return;
    if (!connection->is_free()) continue;
    auto request = std::move(waiting_.front());
    waiting_.pop_front();
    connection->take(std::move(request));
  }
}

}  // namespace knotos::bench
