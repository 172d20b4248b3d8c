#include "json/log_requests.hpp"

#include <algorithm>
#include <utility>

namespace knotos::json {
namespace {

template <class T>
Result<T> finished(Reader& reader, T value) {
  if (auto checked = reader.finish(); !checked) return fail(std::move(checked.error()));
  return value;
}

template <class IdType>
std::vector<IdType> each_once(std::vector<IdType> ids) {
  std::vector<IdType> once;
  for (const auto& id : ids) {
    if (std::ranges::find(once, id) == once.end()) once.push_back(id);
  }
  return once;
}

}  // namespace

Result<services::MessageService::Reacting> react_request(const Object& object) {
  Reader reader(object);
  services::MessageService::Reacting reacting;
  reacting.chat_id = reader.id<domain::ChatId>("chatId");
  reacting.message_id = reader.id<domain::MessageId>("messageId");
  reacting.emoji = reader.text("emoji");
  const auto op = reader.optional_text("op").value_or("add");
  if (op != "add" && op != "remove") {
    reader.refuse("op", "not-allowed", "One of add and remove.");
  }
  reacting.adds = op == "add";
  if (const auto checked = domain::check_emoji(reacting.emoji); !checked) {
    reader.refuse_all(checked.error());
  }
  return finished(reader, std::move(reacting));
}

Result<PinRequest> pin_request(const Object& object) {
  Reader reader(object);
  PinRequest request;
  request.chat_id = reader.id<domain::ChatId>("chatId");
  request.message_id = reader.id<domain::MessageId>("messageId");
  return finished(reader, request);
}

Result<ForwardBody> forward_body(const Object& object) {
  Reader reader(object);
  ForwardBody body;
  body.chat_ids = each_once(reader.ids<domain::ChatId>("chatIds", domain::kForwardChatsMax));
  if (auto key = reader.optional_text("clientMessageId")) {
    if (!domain::is_client_message_id(*key)) {
      reader.refuse("clientMessageId", "malformed", "1 to 64 of A-Z, a-z, 0-9, '_' and '-'.");
    }
    body.client_message_id = *std::move(key);
  }
  if (auto checked = reader.finish(); !checked) return fail(std::move(checked.error()));
  if (body.chat_ids.empty()) return fail_field("/chatIds", "required", "To which chats?");
  return body;
}

Result<std::vector<domain::UserId>> members_body(const Object& object, std::size_t members_max) {
  Reader reader(object);
  auto ids = reader.ids<domain::UserId>("memberIds", members_max);
  if (auto checked = reader.finish(); !checked) return fail(std::move(checked.error()));
  if (ids.empty()) return fail_field("/memberIds", "required", "Whom to add?");
  return ids;
}

Result<domain::Role> role_body(const Object& object) {
  Reader reader(object);
  const auto name = reader.text("role");
  const auto role = domain::parse_role(name);
  if (reader.has("role") && (!role || *role == domain::Role::owner)) {
    reader.refuse_all(fail_field("/role", "not-allowed", "One of admin and member.").error());
  }
  return finished(reader, role.value_or(domain::Role::member));
}

Result<domain::UserId> user_body(const Object& object) {
  Reader reader(object);
  const auto user = reader.id<domain::UserId>("userId");
  return finished(reader, user);
}

Result<services::MemberService::Description> description_body(const Object& object) {
  Reader reader(object);
  services::MemberService::Description description;
  description.title = reader.optional_text("title");
  if (description.title) {
    if (const auto checked = domain::check_title(*description.title); !checked) {
      reader.refuse_all(checked.error());
    }
  }
  if (const auto name = reader.nested_text("settings", "historyVisibility")) {
    description.history_visibility = domain::parse_history_visibility(*name);
    if (!description.history_visibility) {
      reader.refuse_all(
          fail_field("/settings/historyVisibility", "not-allowed", "One of all and sinceJoin.")
              .error());
    }
  }
  return finished(reader, std::move(description));
}

Result<services::MemberService::NewInvite> invite_body(const Object& object) {
  Reader reader(object);
  services::MemberService::NewInvite invite;
  if (const auto life = reader.optional_number("expiresInMs", kInviteLifeMin, kInviteLifeMax)) {
    invite.expires_in = std::chrono::milliseconds(*life);
  }
  if (const auto uses = reader.optional_number("maxUses", 1, kInviteUsesMax)) {
    invite.uses_max = static_cast<std::uint32_t>(*uses);
  }
  return finished(reader, invite);
}

}  // namespace knotos::json
