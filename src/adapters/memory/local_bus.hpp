#pragma once

#include "ports/bus.hpp"

#include <atomic>

namespace knotos::adapters::memory {

/// The bus of a process that stands alone: what is published is heard at once, on the publisher's
/// thread. Nothing is lost, doubled or reordered by it. Joining costs nothing and always works.
class LocalBus final : public ports::Bus {
 public:
  void publish(ports::BusEvent event) override;

  [[nodiscard]] Task<Result<void>> join_chats(std::vector<domain::ChatId> chats) override;
  void leave_chat(domain::ChatId chat) override;
  [[nodiscard]] Task<Result<void>> join_user(domain::UserId user) override;
  void leave_user(domain::UserId user) override;
  [[nodiscard]] Task<Result<void>> join_presences(std::vector<domain::UserId> users) override;
  void leave_presence(domain::UserId user) override;

  void listen(ports::BusListener* listener) override;

 private:
  std::atomic<ports::BusListener*> listener_{nullptr};
};

}  // namespace knotos::adapters::memory
