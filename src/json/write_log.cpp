#include "json/write_log.hpp"

#include "json/text.hpp"
#include "json/write.hpp"

namespace knotos::json {

void append_reaction(std::string& out, const domain::Reaction& reaction) {
  ObjectWriter object(out);
  object.id("userId", reaction.user_id);
  object.text("emoji", reaction.emoji);
  object.time("createdAt", reaction.created_at);
  object.close();
}

void append_invite(std::string& out, const ports::Invite& invite) {
  ObjectWriter object(out);
  object.text("code", invite.code);
  object.id("chatId", invite.chat_id);
  object.id("creatorId", invite.creator_id);
  if (invite.expires_at) {
    object.time("expiresAt", *invite.expires_at);
  } else {
    object.null("expiresAt");
  }
  if (invite.uses_max > 0) {
    object.number("maxUses", invite.uses_max);
  } else {
    object.null("maxUses");
  }
  object.number("uses", invite.uses);
  object.time("createdAt", invite.created_at);
  object.close();
}

std::string invite(const ports::Invite& invite) {
  std::string out;
  append_invite(out, invite);
  return out;
}

std::string standing(const ports::RosterMember& member) {
  std::string out;
  ObjectWriter object(out);
  object.id("userId", member.user_id);
  object.text("role", name_of(member.role));
  object.time("joinedAt", member.joined_at);
  object.close();
  return out;
}

std::string forwarded(const std::vector<services::MessageService::Forwarded>& chats,
                      std::string_view request_id) {
  std::string out;
  ObjectWriter object(out);
  object.array("data", chats, [request_id](std::string& to, const auto& each) {
    ObjectWriter entry(to);
    entry.id("chatId", each.chat_id);
    if (each.receipt) {
      append_receipt_fields(entry, *each.receipt);
    } else {
      append_problem(entry.value("error"), each.receipt.error(), request_id);
    }
    entry.close();
  });
  object.close();
  return out;
}

std::string chat_removed(domain::ChatId chat, domain::UserRev user_rev) {
  std::string out;
  ObjectWriter object(out);
  if (user_rev > 0) object.number("userRev", user_rev);
  object.id("chatId", chat);
  object.close();
  return out;
}

}  // namespace knotos::json
