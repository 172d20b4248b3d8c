#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace knotos::adapters::mongo {

/// What is known of a write that did not succeed.
enum class Fate : std::uint8_t {
  not_done,  ///< It never left, or the server refused it.
  unknown,   ///< Its answer was lost, or it may not last: look before doing it again.
};

/// What MongoDB answered instead of doing it. Thrown inside this room only; its edge turns it into
/// an Error.
class Failure : public std::runtime_error {
 public:
  Failure(Fate fate, const std::string& what) : std::runtime_error(what), fate_(fate) {}

  [[nodiscard]] Fate fate() const { return fate_; }

 private:
  Fate fate_;
};

/// What is stored is not what this room has written. Nobody else is touched by it.
class Damage : public Failure {
 public:
  explicit Damage(const std::string& what) : Failure(Fate::not_done, what) {}
};

}  // namespace knotos::adapters::mongo
