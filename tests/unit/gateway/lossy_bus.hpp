#pragma once

#include "ports/bus.hpp"
#include "support/seeded_random.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace knotos::test {

/// A bus between processes that drops, doubles and reorders, as the port allows. What is published
/// waits until the test lets it arrive. One thread.
class LossyMedium {
 public:
  explicit LossyMedium(SeededRandom& random) : random_(random) {}

  void join(ports::BusListener* listener) { listeners_.push_back(listener); }
  void set_reliable(bool is_on) { is_reliable_ = is_on; }
  [[nodiscard]] bool is_reliable() const { return is_reliable_; }

  void publish(const ports::BusEvent& event) {
    for (auto* listener : listeners_) {
      // What concerns sessions, memberships and private changes is not repaired by a gap, so here
      // it always comes, once or twice.
      const bool may_suffer = !is_reliable_ && is_repaired(event);
      const bool may_double = !is_reliable_ && !std::holds_alternative<ports::ChatAdded>(event);
      const auto copies = may_suffer ? random_.below(3) : 1 + (may_double ? random_.below(2) : 0);
      for (std::size_t i = 0; i < copies; ++i) waiting_.emplace_back(listener, event);
    }
  }

  /// Something makes good for its loss: the store, a timer, or the next one of its kind.
  static bool is_repaired(const ports::BusEvent& event) {
    return std::holds_alternative<ports::ChatChanged>(event) ||
           std::holds_alternative<ports::TypingChanged>(event) ||
           std::holds_alternative<ports::ReceiptMoved>(event) ||
           std::holds_alternative<ports::PresenceChanged>(event);
  }

  /// Lets one event arrive: any, or the oldest while the bus is reliable. False: none waits.
  bool deliver_one() {
    if (waiting_.empty()) return false;
    const auto at = static_cast<std::ptrdiff_t>(is_reliable_ ? 0 : random_.below(waiting_.size()));
    auto [listener, event] = std::move(waiting_[static_cast<std::size_t>(at)]);
    waiting_.erase(waiting_.begin() + at);
    listener->hear(std::move(event));
    return true;
  }

 private:
  SeededRandom& random_;
  bool is_reliable_ = false;
  std::vector<ports::BusListener*> listeners_;
  std::vector<std::pair<ports::BusListener*, ports::BusEvent>> waiting_;
};

/// One process's end of it. Its own publications take the same road, so that no order is better
/// than another's.
class LossyBus final : public ports::Bus {
 public:
  explicit LossyBus(LossyMedium& medium) : medium_(medium) {}

  void publish(ports::BusEvent event) override { medium_.publish(event); }
  Task<Result<void>> join_chat(domain::ChatId chat) override {
    (void)chat;
    co_return Result<void>();
  }
  void leave_chat(domain::ChatId) override {}
  Task<Result<void>> join_user(domain::UserId user) override {
    (void)user;
    co_return Result<void>();
  }
  void leave_user(domain::UserId) override {}
  Task<Result<void>> join_presence(domain::UserId user) override {
    (void)user;
    co_return Result<void>();
  }
  void leave_presence(domain::UserId) override {}
  void listen(ports::BusListener* listener) override {
    if (listener != nullptr) medium_.join(listener);
  }

 private:
  LossyMedium& medium_;
};

}  // namespace knotos::test
