#include "json/requests.hpp"

#include "json/live_requests.hpp"

#include <limits>
#include <utility>

namespace knotos::json {
namespace {

using services::AccountService;
using services::MessageService;

domain::MessageType read_type(Reader& reader) {
  const auto name = reader.optional_text("type");
  if (!name) return domain::MessageType::text;
  const auto type = domain::parse_message_type(*name);
  if (!type) reader.refuse("type", "not-allowed", "There is no such type of message.");
  return type.value_or(domain::MessageType::text);
}

/// What protects a retry. One that is there must be whole: an empty one would silently protect from
/// nothing.
std::optional<std::string> read_key(Reader& reader, std::string_view name) {
  auto key = reader.optional_text(name);
  if (key && !domain::is_client_message_id(*key)) {
    reader.refuse(name, "malformed", "1 to 64 of A-Z, a-z, 0-9, '_' and '-'.");
  }
  return key;
}

domain::Draft read_draft(Reader& reader, const domain::ContentLimits& limits) {
  domain::Draft draft;
  draft.type = read_type(reader);
  draft.content = reader.text("content");
  if (auto key = read_key(reader, "clientMessageId")) draft.client_message_id = *std::move(key);
  draft.reply_to = reader.optional_id<domain::MessageId>("replyToMessageId");
  draft.mentions = reader.optional_ids<domain::UserId>("mentions", domain::kMentionsMax);
  reader.no_items("attachments", "Media is not available on this server.");
  const auto checked = domain::check_draft(draft, limits);
  if (!checked) reader.refuse_all(checked.error());
  return draft;
}

EditBody read_edit(Reader& reader, const domain::ContentLimits& limits) {
  EditBody body;
  body.content = reader.text("content");
  const auto base =
      reader.optional_number("baseVersion", 0, std::numeric_limits<std::uint32_t>::max());
  if (base) body.base_version = static_cast<std::uint32_t>(*base);
  const auto checked = domain::check_content(body.content, limits);
  if (!checked) reader.refuse_all(checked.error());
  return body;
}

/// What was read, if all of it fits.
template <class T>
Result<T> finished(Reader& reader, T value) {
  if (auto checked = reader.finish(); !checked) return fail(std::move(checked.error()));
  return value;
}

}  // namespace

Result<domain::Draft> draft(const Object& object, const domain::ContentLimits& limits) {
  Reader reader(object);
  auto draft = read_draft(reader, limits);
  return finished(reader, std::move(draft));
}

Result<SendRequest> send_request(const Object& object, const domain::ContentLimits& limits) {
  Reader reader(object);
  SendRequest request;
  request.chat_id = reader.id<domain::ChatId>("chatId");
  request.draft = read_draft(reader, limits);
  return finished(reader, std::move(request));
}

Result<EditBody> edit_body(const Object& object, const domain::ContentLimits& limits) {
  Reader reader(object);
  auto body = read_edit(reader, limits);
  return finished(reader, std::move(body));
}

Result<MessageService::Edit> edit_request(const Object& object,
                                          const domain::ContentLimits& limits) {
  Reader reader(object);
  MessageService::Edit edit;
  edit.chat_id = reader.id<domain::ChatId>("chatId");
  edit.message_id = reader.id<domain::MessageId>("messageId");
  auto body = read_edit(reader, limits);
  edit.content = std::move(body.content);
  edit.base_version = body.base_version;
  return finished(reader, std::move(edit));
}

Result<EraseRequest> erase_request(const Object& object) {
  Reader reader(object);
  EraseRequest request;
  request.chat_id = reader.id<domain::ChatId>("chatId");
  request.message_id = reader.id<domain::MessageId>("messageId");
  const auto scope = parse_erase_scope(reader.optional_text("scope"));
  if (!scope) reader.refuse_all(scope.error());
  request.scope = scope ? *scope : EraseScope::everyone;
  return finished(reader, request);
}

Result<EraseScope> parse_erase_scope(const std::optional<std::string>& scope) {
  if (!scope || *scope == "everyone") return EraseScope::everyone;
  if (*scope == "me") return EraseScope::me;
  return fail_field("/scope", "not-allowed", "The scope is everyone or me.");
}

Result<ChangesRequest> changes_request(const Object& object) {
  Reader reader(object);
  ChangesRequest request;
  request.chat_id = reader.id<domain::ChatId>("chatId");
  request.since = reader.number("sinceRev");
  request.limit = reader.optional_number("limit", 1, kPageMax).value_or(kPageDefault);
  return finished(reader, request);
}

Result<ConnectRequest> connect_request(const Object& object) {
  Reader reader(object);
  ConnectRequest request;
  request.token = reader.optional_text("token", kTokenBytesMax).value_or(std::string());
  request.device_id = reader.optional_text("deviceId", kDeviceIdBytesMax);
  request.cursor = reader.optional_text("cursor", kCursorBytesMax).value_or(std::string());
  request.is_active = read_client_state(reader, "clientState");
  return finished(reader, std::move(request));
}

Result<std::string> token_request(const Object& object) {
  Reader reader(object);
  auto token = reader.text("token", kTokenBytesMax);
  return finished(reader, std::move(token));
}

Result<std::string> refresh_request(const Object& object) {
  Reader reader(object);
  auto token = reader.text("refreshToken", kTokenBytesMax);
  return finished(reader, std::move(token));
}

Result<AccountService::Registration> registration(const Object& object) {
  Reader reader(object);
  AccountService::Registration registration;
  registration.username = reader.text("username");
  registration.password = reader.text("password");
  const auto display_name = reader.optional_text("displayName");
  if (const auto checked = domain::check_username(registration.username); !checked) {
    reader.refuse_all(checked.error());
  }
  if (const auto checked = domain::check_password(registration.password); !checked) {
    reader.refuse_all(checked.error());
  }
  if (display_name) {
    registration.display_name = *display_name;
    if (const auto checked = domain::check_display_name(*display_name); !checked) {
      reader.refuse_all(checked.error());
    }
  }
  return finished(reader, std::move(registration));
}

Result<AccountService::Login> login(const Object& object) {
  Reader reader(object);
  AccountService::Login login;
  // Longer ones are nobody's, and a hash over a megabyte is not for the asking.
  login.username = reader.text("username", domain::kPasswordBytesMax);
  login.password = reader.text("password", domain::kPasswordBytesMax);
  return finished(reader, std::move(login));
}

Result<NewChatRequest> new_chat(const Object& object, std::size_t members_max) {
  Reader reader(object);
  NewChatRequest request;
  const auto name = reader.text("type");
  const auto type = domain::parse_chat_type(name);
  if (type == domain::ChatType::direct) {
    request.direct_with = reader.id<domain::UserId>("userId");
  } else if (type == domain::ChatType::group) {
    request.group.title = reader.text("title");
    request.group.member_ids = reader.ids<domain::UserId>("memberIds", members_max);
    request.group.client_chat_id = read_key(reader, "clientChatId");
    if (const auto checked = domain::check_title(request.group.title); !checked) {
      reader.refuse_all(checked.error());
    }
  } else {
    reader.refuse_all(fail_field("/type", "not-allowed", "The type is direct or group.").error());
  }
  return finished(reader, std::move(request));
}

}  // namespace knotos::json
