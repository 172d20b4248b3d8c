#include "bench/link.hpp"

#include "bench/frames.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace knotos::bench {

using websocket::Opcode;

namespace {

/// What all links read into.
constexpr std::size_t kReadBytes = 256 * 1024;
constexpr websocket::MaskKey kMaskKey = 0x5AC3'961E;
constexpr int kStalledReceiveBytes = 4096;

constexpr std::string_view kSessionReady = R"(42["session_ready",)";

std::string upgrade_request(const Target& target) {
  return "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: " + target.authority() +
         "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: a25vdG9zIGJlbmNoIGtleQ==\r\n\r\n";
}

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, std::min(text.find('\r'), std::size_t{200})));
}

}  // namespace

void Link::open(std::string auth, bool is_plain) {
  close();
  auth_ = std::move(auth);
  is_plain_ = is_plain;
  descriptor_ = begin_connecting(target_);
  if (descriptor_ < 0) return owner_.on_broken(*this, std::strerror(errno));
  state_ = State::upgrading;
  out_ = upgrade_request(target_);
  waits_to_write_ = true;
  loop_.watch(descriptor_, *this, EPOLLIN | EPOLLOUT);
}

void Link::close() {
  state_ = State::closed;
  in_ = {};
  out_ = {};
  waits_to_write_ = false;
  is_stalled_ = false;
  if (descriptor_ < 0) return;
  loop_.forget(descriptor_);
  ::close(std::exchange(descriptor_, -1));
}

void Link::send(std::uint32_t ack_id, std::string_view event) {
  std::string packet = "42";
  packet += std::to_string(ack_id);
  packet += event;
  queue(packet);
}

void Link::stall() {
  is_stalled_ = true;
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &kStalledReceiveBytes,
               sizeof kStalledReceiveBytes);
  loop_.change(descriptor_, *this, 0);
}

void Link::queue(std::string_view packet) {
  append_client_frame(out_, Opcode::text, packet, kMaskKey);
  if (std::exchange(is_flush_asked_, true)) return;
  loop_.ask_for_flush(*this);
}

void Link::on_flush() {
  is_flush_asked_ = false;
  if (descriptor_ >= 0 && !waits_to_write_) write();
}

void Link::write() {
  if (out_.empty()) return;
  const auto sent = ::send(descriptor_, out_.data(), out_.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR && errno != ENOTCONN)
    return fail(std::strerror(errno));
  if (sent > 0) out_.erase(0, static_cast<std::size_t>(sent));
  const bool waits = !out_.empty();
  if (std::exchange(waits_to_write_, waits) == waits || is_stalled_) return;
  loop_.change(descriptor_, *this, waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void Link::on_ready(std::uint32_t events) {
  if (descriptor_ < 0) return;
  if (is_stalled_) return close();  // The server has had enough of it, as it should.
  if ((events & EPOLLOUT) != 0U) {
    if (const auto error = socket_error(descriptor_); !error.empty()) return fail(error);
    write();
  }
  if (descriptor_ >= 0 && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0U) read();
}

void Link::read() {
  static thread_local std::string buffer(kReadBytes + kFramePayloadBytesMax + 16, '\0');
  std::memcpy(buffer.data(), in_.data(), in_.size());
  const auto got = ::recv(descriptor_, buffer.data() + in_.size(), kReadBytes, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got == 0) return fail("closed by the server");
  if (got < 0) return fail(std::strerror(errno));

  loop_.note_read();
  std::string_view bytes(buffer.data(), in_.size() + static_cast<std::size_t>(got));
  if (state_ == State::upgrading) bytes.remove_prefix(take_upgrade(bytes));
  if (state_ > State::upgrading) bytes.remove_prefix(take_frames(bytes));
  if (state_ == State::closed) return;
  // A string that held a frame once keeps its memory, so an idle link gives it back.
  if (bytes.empty()) {
    in_ = {};
  } else {
    in_.assign(bytes);
  }
}

std::size_t Link::take_upgrade(std::string_view bytes) {
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  if (!bytes.starts_with("HTTP/1.1 101")) {
    fail("upgrade refused: " + first_line(bytes));
    return 0;
  }
  state_ = State::opening;
  return end + 4;
}

std::size_t Link::take_frames(std::string_view bytes) {
  std::size_t taken = 0;
  while (state_ != State::closed) {
    ServerFrame frame;
    const auto fault = read_server_frame(bytes.substr(taken), frame);
    if (fault == FrameFault::incomplete) break;
    if (fault == FrameFault::broken) {
      fail("a frame that no Socket.IO server sends");
      break;
    }
    taken += frame.bytes;
    if (frame.opcode == Opcode::text) {
      take_packet(frame.payload);
    } else if (frame.opcode == Opcode::close) {
      fail("closed by the server");
    }
  }
  return taken;
}

void Link::take_packet(std::string_view packet) {
  if (packet.empty()) return;
  switch (packet[0]) {
    case '0':
      if (state_ != State::opening) return;
      state_ = State::joining;
      queue("40" + std::exchange(auth_, {}));
      return;
    case '2':
      return queue("3");
    case '4':
      return take_socket_packet(packet);
    case '1':
      return fail("closed by the server");
    default:
      return;
  }
}

void Link::take_socket_packet(std::string_view packet) {
  if (packet.size() < 2) return;
  switch (packet[1]) {
    case '0':
      if (state_ != State::joining) return;
      state_ = is_plain_ ? State::joined : State::greeting;
      if (is_plain_) owner_.on_joined(*this, {});
      return;
    case '1':
      return fail("DISCONNECT by the server");
    case '2':
      if (state_ == State::greeting && packet.starts_with(kSessionReady)) {
        state_ = State::joined;
        auto session = packet.substr(kSessionReady.size());
        session.remove_suffix(1);
        return owner_.on_joined(*this, session);
      }
      return owner_.on_event(*this, packet);
    case '3': {
      std::uint32_t ack_id = 0;
      std::from_chars(packet.data() + 2, packet.data() + packet.size(), ack_id);
      return owner_.on_ack(*this, ack_id, packet);
    }
    case '4':
      return fail("CONNECT refused: " + std::string(packet.substr(2, 200)));
    default:
      return;
  }
}

void Link::fail(std::string why) {
  close();
  owner_.on_broken(*this, why);
}

}  // namespace knotos::bench
