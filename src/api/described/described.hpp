#pragma once

#include <string_view>

namespace knotos::api {

/// The REST interface as OpenAPI 3.1, compiled from this folder at build time. Constant; any
/// thread.
[[nodiscard]] std::string_view openapi_json();
/// The events as AsyncAPI 3.0, likewise.
[[nodiscard]] std::string_view asyncapi_json();

}  // namespace knotos::api
