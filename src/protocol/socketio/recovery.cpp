#include "protocol/socketio/recovery.hpp"

#include "protocol/json_text/reader.hpp"
#include "protocol/json_text/strings.hpp"

#include <algorithm>

namespace knotos::socketio {
namespace {

using json_text::Reader;
using json_text::Token;

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr unsigned kDigitBits = 6;
constexpr std::size_t kShardDigits = 2;
/// Sixty bits: an event a nanosecond for thirty-six years.
constexpr std::size_t kSequenceDigitsMax = 10;

std::optional<std::uint64_t> read_number(std::string_view text) {
  std::uint64_t number = 0;
  for (const char character : text) {
    const auto digit = kDigits.find(character);
    if (digit == std::string_view::npos) return std::nullopt;
    number = number << kDigitBits | digit;
  }
  return number;
}

/// One of the two keys: its value if it is a text, and whether it was there at all.
struct Found {
  bool is_there = false;
  std::optional<std::string> text;

  void set(Token token, std::string_view value) {
    is_there = true;
    text = token == Token::string ? std::optional(json_text::unescaped(value)) : std::nullopt;
  }
};

}  // namespace

std::string offset_text(const Offset& offset) {
  std::string text;
  auto rest = offset.sequence;
  do {
    text += kDigits[rest % kDigits.size()];
    rest >>= kDigitBits;
  } while (rest > 0);
  text += kDigits[offset.shard % kDigits.size()];
  text += kDigits[(offset.shard >> kDigitBits) % kDigits.size()];
  std::ranges::reverse(text);
  return text;
}

std::optional<Offset> read_offset(std::string_view text) {
  if (text.size() <= kShardDigits || text.size() > kShardDigits + kSequenceDigitsMax) {
    return std::nullopt;
  }
  const auto sequence_text = text.substr(kShardDigits);
  if (sequence_text.size() > 1 && sequence_text.front() == kDigits.front()) return std::nullopt;
  const auto shard = read_number(text.substr(0, kShardDigits));
  const auto sequence = read_number(sequence_text);
  if (!shard || !sequence) return std::nullopt;
  return Offset{.shard = static_cast<std::uint32_t>(*shard), .sequence = *sequence};
}

std::optional<RecoveryClaim> read_claim(std::string_view payload) {
  Reader reader(payload, Reader::kDepthCeiling);
  Found pid;
  Found offset;
  Found* wanted = nullptr;
  for (auto token = reader.next();; token = reader.next()) {
    if (token == Token::end || token == Token::malformed || token == Token::too_deep) break;
    if (token == Token::key) {
      if (reader.depth() != 1) continue;
      const auto name = json_text::unescaped(reader.token_text());
      if (name == "pid") {
        wanted = &pid;
      } else if (name == "offset") {
        wanted = &offset;
      }
      continue;
    }
    if (wanted == nullptr) continue;
    wanted->set(token, reader.token_text());
    wanted = nullptr;
  }
  if (!pid.text || (offset.is_there && !offset.text)) return std::nullopt;
  return RecoveryClaim{.pid = *std::move(pid.text), .offset = std::move(offset.text)};
}

}  // namespace knotos::socketio
