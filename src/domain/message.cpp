#include "domain/message.hpp"

#include "base/names.hpp"
#include "domain/user.hpp"

#include <algorithm>

namespace knotos::domain {
namespace {

constexpr Names<MessageType, 8> kTypes{{
    {MessageType::text, "text"},
    {MessageType::image, "image"},
    {MessageType::video, "video"},
    {MessageType::file, "file"},
    {MessageType::voice, "voice"},
    {MessageType::system, "system"},
    {MessageType::call, "call"},
    {MessageType::encrypted, "encrypted"},
}};

constexpr Names<Role, 3> kRoles{{
    {Role::owner, "owner"},
    {Role::admin, "admin"},
    {Role::member, "member"},
}};

/// Length before content, so that no two different requests make the same bytes.
void append_field(std::string& out, std::string_view text) {
  const auto size = static_cast<std::uint64_t>(text.size());
  for (unsigned shift = 0; shift < 64; shift += 8) {
    out += static_cast<char>((size >> shift) & 0xffU);
  }
  out += text;
}

std::string_view bytes_of(const Uuid& uuid) {
  return {reinterpret_cast<const char*>(uuid.bytes.data()), uuid.bytes.size()};
}

}  // namespace

std::string_view name_of(MessageType type) { return name_in(kTypes, type); }

std::optional<MessageType> parse_message_type(std::string_view name) {
  return find_in(kTypes, name);
}

std::string_view name_of(Role role) { return name_in(kRoles, role); }

std::optional<Role> parse_role(std::string_view name) { return find_in(kRoles, name); }

Message stub_of(const Message& message) {
  Message stub;
  stub.id = message.id;
  stub.chat_id = message.chat_id;
  stub.seq = message.seq;
  stub.place = message.place;
  stub.rev = message.rev;
  stub.is_stub = true;
  return stub;
}

Message as_seen_from(Seq first_visible, Message message) {
  if (message.seq < first_visible) return stub_of(message);
  if (message.reply_to && message.reply_to->seq < first_visible) message.reply_to->preview.clear();
  return message;
}

bool is_cut_for(Seq first_visible, const Message& message) {
  return message.seq < first_visible || (message.reply_to && message.reply_to->seq < first_visible);
}

bool ends_membership(const Message& message, UserId user) {
  if (!ends_memberships(message)) return false;
  const auto& event = *message.system_event;
  if (event.event == kGroupEnded) return true;
  return std::ranges::find(event.user_ids, user) != event.user_ids.end();
}

bool ends_memberships(const Message& message) {
  if (!message.system_event) return false;
  const auto& event = message.system_event->event;
  return event == kMemberRemoved || event == kMemberLeft || event == kGroupEnded;
}

Sha256 Draft::hash() const {
  std::string request;
  if (forwarded_message) {
    append_field(request, "forward");
    append_field(request, bytes_of(forwarded_message->uuid()));
    return sha256(as_octets(request));
  }
  append_field(request, name_of(type));
  append_field(request, content);
  append_field(request, reply_to ? bytes_of(reply_to->uuid()) : std::string_view());
  for (const auto& user : mentions) append_field(request, bytes_of(user.uuid()));
  return sha256(as_octets(request));
}

Result<void> check_content(std::string_view content, const ContentLimits& limits) {
  if (content.empty()) return fail_field("/content", "required", "A message without content.");
  if (content.size() > limits.bytes_max) {
    return fail_field("/content", "too-long",
                      "At most " + std::to_string(limits.bytes_max) + " bytes.");
  }
  if (count_code_points(content) > limits.code_points_max) {
    return fail_field("/content", "too-long",
                      "At most " + std::to_string(limits.code_points_max) + " characters.");
  }
  return {};
}

Result<void> check_draft(const Draft& draft, const ContentLimits& limits) {
  Error error{.code = Errc::validation_failed, .detail = {}, .fields = {}, .cause = {}};
  auto content = check_content(draft.content, limits);
  if (!content) error.fields = std::move(content.error().fields);
  if (!draft.client_message_id.empty() && !is_client_message_id(draft.client_message_id)) {
    error.fields.push_back(
        {"/clientMessageId", "malformed", "1 to 64 of A-Z, a-z, 0-9, '_' and '-'."});
  }
  if (draft.type == MessageType::system || draft.type == MessageType::call) {
    error.fields.push_back({"/type", "not-allowed", "Messages of this type are the server's own."});
  }
  if (draft.mentions.size() > kMentionsMax) {
    error.fields.push_back({"/mentions", "too-long", "At most 50 mentions."});
  }
  if (!error.fields.empty()) return fail(std::move(error));
  return {};
}

Result<void> check_emoji(std::string_view emoji) {
  if (emoji.empty()) return fail_field("/emoji", "required", "A reaction needs an emoji.");
  if (emoji.size() > kEmojiBytesMax) {
    return fail_field("/emoji", "too-long", "An emoji has at most 64 bytes.");
  }
  const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; };
  if (std::ranges::any_of(emoji, is_blank)) {
    return fail_field("/emoji", "malformed", "An emoji has no blanks.");
  }
  return {};
}

bool is_client_message_id(std::string_view text) {
  const auto is_allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  return !text.empty() && text.size() <= kClientMessageIdMax &&
         std::ranges::all_of(text, is_allowed);
}

}  // namespace knotos::domain
