#pragma once

#include "base/time.hpp"
#include "server/link_id.hpp"
#include "server/name_space.hpp"
#include "server/recovery_log.hpp"
#include "server/slot_map.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace knotos::server {

/// A session of connection state recovery, named by its pid, from CONNECT until it can be recovered
/// no more. On one shard: the one whose socket it has, or had last. The pid names the shard and
/// slot where it began, its home, which knows where it has gone since.
struct Session {
  enum class State : std::uint8_t {
    live,        ///< Its socket is connected.
    kept,        ///< Its link was lost.
    in_transit,  ///< A socket that takes it up is being asked for.
    elsewhere,   ///< On another shard; this is its home.
  };
  /// Of a live socket: a room joined or left, and the event before which that was.
  struct RoomChange {
    std::uint64_t sequence = 0;
    std::size_t room = 0;  ///< Hash of its name.
    bool is_join = false;
  };
  struct Kept {
    KeptSession session;
    SteadyTime at;
    std::uint64_t end = 0;   ///< The next event when it was lost.
    std::uint64_t last = 0;  ///< The last event that was for it before that.
  };
  using Key = SlotMap<Session>::Key;

  State state = State::live;
  IdText pid{};
  IdText id{};
  Key key;
  NamespaceShard* name_space = nullptr;  ///< Null elsewhere.
  SocketHandle socket;                   ///< Of the live one.
  std::uint64_t start = 0;               ///< The first event that may be for it.
  std::uint64_t trusted_from = 0;        ///< Events before it were dropped for a slow reader.
  std::uint64_t changes_from = 0;        ///< Who was in which room before it is not known.
  std::optional<std::string> base;       ///< What the client had when it came to this shard.
  std::vector<RoomChange> changes;
  std::unique_ptr<Kept> kept;  ///< In the states kept and in_transit.
  std::uint32_t elsewhere_shard = 0;
  Key elsewhere_key;
};

/// So many changes of rooms are remembered; with more, what came before them is in doubt.
inline constexpr std::size_t kRoomChangesMax = 8;

void note_room_change(Session& session, std::uint64_t next, std::string_view room, bool is_join);

/// The events of the log that a kept session has missed, ascending. `offset`: of the last one it
/// had. nullopt: something could be missing, or the offset makes no sense here.
[[nodiscard]] std::optional<std::vector<std::uint64_t>> missed_events(
    const Session& session, const RecoveryLog& log, std::uint32_t shard,
    const std::optional<std::string>& offset);

/// Whether the rooms, ascending, make one who has them and the id hear of it.
[[nodiscard]] bool is_meant(const Audience& audience, const std::vector<std::string>& rooms,
                            std::string_view id);

}  // namespace knotos::server
