#pragma once

#include <source_location>
#include <string_view>

namespace knotos::detail {

/// Logs where an invariant broke, and aborts.
[[noreturn]] void assertion_failed(std::string_view expression, std::source_location where);

}  // namespace knotos::detail

/// A bug if false: logs and aborts, in release too. Never for anything that a client, peer or
/// stored row can cause.
#define KN_ASSERT(expression) \
  ((expression)               \
       ? static_cast<void>(0) \
       : ::knotos::detail::assertion_failed(#expression, std::source_location::current()))
