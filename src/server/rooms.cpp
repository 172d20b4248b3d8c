#include "server/rooms.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <utility>

namespace knotos::server {

bool RoomTable::join(Socket& socket, std::string_view name) {
  auto found = by_name_.find(name);
  if (found == by_name_.end()) {
    std::uint32_t index = 0;
    if (free_.empty()) {
      index = static_cast<std::uint32_t>(rooms_.size());
      rooms_.emplace_back();
    } else {
      index = free_.back();
      free_.pop_back();
    }
    found = by_name_.emplace(std::string(name), index).first;
    rooms_[index].index = index;
    rooms_[index].name = &found->first;
  }
  const auto index = found->second;
  auto& room = rooms_[index];
  if (holds(room, index, socket)) return false;
  end_run(room);
  const auto place = static_cast<std::uint32_t>(socket.rooms_.size());
  const auto member = static_cast<std::uint32_t>(room.members.size());
  room.members.push_back({.socket = socket.handle_.slot, .place = place});
  socket.rooms_.push_back({.room = index, .member = member});
  return true;
}

bool RoomTable::leave(Socket& socket, std::string_view name) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return false;
  const auto place = std::ranges::find(socket.rooms_, found->second, &Socket::RoomPlace::room);
  if (place == socket.rooms_.end()) return false;
  leave_place(socket, static_cast<std::uint32_t>(place - socket.rooms_.begin()));
  return true;
}

void RoomTable::leave_all(Socket& socket) {
  while (!socket.rooms_.empty()) {
    leave_place(socket, static_cast<std::uint32_t>(socket.rooms_.size() - 1));
  }
  socket.rooms_.shrink_to_fit();
}

std::vector<std::string> RoomTable::names_of(const Socket& socket) const {
  std::vector<std::string> names;
  names.reserve(socket.rooms_.size());
  for (const auto& place : socket.rooms_) names.push_back(*rooms_[place.room].name);
  std::ranges::sort(names);
  return names;
}

std::span<const RoomTable::Member> RoomTable::members(std::string_view name) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return {};
  return rooms_[found->second].members;
}

RoomTable::Room* RoomTable::find(std::string_view name) {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &rooms_[found->second];
}

void RoomTable::end_run(Room& room) {
  if (!room.run) return;
  const auto run = std::exchange(room.run, {});
  run->close();
  for (const auto& member : room.members) {
    auto& socket = *sockets_.at(member.socket);
    if (socket.is_connected_) socket.last_event_ = std::max(socket.last_event_, run->last_event);
  }
}

void RoomTable::end_runs(const Socket& socket) {
  for (const auto& place : socket.rooms_) end_run(rooms_[place.room]);
}

bool RoomTable::holds(const Room& room, std::uint32_t index, const Socket& socket) const {
  // The shorter of the two lists tells.
  if (room.members.size() < socket.rooms_.size()) {
    return std::ranges::find(room.members, socket.handle_.slot, &Member::socket) !=
           room.members.end();
  }
  return std::ranges::find(socket.rooms_, index, &Socket::RoomPlace::room) != socket.rooms_.end();
}

void RoomTable::leave_place(Socket& socket, std::uint32_t place) {
  const auto [index, member] = socket.rooms_[place];
  auto& room = rooms_[index];
  end_run(room);
  // The last of each list moves into the gap, and its counterpart is told.
  if (member + 1 != room.members.size()) {
    room.members[member] = room.members.back();
    const auto& moved = room.members[member];
    sockets_.at(moved.socket)->rooms_[moved.place].member = member;
  }
  room.members.pop_back();
  if (place + 1 != socket.rooms_.size()) {
    socket.rooms_[place] = socket.rooms_.back();
    const auto& moved = socket.rooms_[place];
    rooms_[moved.room].members[moved.member].place = place;
  }
  socket.rooms_.pop_back();
  if (!room.members.empty()) return;
  by_name_.erase(by_name_.find(*room.name));
  room = {};
  free_.push_back(index);
}

}  // namespace knotos::server
