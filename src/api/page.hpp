#pragma once

#include "api/parameters.hpp"
#include "json/cursor.hpp"
#include "json/text.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

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

/// Which page of a list is wanted: after which position, and how much of it.
template <class Position>
struct PageQuery {
  std::optional<Position> after;
  std::size_t limit = 0;
};

/// Takes `limit` and `cursor`, which `decode` reads.
template <class Decode>
[[nodiscard]] auto page_query(Parameters& parameters, Decode decode) {
  const auto limit = parameters.limit();
  auto after = parameters.cursor(decode);
  return PageQuery<typename decltype(after)::value_type>{.after = std::move(after), .limit = limit};
}

/// Of a short list that is read whole, newest first: cuts it to the page that is wanted. Answers
/// the cursor of the next one; nullopt: there is none. `position_of` answers a
/// json::NewestFirstPosition.
template <class Items, class PositionOf>
[[nodiscard]] std::optional<std::string> cut_to_page(
    Items& items, const PageQuery<json::NewestFirstPosition>& query, PositionOf position_of) {
  const auto is_before = [](const auto& one, const auto& other) {
    return std::tie(other.created_at, one.key) < std::tie(one.created_at, other.key);
  };
  std::ranges::sort(items, is_before, position_of);
  if (query.after) {
    std::erase_if(items, [&](const auto& item) {
      return !is_before(*query.after, json::NewestFirstPosition(position_of(item)));
    });
  }
  if (items.size() <= query.limit) return std::nullopt;
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(query.limit), items.end());
  return json::encode_cursor(position_of(items.back()));
}

}  // namespace knotos::api
