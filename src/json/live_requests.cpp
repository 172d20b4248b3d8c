#include "json/live_requests.hpp"

#include <algorithm>

namespace knotos::json {

Result<domain::ChatId> typing_request(const Object& object) {
  Reader reader(object);
  const auto chat = reader.id<domain::ChatId>("chatId");
  if (auto checked = reader.finish(); !checked) return fail(std::move(checked.error()));
  return chat;
}

Result<std::vector<domain::UserId>> presence_request(const Object& object) {
  Reader reader(object);
  auto users = reader.ids<domain::UserId>("userIds", kPresenceUsersMax);
  if (auto checked = reader.finish(); !checked) return fail(std::move(checked.error()));
  std::ranges::sort(users);
  const auto repeated = std::ranges::unique(users);
  users.erase(repeated.begin(), repeated.end());
  return users;
}

Result<bool> client_state_request(const Object& object) {
  Reader reader(object);
  if (!reader.has("state")) (void)reader.text("state");
  const bool is_active = read_client_state(reader, "state");
  if (auto checked = reader.finish(); !checked) return fail(std::move(checked.error()));
  return is_active;
}

bool read_client_state(Reader& reader, std::string_view name) {
  const auto state = reader.optional_text(name);
  if (state && *state != "active" && *state != "background") {
    reader.refuse(name, "not-allowed", "The state is active or background.");
  }
  return state != "background";
}

}  // namespace knotos::json
