#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

/// Structured logs: an event named by a short constant sentence, and fields. Never a secret, never
/// message content. Any thread may log.
namespace knotos::log {

enum class Level : std::uint8_t { debug, info, warning, error, critical, off };
enum class Format : std::uint8_t { text, json };

/// A named value. Strings are borrowed until the call returns.
class Field {
 public:
  Field(std::string_view name, std::string_view value) : name_(name), text_(value) {}
  Field(std::string_view name, const std::string& value) : Field(name, std::string_view(value)) {}
  Field(std::string_view name, const char* value) : Field(name, std::string_view(value)) {}
  Field(std::string_view name, std::integral auto value)
      : name_(name), owned_(std::to_string(value)), is_text_(false) {}
  Field(std::string_view name, bool value)
      : name_(name), owned_(value ? "true" : "false"), is_text_(false) {}

  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] std::string_view value() const {
    return is_text_ ? text_ : std::string_view(owned_);
  }
  [[nodiscard]] bool is_text() const { return is_text_; }

 private:
  std::string_view name_;
  std::string_view text_;
  std::string owned_;
  bool is_text_ = true;
};

using Fields = std::initializer_list<Field>;

/// Once, before the first thread is started. Writes to standard error.
void configure(Level level, Format format);
[[nodiscard]] bool enabled(Level level);
void write(Level level, std::string_view event, Fields fields);
void flush();

inline void debug(std::string_view event, Fields fields = {}) {
  write(Level::debug, event, fields);
}
inline void info(std::string_view event, Fields fields = {}) { write(Level::info, event, fields); }
inline void warning(std::string_view event, Fields fields = {}) {
  write(Level::warning, event, fields);
}
inline void error(std::string_view event, Fields fields = {}) {
  write(Level::error, event, fields);
}
inline void critical(std::string_view event, Fields fields = {}) {
  write(Level::critical, event, fields);
}

}  // namespace knotos::log
