#pragma once

#include "protocol/engineio/session.hpp"
#include "protocol/websocket/decoder.hpp"
#include "server/link.hpp"
#include "server/link_id.hpp"
#include "server/outbox.hpp"
#include "server/slot_map.hpp"
#include "server/timers.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace knotos::server {

class EngineShard;
struct EngineLink;

/// A request that waits on the shard of its connection. A value, so it may travel.
struct Ticket {
  std::uint32_t shard = 0;
  bool is_upgrade = false;
  std::uint64_t number = 0;  ///< 0: none.

  bool operator==(const Ticket&) const = default;
};

/// One WebSocket under a session, or on its way there. Owned by its link; when it is done with, it
/// is retired and freed at the end of the turn, so a call from it may end it.
class WebSocketTransport final : public LinkEvents {
 public:
  enum class Role : std::uint8_t {
    session,    ///< Carries its link.
    candidate,  ///< Probes.
    retired,    ///< Belongs to nobody; says nothing.
  };

  WebSocketTransport(EngineShard& shard, EngineLink* link, std::unique_ptr<Link> stream,
                     websocket::DecoderLimits limits, Role role)
      : role_(role), shard_(shard), link_(link), stream_(std::move(stream)), decoder_(limits) {}

  void on_bytes(std::span<const std::uint8_t> bytes) override;
  void on_writable() override;
  void on_end(LinkEnd end) override;

  [[nodiscard]] Role role() const { return role_; }
  void set_role(Role role) { role_ = role; }
  [[nodiscard]] EngineLink& link() const { return *link_; }
  [[nodiscard]] Link& stream() const { return *stream_; }
  [[nodiscard]] websocket::Decoder& decoder() { return decoder_; }
  /// The last write took less than all.
  [[nodiscard]] bool is_blocked() const { return is_blocked_; }
  void set_blocked(bool is_blocked) { is_blocked_ = is_blocked; }

 private:
  Role role_;
  bool is_blocked_ = false;
  EngineShard& shard_;
  EngineLink* link_;
  std::unique_ptr<Link> stream_;
  websocket::Decoder decoder_;
};

/// What the layer above keeps with a link.
class LinkAbove {
 public:
  virtual ~LinkAbove() = default;
};

using LinkKey = SlotMap<EngineLink>::Key;

/// One Engine.IO session with its transports and its queue, as its shard keeps it. A plain record:
/// `EngineShard` upholds what holds between the members.
struct EngineLink {
  EngineLink(const engineio::SessionTimes& times, engineio::Transport transport, SteadyTime now)
      : session(times, transport, now) {}

  engineio::Session session;
  LinkKey key;
  IdText sid{};
  bool is_dirty = false;       ///< In the list for the end of the turn.
  bool is_told = false;        ///< The layer above was told of the end.
  bool is_over = false;        ///< Not in the table any more.
  bool is_overflowed = false;  ///< Its queue was dropped in this turn.
  bool is_doomed = false;      ///< To be cut at the end of the turn.
  bool wants_base64 = false;
  std::uint16_t close_code = 0;  ///< For the close frame if it ends at once.
  Outbox outbox;
  std::unique_ptr<WebSocketTransport> websocket;
  std::unique_ptr<WebSocketTransport> candidate;
  Ticket poll;     ///< Of the last poll: parked, or its answer on the way.
  Ticket arrival;  ///< Of the POST whose body is on its way.
  Ticket upgrade;  ///< Of the request that becomes the candidate.
  Timers::Handle timer = 0;
  SteadyTime timer_at;
  std::string opener;  ///< See opener.hpp.
  std::unique_ptr<LinkAbove> above;
};

}  // namespace knotos::server
