#pragma once

#include "base/assert.hpp"
#include "json/bus_codec.hpp"
#include "ports/bus.hpp"
#include "support/fake_clock.hpp"
#include "support/seeded_random.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>
#include <variant>
#include <vector>

namespace knotos::test {

/// A bus between processes that drops, doubles and reorders, as the port allows. What is published
/// waits, as the text that travels, until the test lets it arrive. One thread.
class LossyMedium {
 public:
  explicit LossyMedium(SeededRandom& random) : random_(random) {}

  void join(ports::BusListener* listener) { listeners_.push_back(listener); }
  void set_reliable(bool is_on) { is_reliable_ = is_on; }
  [[nodiscard]] bool is_reliable() const { return is_reliable_; }
  /// Nothing of what waits arrives.
  void lose_all() { waiting_.clear(); }

  void publish(const ports::BusEvent& event) {
    if (const auto* settings = std::get_if<ports::SettingsChanged>(&event)) {
      auto& last = last_settings_[settings->user_id];
      last = std::max(last, settings->user_rev);
    }
    const auto envelope = writer_.encode(event);
    for (auto* listener : listeners_) {
      const auto copies = is_reliable_ ? 1 : random_.below(3);
      for (std::size_t i = 0; i < copies; ++i) waiting_.emplace_back(listener, envelope);
    }
  }

  /// The last change of the user's settings that was published; 0: none.
  [[nodiscard]] domain::UserRev last_settings(domain::UserId user) const {
    const auto at = last_settings_.find(user);
    return at == last_settings_.end() ? 0 : at->second;
  }

  /// Lets one event arrive: any, or the oldest while the bus is reliable. False: none waits.
  bool deliver_one() {
    if (waiting_.empty()) return false;
    const auto at = static_cast<std::ptrdiff_t>(is_reliable_ ? 0 : random_.below(waiting_.size()));
    const auto [listener, envelope] = std::move(waiting_[static_cast<std::size_t>(at)]);
    waiting_.erase(waiting_.begin() + at);
    auto event = reader_.decode(envelope.channel, envelope.text);
    KN_ASSERT(event.has_value());
    listener->hear(std::move(*event));
    return true;
  }

 private:
  SeededRandom& random_;
  bool is_reliable_ = false;
  std::vector<ports::BusListener*> listeners_;
  std::vector<std::pair<ports::BusListener*, ports::BusEnvelope>> waiting_;
  std::map<domain::UserId, domain::UserRev> last_settings_;
  FakeClock clock_;
  json::BusCodec writer_{"writer", clock_, {}};
  json::BusCodec reader_{"reader", clock_, {}};
};

/// One process's end of it. Its own publications take the same road, so that no order is better
/// than another's.
class LossyBus final : public ports::Bus {
 public:
  explicit LossyBus(LossyMedium& medium) : medium_(medium) {}

  void publish(ports::BusEvent event) override { medium_.publish(event); }
  Task<Result<void>> join_chats(std::vector<domain::ChatId> chats) override {
    (void)chats;
    co_return Result<void>();
  }
  void leave_chat(domain::ChatId) override {}
  Task<Result<void>> join_user(domain::UserId user) override {
    (void)user;
    co_return Result<void>();
  }
  void leave_user(domain::UserId) override {}
  Task<Result<void>> join_presences(std::vector<domain::UserId> users) override {
    (void)users;
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
