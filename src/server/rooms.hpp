#pragma once

#include "server/packet_run.hpp"
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

  struct Room {
    std::uint32_t index = 0;
    const std::string* name = nullptr;  ///< The key of the table.
    std::vector<Member> members;
    Run run;                 ///< Of this turn; the members are those that it began with.
    std::uint64_t told = 0;  ///< The turn in which it was told something last.
  };

  explicit RoomTable(const SlotMap<Socket>& sockets) : sockets_(sockets) {}

  /// Twice is once. False: nothing changed.
  bool join(Socket& socket, std::string_view room);
  bool leave(Socket& socket, std::string_view room);
  void leave_all(Socket& socket);

  /// Good until somebody joins or leaves.
  [[nodiscard]] std::span<const Member> members(std::string_view room) const;
  /// Null: nobody is in it. Good until somebody joins or leaves.
  [[nodiscard]] Room* find(std::string_view room);
  [[nodiscard]] Room& at(std::uint32_t index) { return rooms_[index]; }
  [[nodiscard]] std::size_t size() const { return by_name_.size(); }
  /// Ends the room's run, if it has one: notes in its members what it told them.
  void end_run(Room& room);
  /// Of all rooms that the socket is in: before it begins to hear.
  void end_runs(const Socket& socket);
  /// Of the rooms that the socket is in, ascending.
  [[nodiscard]] std::vector<std::string> names_of(const Socket& socket) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  [[nodiscard]] bool holds(const Room& room, std::uint32_t index, const Socket& socket) const;
  void leave_place(Socket& socket, std::uint32_t place);

  const SlotMap<Socket>& sockets_;
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> by_name_;
  std::vector<Room> rooms_;
  std::vector<std::uint32_t> free_;
};

}  // namespace knotos::server
