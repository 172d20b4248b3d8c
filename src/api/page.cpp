#include "api/page.hpp"

namespace knotos::api {

NewestFirstQuery newest_first_query(Parameters& parameters) {
  NewestFirstQuery query;
  query.limit = parameters.limit();
  if (const auto cursor = parameters.text("cursor")) {
    auto position = json::decode_newest_first_cursor(*cursor);
    if (!position) parameters.refuse_all(position.error());
    if (position) query.after = *std::move(position);
  }
  return query;
}

}  // namespace knotos::api
