#pragma once

#include "ports/bus.hpp"

#include <variant>
#include <vector>

namespace knotos::test {

/// Keeps what was published, in order, and passes it on to nobody. One thread.
class RecordingBus final : public ports::Bus {
 public:
  void publish(ports::BusEvent event) override { events.push_back(std::move(event)); }

  [[nodiscard]] Task<Result<void>> join_chats(std::vector<domain::ChatId> /*chats*/) override {
    co_return Result<void>();
  }
  void leave_chat(domain::ChatId /*chat*/) override {}
  [[nodiscard]] Task<Result<void>> join_user(domain::UserId /*user*/) override {
    co_return Result<void>();
  }
  void leave_user(domain::UserId /*user*/) override {}
  [[nodiscard]] Task<Result<void>> join_presences(std::vector<domain::UserId> /*users*/) override {
    co_return Result<void>();
  }
  void leave_presence(domain::UserId /*user*/) override {}
  void listen(ports::BusListener* /*listener*/) override {}

  /// Those of one kind.
  template <class Event>
  [[nodiscard]] std::vector<Event> all() const {
    std::vector<Event> found;
    for (const auto& event : events) {
      if (const auto* of_kind = std::get_if<Event>(&event)) found.push_back(*of_kind);
    }
    return found;
  }

  std::vector<ports::BusEvent> events;
};

}  // namespace knotos::test
