#pragma once

#include <string>
#include <string_view>

namespace knotos::json_text {

/// The characters of a string token that a `Reader` has accepted, with its quotes. A lone surrogate
/// becomes U+FFFD.
[[nodiscard]] std::string unescaped(std::string_view token);

/// Appends a JSON string with its quotes. `text` is UTF-8; what is not ASCII stays as it is.
void append_string(std::string& out, std::string_view text);

}  // namespace knotos::json_text
