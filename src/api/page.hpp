#pragma once

#include "json/text.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace knotos::api {

/// `{"data": […], "page": {"nextCursor": …, "hasMore": …}}`. No cursor: the last page.
template <class Items, class AppendItem>
[[nodiscard]] std::string list_page(const Items& items, AppendItem append_item,
                                    const std::optional<std::string>& next_cursor) {
  std::string out;
  json::ObjectWriter object(out);
  object.array("data", items, append_item);
  json::append_page(object, next_cursor);
  object.close();
  return out;
}

}  // namespace knotos::api
