#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// JSON as text: checked and sliced, never built.
namespace knotos::json_text {

enum class Token : std::uint8_t {
  object_begin,
  object_end,
  array_begin,
  array_end,
  key,
  string,
  number,
  true_literal,
  false_literal,
  null_literal,
  end,        ///< The text held exactly one value.
  malformed,  ///< Not JSON (RFC 8259), and nothing follows.
  too_deep,   ///< More levels than allowed, and nothing follows.
};

/// Walks over one JSON text, strict in its grammar and liberal in its values: numbers are not
/// evaluated, so `1e400` and integers of any length pass; escapes are not joined, so lone
/// surrogates and `\u0000` pass; repeated keys pass.
///
/// Boost.JSON's basic_parser cannot do this: 1.81 has no `allow_invalid_utf16` (it came with 1.82),
/// so it refuses lone surrogates, and it always evaluates numbers.
///
/// The text must be UTF-8 already (both transports see to it) and outlive the reader. No recursion,
/// no allocation, time linear in the bytes.
class Reader {
 public:
  /// No limit above this one is honoured.
  static constexpr std::size_t kDepthCeiling = 512;
  static constexpr std::size_t kDepthMax = 96;

  explicit Reader(std::string_view text, std::size_t depth_max = kDepthMax);

  [[nodiscard]] Token next();

  /// Where the last token lies. Strings and keys with their quotes.
  [[nodiscard]] std::size_t token_begin() const { return begin_; }
  [[nodiscard]] std::size_t token_end() const { return end_; }
  [[nodiscard]] std::string_view token_text() const { return text_.substr(begin_, end_ - begin_); }
  /// Arrays and objects that are open after the last token.
  [[nodiscard]] std::size_t depth() const { return depth_; }

 private:
  enum class State : std::uint8_t {
    value,
    first_element,  ///< A value, or the end of the array.
    first_key,      ///< A key, or the end of the object.
    after_value,
    ended,
    failed,
  };

  [[nodiscard]] Token fail(Token token);
  [[nodiscard]] Token read_value();
  [[nodiscard]] Token read_key();
  [[nodiscard]] Token read_after_value();
  [[nodiscard]] Token open(bool is_object);
  [[nodiscard]] Token close(bool is_object);
  [[nodiscard]] Token end_scalar(bool is_well_formed, Token token);
  [[nodiscard]] bool skip_word(std::string_view word);
  [[nodiscard]] bool skip_string();
  [[nodiscard]] bool skip_escape();
  [[nodiscard]] bool skip_number();
  [[nodiscard]] bool skip_digits();
  void skip_blanks();
  void skip_plain_words();
  /// The next character; NUL at the end, which is none that JSON knows.
  [[nodiscard]] char peek() const { return position_ < text_.size() ? text_[position_] : '\0'; }
  [[nodiscard]] bool is_in_object() const;

  std::string_view text_;
  std::size_t depth_max_;
  std::size_t position_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t depth_ = 0;
  State state_ = State::value;
  std::array<std::uint64_t, kDepthCeiling / 64> is_object_{};  ///< One bit a level.
};

}  // namespace knotos::json_text
