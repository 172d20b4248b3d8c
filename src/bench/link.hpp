#pragma once

#include "bench/loop.hpp"
#include "bench/target.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace knotos::bench {

class Link;

/// What a link tells. The views die when the call returns.
class LinkOwner {
 public:
  virtual ~LinkOwner() = default;
  /// It is in: CONNECT was answered, and by a Knotos server `session_ready` came, of which this is
  /// the argument.
  virtual void on_joined(Link& link, std::string_view session) = 0;
  /// `42…`, whole.
  virtual void on_event(Link& link, std::string_view packet) = 0;
  /// `43…`, whole, and the number in it.
  virtual void on_ack(Link& link, std::uint32_t ack_id, std::string_view packet) = 0;
  /// It ended without being asked to; it may be opened again.
  virtual void on_broken(Link& link, std::string_view why) = 0;
};

/// One Socket.IO client: WebSocket, Engine.IO, namespace `/`. On the loop's thread. Idle it holds
/// a descriptor and no buffer.
class Link final : public Watcher {
 public:
  Link(Loop& loop, const Target& target, LinkOwner& owner, std::uint32_t number)
      : loop_(loop), target_(target), owner_(owner), number_(number) {}
  ~Link() override { close(); }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// `auth` is the JSON of CONNECT. A plain server says no `session_ready`.
  void open(std::string auth, bool is_plain);
  void close();

  /// An event that asks for an ack of that number. `event` is `["name",{…}]`. Written at the end of
  /// the turn.
  void send(std::uint32_t ack_id, std::string_view event);

  /// From now on the peer is not read: a reader that has stalled.
  void stall();

  [[nodiscard]] bool is_joined() const { return state_ == State::joined; }
  [[nodiscard]] std::uint32_t number() const { return number_; }

  void on_ready(std::uint32_t events) override;
  void on_flush() override;

 private:
  enum class State : std::uint8_t { closed, upgrading, opening, joining, greeting, joined };

  void read();
  [[nodiscard]] std::size_t take_upgrade(std::string_view bytes);
  [[nodiscard]] std::size_t take_frames(std::string_view bytes);
  void take_packet(std::string_view packet);
  void take_socket_packet(std::string_view packet);
  void queue(std::string_view packet);
  void write();
  void fail(std::string why);

  Loop& loop_;
  const Target& target_;
  LinkOwner& owner_;
  std::uint32_t number_;
  int descriptor_ = -1;
  State state_ = State::closed;
  bool is_plain_ = false;
  bool is_stalled_ = false;
  bool is_flush_asked_ = false;
  bool waits_to_write_ = false;
  std::string auth_;
  std::string in_;  ///< An unfinished frame.
  std::string out_;
};

}  // namespace knotos::bench
