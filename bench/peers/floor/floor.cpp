// The floor: what a core can do at all. Bare epoll, just enough WebSocket and Socket.IO for
// `knotos bench --plain`, no authentication, no store, no limits. Each message is encoded once a
// room; a turn's messages of a room are one buffer that its members share, and each link gets one
// gathered write a turn. With --per-message each message is a write of its own, as most servers do
// it. With --pad N each message is delivered with N bytes more: as long as another server's.
#include "protocol/websocket/encoder.hpp"
#include "protocol/websocket/frame.hpp"
#include "protocol/websocket/handshake.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

using knotos::websocket::Opcode;

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kPiecesMax = 64;
constexpr int kEventsMax = 1024;

struct Link;

struct Room {
  std::vector<Link*> members;
  std::string frames;  ///< Of this turn.
  bool is_dirty = false;
};

struct Link {
  int descriptor = -1;
  bool is_open = false;  ///< The upgrade is done.
  bool is_dirty = false;
  bool is_blocked = false;
  std::string in;       ///< An unfinished frame.
  std::string own;      ///< Acks of this turn.
  std::string backlog;  ///< What the socket did not take.
  std::vector<Room*> rooms;
  std::vector<Room*> dirty_rooms;
};

class Floor {
 public:
  Floor(std::uint16_t port, bool is_per_message, std::size_t pad)
      : is_per_message_(is_per_message), pad_(pad, 'p') {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 4096) != 0) {
      std::perror("floor");
      std::exit(EXIT_FAILURE);
    }
    watch(nullptr, EPOLLIN, EPOLL_CTL_ADD);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, kEventsMax> events;
    while (true) {
      const int count = ::epoll_wait(epoll_, events.data(), kEventsMax, -1);
      for (int i = 0; i < count; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        auto* const link = static_cast<Link*>(event.data.ptr);
        if (link == nullptr) {
          accept_all();
          continue;
        }
        if ((event.events & EPOLLOUT) != 0U) mark_dirty(*link);
        if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0U) read(*link);
      }
      end_turn();
    }
  }

 private:
  void watch(Link* link, std::uint32_t what, int operation) const {
    epoll_event event{.events = what, .data = {.ptr = link}};
    ::epoll_ctl(epoll_, operation, link == nullptr ? listener_ : link->descriptor, &event);
  }

  void accept_all() {
    while (true) {
      const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (descriptor < 0) return;
      const int on = 1;
      ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto* const link = new Link;
      link->descriptor = descriptor;
      watch(link, EPOLLIN, EPOLL_CTL_ADD);
    }
  }

  void read(Link& link) {
    if (link.descriptor < 0) return;
    std::memcpy(buffer_.data(), link.in.data(), link.in.size());
    const auto got = ::recv(link.descriptor, buffer_.data() + link.in.size(), kReadBytes, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return close(link);
    const std::span<std::uint8_t> bytes(buffer_.data(),
                                        link.in.size() + static_cast<std::size_t>(got));
    const auto rest = bytes.subspan(link.is_open ? take_frames(link, bytes) : open(link, bytes));
    link.in.assign(reinterpret_cast<const char*>(rest.data()), rest.size());
  }

  std::size_t open(Link& link, std::span<const std::uint8_t> bytes) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    constexpr std::string_view kKey = "Sec-WebSocket-Key: ";
    const auto end = text.find("\r\n\r\n");
    const auto key = text.find(kKey);
    if (end == std::string_view::npos || key == std::string_view::npos) return 0;
    link.is_open = true;
    link.own =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Accept: " +
        knotos::websocket::accept_for(text.substr(key + kKey.size(), 24)) + "\r\n\r\n";
    add(link, R"(0{"sid":"floor","upgrades":[],"pingInterval":25000,"pingTimeout":20000})");
    return end + 4;
  }

  std::size_t take_frames(Link& link, std::span<std::uint8_t> bytes) {
    std::size_t taken = 0;
    while (link.descriptor >= 0) {
      const auto left = bytes.subspan(taken);
      if (left.size() < 6) break;
      std::size_t length = left[1] & 0x7FU;
      std::size_t header = 2;
      if (length == 126) {
        length = static_cast<std::size_t>(left[2]) << 8U | left[3];
        header = 4;
      }
      if (left.size() < header + 4 + length) break;
      knotos::websocket::MaskKey key = 0;
      std::memcpy(&key, left.data() + header, sizeof key);
      const auto payload = left.subspan(header + 4, length);
      knotos::websocket::apply_mask(payload, payload.data(), key, 0);
      taken += header + 4 + length;
      take_packet(link, {reinterpret_cast<const char*>(payload.data()), payload.size()});
    }
    return taken;
  }

  void take_packet(Link& link, std::string_view packet) {
    if (packet.starts_with("40")) {
      join_rooms(link, packet);
      return add(link, R"(40{"sid":"floor"})");
    }
    const auto array = packet.find('[');
    const auto object = packet.find('{');
    constexpr std::string_view kChat = R"("chatId":")";
    const auto chat = packet.find(kChat);
    if (!packet.starts_with("42") || chat == std::string_view::npos) return;
    add(link, "43" + std::string(packet.substr(2, array - 2)) + R"([{"ok":true}])");
    const auto room = rooms_.find(std::string(packet.substr(chat + kChat.size(), kIdBytes)));
    if (room == rooms_.end()) return;
    std::string delivery = R"(42["new_message",)";
    delivery += packet.substr(object);
    if (!pad_.empty()) delivery.insert(delivery.size() - 2, R"(,"pad":")" + pad_ + '"');
    say(*room->second, delivery);
  }

  /// The quoted ids in `40{"rooms":["…",…]}`.
  void join_rooms(Link& link, std::string_view packet) {
    for (auto at = packet.find('['); at < packet.size();) {
      const auto quote = packet.find('"', at);
      if (quote == std::string_view::npos) return;
      auto& room = rooms_[std::string(packet.substr(quote + 1, kIdBytes))];
      if (!room) room = std::make_unique<Room>();
      room->members.push_back(&link);
      link.rooms.push_back(room.get());
      at = quote + kIdBytes + 2;
    }
  }

  void add(Link& link, std::string_view packet) {
    knotos::websocket::append_frame(link.own, Opcode::text, packet);
    mark_dirty(link);
  }

  void say(Room& room, std::string_view packet) {
    knotos::websocket::append_frame(room.frames, Opcode::text, packet);
    if (is_per_message_) {
      for (auto* const member : room.members) write(*member, {&room.frames});
      room.frames.clear();
    } else if (!std::exchange(room.is_dirty, true)) {
      dirty_rooms_.push_back(&room);
    }
  }

  void mark_dirty(Link& link) {
    if (!std::exchange(link.is_dirty, true)) dirty_links_.push_back(&link);
  }

  void end_turn() {
    for (auto* const room : dirty_rooms_) {
      room->is_dirty = false;
      for (auto* const member : room->members) {
        member->dirty_rooms.push_back(room);
        mark_dirty(*member);
      }
    }
    for (auto* const link : dirty_links_) flush(*link);
    for (auto* const room : dirty_rooms_) room->frames.clear();
    dirty_rooms_.clear();
    dirty_links_.clear();
    for (auto* const link : std::exchange(gone_, {})) delete link;
  }

  void flush(Link& link) {
    link.is_dirty = false;
    pieces_.clear();
    auto backlog = std::exchange(link.backlog, {});
    pieces_.push_back(&backlog);
    auto own = std::exchange(link.own, {});
    pieces_.push_back(&own);
    for (auto* const room : std::exchange(link.dirty_rooms, {})) pieces_.push_back(&room->frames);
    write(link, pieces_);
  }

  void write(Link& link, const std::vector<const std::string*>& strings) {
    if (link.descriptor < 0) return;
    std::array<iovec, kPiecesMax> pieces;
    std::size_t count = 0;
    for (const auto* string : strings) {
      if (!string->empty() && count < kPiecesMax)
        pieces[count++] = {const_cast<char*>(string->data()), string->size()};
    }
    if (count == 0) return;
    const msghdr message{.msg_name = nullptr,
                         .msg_namelen = 0,
                         .msg_iov = pieces.data(),
                         .msg_iovlen = count,
                         .msg_control = nullptr,
                         .msg_controllen = 0,
                         .msg_flags = 0};
    auto sent = link.is_blocked && is_per_message_
                    ? 0
                    : ::sendmsg(link.descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) sent = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto taken = std::min(static_cast<std::size_t>(sent), pieces[i].iov_len);
      sent -= static_cast<ssize_t>(taken);
      link.backlog.append(static_cast<const char*>(pieces[i].iov_base) + taken,
                          pieces[i].iov_len - taken);
    }
    const bool is_blocked = !link.backlog.empty();
    if (std::exchange(link.is_blocked, is_blocked) != is_blocked)
      watch(&link, is_blocked ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
  }

  void close(Link& link) {
    ::close(std::exchange(link.descriptor, -1));
    for (auto* const room : link.rooms) std::erase(room->members, &link);
    mark_dirty(link);
    gone_.push_back(&link);
  }

  static constexpr std::size_t kIdBytes = 36;

  bool is_per_message_;
  std::string pad_;
  int epoll_ = ::epoll_create1(0);
  int listener_ = -1;
  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(2 * kReadBytes);
  std::unordered_map<std::string, std::unique_ptr<Room>> rooms_;
  std::vector<Room*> dirty_rooms_;
  std::vector<Link*> dirty_links_;
  std::vector<Link*> gone_;
  std::vector<const std::string*> pieces_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: bench-floor PORT [--per-message] [--pad BYTES]\n", stderr);
    return 2;
  }
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  bool is_per_message = false;
  std::size_t pad = 0;
  for (int i = 2; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--per-message") is_per_message = true;
    if (argument == "--pad" && i + 1 < argc) pad = std::strtoul(argv[++i], nullptr, 10);
  }
  Floor(static_cast<std::uint16_t>(std::atoi(argv[1])), is_per_message, pad).run();
}
