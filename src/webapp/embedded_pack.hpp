#pragma once

#include <string_view>

namespace knotos::webapp {

/// The web client as it was when this binary was built; empty where it was built without one.
[[nodiscard]] std::string_view embedded_pack();

}  // namespace knotos::webapp
