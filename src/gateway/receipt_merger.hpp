#pragma once

#include "ports/bus.hpp"
#include "server/timers.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <unordered_map>

namespace knotos::gateway {

/// Receipts of the chats whose home is this shard, merged: the first at once, then at most one in
/// `pause` for each chat, reader and kind, and always the last (SEMANTICS section 5). Watermarks
/// only rise, so a later one holds all that it replaces, and one that comes late is none. On the
/// home shard.
class ReceiptMerger {
 public:
  struct Limits {
    std::chrono::milliseconds pause{1'000};
    /// Readers that moved within the pause. Those beyond are not told: `sync` heals it.
    std::size_t readers_max = 100'000;
  };

  using Tell = std::function<void(const ports::ReceiptMoved& receipt)>;

  ReceiptMerger(server::Timers& timers, Limits limits, Tell tell);

  /// Of a chat with members here.
  void hear(const ports::ReceiptMoved& receipt);

  [[nodiscard]] std::size_t readers() const { return readers_.size(); }

 private:
  struct Key {
    domain::ChatId chat_id;
    domain::UserId user_id;
    bool is_read = false;

    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const;
  };
  struct Reader {
    domain::Seq told = 0;
    std::optional<ports::ReceiptMoved> waiting;
  };

  void tell(const ports::ReceiptMoved& receipt);
  void watch(const Key& key);
  void pass(const Key& key);

  server::Timers& timers_;
  Limits limits_;
  Tell tell_;
  std::unordered_map<Key, Reader, Hash> readers_;
};

}  // namespace knotos::gateway
