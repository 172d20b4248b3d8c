#include "protocol/json_text/reader.hpp"

#include <algorithm>
#include <cstring>

namespace knotos::json_text {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101U;
constexpr std::uint64_t kHighs = 0x8080808080808080U;

constexpr bool is_digit(char character) { return character >= '0' && character <= '9'; }

constexpr bool is_hex(char character) {
  return is_digit(character) || (character >= 'a' && character <= 'f') ||
         (character >= 'A' && character <= 'F');
}

constexpr bool is_control(char character) { return static_cast<unsigned char>(character) < 0x20; }

constexpr std::uint64_t zero_bytes(std::uint64_t word) { return (word - kOnes) & ~word & kHighs; }

/// Whether none of eight characters is a quote, a backslash or a control character.
constexpr bool is_plain(std::uint64_t word) {
  const std::uint64_t controls = (word - kOnes * 0x20U) & ~word & kHighs;
  return (zero_bytes(word ^ kOnes * 0x22U) | zero_bytes(word ^ kOnes * 0x5CU) | controls) == 0;
}

}  // namespace

Reader::Reader(std::string_view text, std::size_t depth_max)
    : text_(text), depth_max_(std::min(depth_max, kDepthCeiling)) {}

Token Reader::next() {
  skip_blanks();
  begin_ = end_ = position_;
  switch (state_) {
    case State::value:
      return read_value();
    case State::first_element:
      return peek() == ']' ? close(false) : read_value();
    case State::first_key:
      return peek() == '}' ? close(true) : read_key();
    case State::after_value:
      return read_after_value();
    case State::ended:
      return position_ == text_.size() ? Token::end : fail(Token::malformed);
    case State::failed:
      break;
  }
  return fail(Token::malformed);
}

Token Reader::fail(Token token) {
  state_ = State::failed;
  return token;
}

Token Reader::read_value() {
  switch (peek()) {
    case '{':
      return open(true);
    case '[':
      return open(false);
    case '"':
      return end_scalar(skip_string(), Token::string);
    case 't':
      return end_scalar(skip_word("true"), Token::true_literal);
    case 'f':
      return end_scalar(skip_word("false"), Token::false_literal);
    case 'n':
      return end_scalar(skip_word("null"), Token::null_literal);
    default:
      return end_scalar(skip_number(), Token::number);
  }
}

Token Reader::read_key() {
  if (peek() != '"' || !skip_string()) return fail(Token::malformed);
  end_ = position_;
  skip_blanks();
  if (peek() != ':') return fail(Token::malformed);
  ++position_;
  state_ = State::value;
  return Token::key;
}

Token Reader::read_after_value() {
  switch (peek()) {
    case ']':
      return close(false);
    case '}':
      return close(true);
    case ',':
      break;
    default:
      return fail(Token::malformed);
  }
  ++position_;
  skip_blanks();
  begin_ = position_;
  return is_in_object() ? read_key() : read_value();
}

Token Reader::open(bool is_object) {
  if (depth_ == depth_max_) return fail(Token::too_deep);
  const std::uint64_t bit = std::uint64_t{1} << depth_ % 64;
  auto& word = is_object_[depth_ / 64];
  word = is_object ? word | bit : word & ~bit;
  ++depth_;
  end_ = ++position_;
  state_ = is_object ? State::first_key : State::first_element;
  return is_object ? Token::object_begin : Token::array_begin;
}

Token Reader::close(bool is_object) {
  if (is_in_object() != is_object) return fail(Token::malformed);
  --depth_;
  end_ = ++position_;
  state_ = depth_ == 0 ? State::ended : State::after_value;
  return is_object ? Token::object_end : Token::array_end;
}

Token Reader::end_scalar(bool is_well_formed, Token token) {
  if (!is_well_formed) return fail(Token::malformed);
  end_ = position_;
  state_ = depth_ == 0 ? State::ended : State::after_value;
  return token;
}

bool Reader::skip_word(std::string_view word) {
  if (!text_.substr(position_).starts_with(word)) return false;
  position_ += word.size();
  return true;
}

bool Reader::skip_string() {
  ++position_;
  while (true) {
    skip_plain_words();
    if (position_ == text_.size()) return false;
    const char character = text_[position_++];
    if (character == '"') return true;
    if (is_control(character)) return false;
    if (character == '\\' && !skip_escape()) return false;
  }
}

bool Reader::skip_escape() {
  if (position_ == text_.size()) return false;
  const char kind = text_[position_++];
  if (kind != 'u') return std::string_view("\"\\/bfnrt").contains(kind);
  const auto digits = text_.substr(position_, 4);
  position_ += digits.size();
  return digits.size() == 4 && std::ranges::all_of(digits, is_hex);
}

bool Reader::skip_number() {
  if (peek() == '-') ++position_;
  if (peek() == '0') {
    ++position_;
  } else if (!skip_digits()) {
    return false;
  }
  if (peek() == '.') {
    ++position_;
    if (!skip_digits()) return false;
  }
  if (peek() == 'e' || peek() == 'E') {
    ++position_;
    if (peek() == '+' || peek() == '-') ++position_;
    return skip_digits();
  }
  return true;
}

bool Reader::skip_digits() {
  const std::size_t begin = position_;
  while (is_digit(peek())) ++position_;
  return position_ != begin;
}

void Reader::skip_blanks() {
  while (position_ < text_.size() && std::string_view(" \t\n\r").contains(text_[position_])) {
    ++position_;
  }
}

void Reader::skip_plain_words() {
  std::uint64_t word = 0;
  while (text_.size() - position_ >= sizeof word) {
    std::memcpy(&word, text_.data() + position_, sizeof word);
    if (!is_plain(word)) break;
    position_ += sizeof word;
  }
}

bool Reader::is_in_object() const {
  const std::size_t level = depth_ - 1;
  return (is_object_[level / 64] >> level % 64 & 1U) != 0;
}

}  // namespace knotos::json_text
