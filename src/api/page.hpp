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
  json::ObjectWriter page(object.value("page"));
  if (next_cursor) {
    page.text("nextCursor", *next_cursor);
  } else {
    page.null("nextCursor");
  }
  page.flag("hasMore", next_cursor.has_value());
  page.close();
  object.close();
  return out;
}

}  // namespace knotos::api
