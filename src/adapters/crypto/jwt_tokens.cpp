#include "adapters/crypto/jwt_tokens.hpp"

#include "base/assert.hpp"
#include "base/digest.hpp"

#include <sodium.h>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <optional>
#include <utility>

namespace knotos::adapters::crypto {
namespace {

namespace json = boost::json;

constexpr std::string_view kHeader = R"({"alg":"HS256","typ":"JWT"})";
/// The last second of the year 9999: beyond it times do not fit.
constexpr std::int64_t kLatestSecond = 253'402'300'799;

const std::string& encoded_header() {
  static const std::string encoded = base64url_encode(as_octets(kHeader));
  return encoded;
}

/// One text for whatever is wrong: who forges a token learns nothing.
std::unexpected<Error> not_ours() {
  return fail(Errc::unauthenticated, "The access token is not valid.");
}

std::int64_t seconds_of(Time time) {
  return std::chrono::ceil<std::chrono::seconds>(time).time_since_epoch().count();
}

template <class IdType>
std::optional<IdType> id_at(const json::object& claims, std::string_view name) {
  const auto* value = claims.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return IdType::parse(std::string_view(value->get_string()));
}

std::optional<Time> time_at(const json::object& claims, std::string_view name) {
  const auto* value = claims.if_contains(name);
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  const auto seconds = value->get_int64();
  if (seconds < 0 || seconds > kLatestSecond) return std::nullopt;
  return Time(std::chrono::seconds(seconds));
}

std::optional<ports::AccessClaims> parse_claims(std::string_view encoded) {
  std::string text;
  if (!base64url_decode(encoded, text)) return std::nullopt;
  boost::system::error_code ec;
  const auto parsed = json::parse(text, ec);
  if (ec || !parsed.is_object()) return std::nullopt;
  const auto& claims = parsed.get_object();
  const auto user_id = id_at<domain::UserId>(claims, "sub");
  const auto device_id = id_at<domain::DeviceId>(claims, "did");
  const auto issued_at = time_at(claims, "iat");
  const auto expires_at = time_at(claims, "exp");
  if (!user_id || !device_id || !issued_at || !expires_at) return std::nullopt;
  return ports::AccessClaims{
      .user_id = *user_id, .device_id = *device_id, .expires_at = *expires_at};
}

}  // namespace

JwtTokens::JwtTokens(Secret secret) : secret_(std::move(secret)) {
  KN_ASSERT(secret_.size() >= kSecretBytesMin);
}

JwtTokens::~JwtTokens() { sodium_memzero(secret_.data(), secret_.size()); }

std::string JwtTokens::issue(const ports::AccessClaims& claims) const {
  json::object body;
  body["sub"] = claims.user_id.to_string();
  body["did"] = claims.device_id.to_string();
  body["iat"] = std::chrono::floor<std::chrono::seconds>(now_utc()).time_since_epoch().count();
  body["exp"] = seconds_of(claims.expires_at);
  std::string token = encoded_header();
  token += '.';
  token += base64url_encode(as_octets(json::serialize(body)));
  const auto signature = sign(token);
  token += '.';
  token += base64url_encode(signature);
  return token;
}

Result<ports::AccessClaims> JwtTokens::verify(std::string_view token, Time now) const {
  if (token.size() > kTokenBytesMax) return not_ours();
  const auto header_end = token.find('.');
  const auto signature_at = token.rfind('.');
  if (header_end == std::string_view::npos || header_end == signature_at) return not_ours();
  if (token.substr(0, header_end) != encoded_header()) return not_ours();

  std::string signature;
  if (!base64url_decode(token.substr(signature_at + 1), signature)) return not_ours();
  const auto expected = sign(token.substr(0, signature_at));
  if (!equal_in_constant_time(as_octets(signature), expected)) return not_ours();

  auto claims = parse_claims(token.substr(header_end + 1, signature_at - header_end - 1));
  if (!claims) return not_ours();
  if (now >= claims->expires_at) return fail(Errc::token_expired);
  return *claims;
}

Sha256 JwtTokens::sign(std::string_view text) const {
  return hmac_sha256(secret_, as_octets(text));
}

}  // namespace knotos::adapters::crypto
