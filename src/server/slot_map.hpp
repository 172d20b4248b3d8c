#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace knotos::server {

/// Objects by number, with a generation that tells an object from its predecessor in the same slot.
/// On one shard. References stay good until the object is taken out.
template <class T>
class SlotMap {
 public:
  struct Key {
    std::uint32_t slot = 0;
    std::uint64_t generation = 0;  ///< 0: none.

    bool operator==(const Key&) const = default;
  };

  Key add(std::unique_ptr<T> object) {
    std::uint32_t slot = 0;
    if (free_.empty()) {
      slot = static_cast<std::uint32_t>(slots_.size());
      slots_.emplace_back();
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    slots_[slot] = {std::move(object), ++last_generation_};
    ++size_;
    return {slot, last_generation_};
  }

  [[nodiscard]] T* find(Key key) const {
    if (key.slot >= slots_.size() || slots_[key.slot].generation != key.generation) return nullptr;
    return slots_[key.slot].object.get();
  }
  /// Whatever is in the slot now.
  [[nodiscard]] T* at(std::uint32_t slot) const {
    return slot < slots_.size() ? slots_[slot].object.get() : nullptr;
  }

  [[nodiscard]] std::unique_ptr<T> take(std::uint32_t slot) {
    auto object = std::move(slots_[slot].object);
    slots_[slot].generation = 0;
    free_.push_back(slot);
    --size_;
    return object;
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  /// Above every slot in use.
  [[nodiscard]] std::uint32_t slots_end() const {
    return static_cast<std::uint32_t>(slots_.size());
  }

 private:
  struct Slot {
    std::unique_ptr<T> object;
    std::uint64_t generation = 0;
  };

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t last_generation_ = 0;
  std::size_t size_ = 0;
};

}  // namespace knotos::server
