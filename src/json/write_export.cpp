#include "json/write_export.hpp"

#include "json/seal.hpp"
#include "json/text.hpp"
#include "json/write.hpp"
#include "json/write_private.hpp"

namespace knotos::json {
namespace {

using services::AccountEnd;

constexpr char kExport = 'e';

std::string encode_position(const AccountEnd::ExportPosition& position) {
  std::string text;
  append_bytes(text, position.chat_id.uuid());
  append_number(text, position.seq, 8);
  return seal(kExport, text);
}

}  // namespace

std::string exported(const AccountEnd::Export& document, Time now) {
  std::string out;
  ObjectWriter object(out);
  object.time("exportedAt", now);
  object.value("user") += own_user(document.user);
  object.value("privacy") += privacy(document.privacy);
  object.array("contacts", document.contacts, append_acquaintance);
  object.array("blocks", document.blocks, append_acquaintance);
  object.array("chats", document.chats, [now](std::string& to, const auto& each) {
    ObjectWriter chat(to);
    chat.id("id", each.chat.id);
    chat.text("type", name_of(each.chat.type));
    if (each.chat.type == domain::ChatType::group) chat.text("title", each.chat.title);
    append_chat_state(chat.value("state"), each.chat, each.state, now);
    chat.array("messages", each.messages,
               [](std::string& messages, const domain::Message& message) {
                 append_message(messages, message);
               });
    chat.close();
  });
  if (document.next) {
    object.text("nextCursor", encode_position(*document.next));
  } else {
    object.null("nextCursor");
  }
  object.close();
  return out;
}

Result<AccountEnd::ExportPosition> decode_export_cursor(std::string_view text) {
  const auto sealed = unseal(kExport, text);
  if (!sealed || sealed->size() != 16 + 8) return refuse_cursor();
  std::string_view rest = *sealed;
  const auto chat = take_uuid(rest);
  return AccountEnd::ExportPosition{.chat_id = domain::ChatId(chat), .seq = take_number(rest, 8)};
}

}  // namespace knotos::json
