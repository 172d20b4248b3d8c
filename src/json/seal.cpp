#include "json/seal.hpp"

#include "base/digest.hpp"

#include <algorithm>

namespace knotos::json {
namespace {

/// The first byte: raised when the form changes, so that an old cursor is refused and not misread.
constexpr char kVersion = 1;
constexpr std::size_t kChecksumBytes = 8;
/// Longer than any cursor of ours.
constexpr std::size_t kCursorBytesMax = 512;
/// Not a secret: it only keeps other checksums from passing for ours.
constexpr std::string_view kChecksumKey = "knotos cursor";

std::string checksum_of(std::string_view body) {
  const auto digest = hmac_sha256(as_octets(kChecksumKey), as_octets(body));
  return {reinterpret_cast<const char*>(digest.data()), kChecksumBytes};
}

}  // namespace

std::string seal(char kind, std::string_view position) {
  std::string body{kVersion, kind};
  body += position;
  body += checksum_of(body);
  return base64url_encode(as_octets(body));
}

std::optional<std::string> unseal(char kind, std::string_view text) {
  std::string body;
  if (text.size() > kCursorBytesMax || !base64url_decode(text, body)) return std::nullopt;
  if (body.size() < 2 + kChecksumBytes) return std::nullopt;
  const auto checksum = body.substr(body.size() - kChecksumBytes);
  body.resize(body.size() - kChecksumBytes);
  if (body[0] != kVersion || body[1] != kind || checksum != checksum_of(body)) return std::nullopt;
  return body.substr(2);
}

void append_number(std::string& out, std::uint64_t number, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) {
    out += static_cast<char>((number >> (8 * i)) & 0xffU);
  }
}

std::uint64_t take_number(std::string_view& text, std::size_t bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    number |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
  }
  text.remove_prefix(bytes);
  return number;
}

void append_time(std::string& out, Time time) {
  append_number(out, static_cast<std::uint64_t>(time.time_since_epoch().count()), 8);
}

Time take_time(std::string_view& text) {
  return Time(Milliseconds(static_cast<std::int64_t>(take_number(text, 8))));
}

void append_bytes(std::string& out, const Uuid& uuid) {
  out.append(uuid.bytes.begin(), uuid.bytes.end());
}

Uuid take_uuid(std::string_view& text) {
  Uuid uuid;
  std::ranges::copy(as_octets(text.substr(0, uuid.bytes.size())), uuid.bytes.begin());
  text.remove_prefix(uuid.bytes.size());
  return uuid;
}

std::unexpected<Error> refuse_cursor() {
  return fail_field("/cursor", "malformed", "A cursor is taken as a page gave it, or left out.");
}

}  // namespace knotos::json
