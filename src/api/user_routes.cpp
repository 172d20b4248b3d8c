#include "api/user_routes.hpp"

#include "api/page.hpp"
#include "api/parameters.hpp"
#include "json/cursor.hpp"
#include "json/write.hpp"

#include <algorithm>

namespace knotos::api {
namespace {

constexpr std::size_t kUsernameMax = 32;

/// The prefix as usernames are written; empty where no username can begin so.
std::string username_prefix(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const auto can_be = std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
  return can_be && text.size() <= kUsernameMax ? text : std::string();
}

}  // namespace

void UserRoutes::add_to(Router& router) {
  router.add({"GET", "/v1/users", Access::signed_in, handled_by(*this, &UserRoutes::find)});
}

Task<Result<Reply>> UserRoutes::find(CallPtr call) {
  Parameters parameters(*call);
  const auto limit = parameters.limit();
  const auto text = parameters.text("q").value_or(std::string());
  if (text.empty()) parameters.refuse("q", "required", "The beginning of a username is wanted.");
  auto after = parameters.cursor(json::decode_user_cursor).value_or(std::string());
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));

  auto prefix = username_prefix(text);
  std::vector<domain::User> users;
  if (!prefix.empty()) {
    // One more than asked for tells whether there is more.
    auto found = co_await accounts_.find_users(std::move(prefix), std::move(after), limit + 1);
    if (!found) co_return fail(std::move(found.error()));
    users = *std::move(found);
  }
  std::optional<std::string> next_cursor;
  if (users.size() > limit) {
    users.resize(limit);
    next_cursor = json::encode_user_cursor(users.back().username);
  }
  co_return json_reply(list_page(users, json::append_user, next_cursor));
}

}  // namespace knotos::api
