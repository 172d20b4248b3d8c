#pragma once

#include <stdexcept>
#include <string>

namespace knotos::adapters::sqlite {

/// What SQLite answered instead of doing it. Thrown inside this room only; its edge turns it into
/// an Error.
class Failure : public std::runtime_error {
 public:
  Failure(int code, const std::string& what) : std::runtime_error(what), code_(code) {}

  /// SQLite's extended result code.
  [[nodiscard]] int code() const { return code_; }
  [[nodiscard]] int primary_code() const { return code_ & 0xff; }

 private:
  int code_;
};

}  // namespace knotos::adapters::sqlite
