#pragma once

#include "server/namespace_state.hpp"
#include "server/recovery_log.hpp"
#include "server/rooms.hpp"
#include "server/slot_map.hpp"
#include "server/socket.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace knotos::server {

/// One namespace on one shard. A dynamic one is gone with its last user.
class NamespaceShard {
 public:
  /// `log`: with connection state recovery.
  NamespaceShard(const NamespaceState& state, std::string_view name, bool is_dynamic,
                 const SlotMap<Socket>& sockets, std::unique_ptr<RecoveryLog> log)
      : state_(state),
        name_(name),
        is_dynamic_(is_dynamic),
        sockets_(sockets),
        rooms_(sockets),
        log_(std::move(log)) {}

  [[nodiscard]] const NamespaceState& state() const { return state_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] RoomTable& rooms() { return rooms_; }
  [[nodiscard]] const RoomTable& rooms() const { return rooms_; }
  /// Null without recovery.
  [[nodiscard]] RecoveryLog* log() const { return log_.get(); }
  void add_user() { ++users_; }
  /// True: nobody needs it any more.
  [[nodiscard]] bool drop_user() { return --users_ == 0 && is_dynamic_; }

  /// Slots of those that are connected, in no order.
  [[nodiscard]] std::span<const std::uint32_t> members() const { return members_; }
  void add_member(Socket& socket) {
    socket.place_ = static_cast<std::uint32_t>(members_.size());
    members_.push_back(socket.handle_.slot);
  }
  void drop_member(const Socket& socket) {
    const auto last = members_.back();
    members_[socket.place_] = last;
    if (last != socket.handle_.slot) sockets_.at(last)->place_ = socket.place_;
    members_.pop_back();
  }

 private:
  const NamespaceState& state_;
  std::string name_;
  bool is_dynamic_;
  std::size_t users_ = 0;
  std::vector<std::uint32_t> members_;
  const SlotMap<Socket>& sockets_;
  RoomTable rooms_;
  std::unique_ptr<RecoveryLog> log_;
};

}  // namespace knotos::server
