#pragma once

#include "server/server.hpp"
#include "server/slot_map.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace knotos::server {

/// The rooms of one namespace on one shard: names to dense lists of sockets. A membership is 16
/// bytes, 8 here and 8 in the socket, and each knows the other's place: leaving costs the same in a
/// room of any size. A room is there while it has members.
class RoomTable {
 public:
  struct Member {
    std::uint32_t socket;  ///< Slot.
    std::uint32_t place;   ///< In the socket's list of rooms.
  };

  explicit RoomTable(const SlotMap<Socket>& sockets) : sockets_(sockets) {}

  /// Twice is once. False: nothing changed.
  bool join(Socket& socket, std::string_view room);
  bool leave(Socket& socket, std::string_view room);
  void leave_all(Socket& socket);

  /// Good until somebody joins or leaves.
  [[nodiscard]] std::span<const Member> members(std::string_view room) const;
  [[nodiscard]] std::size_t size() const { return by_name_.size(); }
  /// Of the rooms that the socket is in, ascending.
  [[nodiscard]] std::vector<std::string> names_of(const Socket& socket) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct Room {
    const std::string* name = nullptr;  ///< The key in `by_name_`.
    std::vector<Member> members;
  };

  [[nodiscard]] bool holds(const Room& room, std::uint32_t index, const Socket& socket) const;
  void leave_place(Socket& socket, std::uint32_t place);

  const SlotMap<Socket>& sockets_;
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> by_name_;
  std::vector<Room> rooms_;
  std::vector<std::uint32_t> free_;
};

}  // namespace knotos::server
