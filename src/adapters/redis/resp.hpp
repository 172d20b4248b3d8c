#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;

namespace knotos::adapters::redis {

/// One reply of the server (RESP2).
struct Reply {
  enum class Kind : std::uint8_t { text, error, number, list, none };
  Kind kind = Kind::none;
  std::string text;  ///< Of a string, a status or an error.
  std::int64_t number = 0;
  std::vector<Reply> items;

  [[nodiscard]] bool is_error() const { return kind == Kind::error; }
};

/// Appends a command in the form that servers read.
void append_command(std::string& out, std::span<const std::string_view> words);
void append_command(std::string& out, std::initializer_list<std::string_view> words);

/// Makes replies of bytes, by hiredis. Sans-I/O.
class ReplyReader {
 public:
  /// `unread_bytes_max`: more bytes than this without a whole reply are a fault.
  explicit ReplyReader(std::size_t unread_bytes_max);

  /// The next whole reply, if there is one. Errors: what is wrong with the bytes; nothing more can
  /// be read.
  [[nodiscard]] std::expected<std::optional<Reply>, std::string> next();
  void feed(std::string_view bytes);

 private:
  struct Free {
    void operator()(redisReader* reader) const;
  };
  std::unique_ptr<redisReader, Free> reader_;
  std::size_t unread_bytes_max_;
};

}  // namespace knotos::adapters::redis
