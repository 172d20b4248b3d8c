#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What cursors are made of: bytes of a kind, closed with a checksum.
namespace knotos::json {

/// `kind` tells cursors of one list from those of others.
[[nodiscard]] std::string seal(char kind, std::string_view position);
/// The position inside; nullopt where it is no such cursor.
[[nodiscard]] std::optional<std::string> unseal(char kind, std::string_view text);

/// The lowest `bytes` of the number, the lowest first.
void append_number(std::string& out, std::uint64_t number, std::size_t bytes);
/// Pre: `text` has as many bytes.
[[nodiscard]] std::uint64_t take_number(std::string_view& text, std::size_t bytes);
void append_time(std::string& out, Time time);
[[nodiscard]] Time take_time(std::string_view& text);
void append_bytes(std::string& out, const Uuid& uuid);
[[nodiscard]] Uuid take_uuid(std::string_view& text);

/// validation_failed at /cursor.
[[nodiscard]] std::unexpected<Error> refuse_cursor();

}  // namespace knotos::json
