#pragma once

#include "base/log.hpp"
#include "services/rate_limiter.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The values of settings as people write them. Each `parse_…` answers what is wrong, or nothing.
namespace knotos::app {

using Problem = std::optional<std::string>;

[[nodiscard]] Problem parse_value(std::string_view text, std::string& out);
[[nodiscard]] Problem parse_value(std::string_view text, std::size_t& out);
[[nodiscard]] Problem parse_value(std::string_view text, std::vector<std::string>& out);
[[nodiscard]] Problem parse_value(std::string_view text, std::chrono::milliseconds& out);
/// `20/10s`: count and window (ms, s, m, h); `0`: off. The burst stays as it was, but never over
/// the count.
[[nodiscard]] Problem parse_value(std::string_view text, Rate& out);
[[nodiscard]] Problem parse_value(std::string_view text, log::Level& out);
[[nodiscard]] Problem parse_value(std::string_view text, log::Format& out);

[[nodiscard]] std::string show_value(const std::string& value);
[[nodiscard]] std::string show_value(std::size_t value);
[[nodiscard]] std::string show_value(const std::vector<std::string>& value);
[[nodiscard]] std::string show_value(std::chrono::milliseconds value);
[[nodiscard]] std::string show_value(const Rate& value);
[[nodiscard]] std::string show_value(log::Level value);
[[nodiscard]] std::string show_value(log::Format value);

/// `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`.
[[nodiscard]] Problem parse_endpoint(std::string_view text, std::string& host, std::uint16_t& port);
[[nodiscard]] std::string show_endpoint(const std::string& host, std::uint16_t port);

/// A URL without the user and the password in it, for people and logs; any other text as it is.
[[nodiscard]] std::string without_secrets(std::string_view text);

}  // namespace knotos::app
