#include "domain/user.hpp"

#include "base/names.hpp"

#include <algorithm>

namespace knotos::domain {
namespace {

constexpr Names<Audience, 3> kAudiences{{
    {Audience::everyone, "everyone"},
    {Audience::contacts, "contacts"},
    {Audience::nobody, "nobody"},
}};

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }

bool is_username_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

}  // namespace

std::string_view name_of(Audience audience) { return name_in(kAudiences, audience); }

std::optional<Audience> parse_audience(std::string_view name) { return find_in(kAudiences, name); }

Result<void> check_username(std::string_view username) {
  if (username.size() < 3)
    return fail_field("/username", "too-short", "A username has at least 3 characters.");
  if (username.size() > 32)
    return fail_field("/username", "too-long", "A username has at most 32 characters.");
  if (!std::ranges::all_of(username, is_username_character)) {
    return fail_field("/username", "malformed", "A username is made of a-z, 0-9, '_' and '.'.");
  }
  return {};
}

Result<void> check_password(std::string_view password) {
  if (password.size() < kPasswordBytesMin) {
    return fail_field("/password", "too-short", "A password has at least 8 characters.");
  }
  if (password.size() > kPasswordBytesMax) {
    return fail_field("/password", "too-long", "A password has at most 1024 bytes.");
  }
  return {};
}

Result<void> check_display_name(std::string_view text, std::string_view pointer) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return fail_field(std::string(pointer), "too-short", "The name must not be empty.");
  }
  if (count_code_points(text) > kDisplayNameCodePointsMax) {
    return fail_field(std::string(pointer), "too-long", "The name has at most 64 characters.");
  }
  return {};
}

Result<void> check_about(std::string_view text) {
  if (count_code_points(text) > kAboutCodePointsMax) {
    return fail_field("/about", "too-long", "It has at most 256 characters.");
  }
  return {};
}

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return !is_continuation(c); }));
}

std::string_view first_code_points(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  while (at < text.size()) {
    if (!is_continuation(text[at])) {
      if (count == 0) break;
      --count;
    }
    ++at;
  }
  return text.substr(0, at);
}

}  // namespace knotos::domain
