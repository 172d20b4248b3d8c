#include "adapters/mongo/archived_documents.hpp"

#include "adapters/mongo/failure.hpp"

#include <algorithm>

namespace knotos::adapters::mongo {
namespace {

/// None where there was no such change.
void add_moment(Document& document, std::string_view key, Time at) {
  if (at != Time()) document.add_moment(key, at);
}

void add_time(Document& document, std::string_view key, const std::optional<Time>& at) {
  if (at) document.add(key, *at);
}

}  // namespace

Document archived_user_document(const ports::ArchivedUser& user) {
  auto made = user_document(user.user, user.password_hash, user.user_rev);
  made.add("privacy", document("lastSeen", name_of(user.privacy.last_seen), "directMessages",
                               name_of(user.privacy.direct_messages), "groupInvites",
                               name_of(user.privacy.group_invites)));
  add_time(made, "lastSeenAt", user.last_seen_at);
  add_moment(made, "changedAt", user.changed_at);
  return made;
}

ports::ArchivedUser read_archived_user(const View& view) {
  ports::ArchivedUser user{.user = read_user(view),
                           .password_hash = view.text("passwordHash"),
                           .privacy = read_privacy(view),
                           .last_seen_at = view.optional_time("lastSeenAt"),
                           .user_rev = view.count("userRev"),
                           .changed_at = view.moment("changedAt"),
                           .devices = {},
                           .contacts = {},
                           .blocks = {}};
  user.user.username = view.text("username");
  return user;
}

Document archived_device_document(const ports::ArchivedDevice& archived) {
  const auto& device = archived.device;
  auto made = document("_id", device.id, "userId", device.user_id, "name", device.name, "createdAt",
                       device.created_at, "lastUsedAt", device.last_used_at);
  std::vector<Document> used;
  for (const auto& token : archived.tokens) {
    if (token.is_used) {
      used.push_back(document("hash", token.hash, "expiresAt", token.expires_at));
    } else {
      made.add("refreshHash", token.hash).add("refreshExpiresAt", token.expires_at);
    }
  }
  return made.add("usedTokens", used);
}

ports::ArchivedDevice read_archived_device(const View& view) {
  ports::ArchivedDevice archived{.device = {.id = view.id<domain::DeviceId>("_id"),
                                            .user_id = view.id<domain::UserId>("userId"),
                                            .name = view.text("name"),
                                            .created_at = view.time("createdAt"),
                                            .last_used_at = view.time("lastUsedAt")},
                                 .tokens = {}};
  if (const auto hash = view.sha256("refreshHash")) {
    archived.tokens.push_back(
        {.hash = *hash, .expires_at = view.time("refreshExpiresAt"), .is_used = false});
  }
  for (const auto& each : view.documents("usedTokens")) {
    if (const auto hash = each.sha256("hash")) {
      archived.tokens.push_back(
          {.hash = *hash, .expires_at = each.time("expiresAt"), .is_used = true});
    }
  }
  std::ranges::sort(archived.tokens, {}, &ports::ArchivedToken::hash);
  return archived;
}

Document archived_person_document(domain::UserId owner, const ports::ArchivedPerson& person) {
  return document("_id", pair_id(owner, person.other), "ownerId", owner, "otherId", person.other,
                  "since", person.since);
}

Document archived_state_document(const ports::ArchivedState& archived) {
  auto made = state_document(archived.state);
  add_moment(made, "changedAt", archived.changed_at);
  add_moment(made, "memberChangedAt", archived.member_changed_at);
  add_moment(made, "markedAt", archived.marked_at);
  add_time(made, "deliveredAt", archived.delivered_at);
  add_time(made, "readAt", archived.read_at);
  return made.add("deliveredAfterSeq", archived.delivered_after_seq)
      .add("readAfterSeq", archived.read_after_seq);
}

ports::ArchivedState read_archived_state(const View& view) {
  return {.state = read_state(view),
          .changed_at = view.moment("changedAt"),
          .member_changed_at = view.moment("memberChangedAt"),
          .marked_at = view.moment("markedAt"),
          .delivered_at = view.optional_time("deliveredAt"),
          .delivered_after_seq = view.count("deliveredAfterSeq"),
          .read_at = view.optional_time("readAt"),
          .read_after_seq = view.count("readAfterSeq"),
          .hidden = {}};
}

Document archived_hidden_document(const domain::UserChatState& state,
                                  const ports::ArchivedHidden& hidden) {
  auto made = document("_id", pair_id(state.user_id, hidden.message), "userId", state.user_id,
                       "chatId", state.chat_id, "messageId", hidden.message);
  add_moment(made, "hiddenAt", hidden.hidden_at);
  return made;
}

Document archived_chat_document(const ports::ArchivedChat& archived) {
  auto made = chat_document(archived.chat);
  add_moment(made, "changedAt", archived.changed_at);
  return made;
}

Document archived_change_document(domain::ChatId chat, const ports::ArchivedChange& change) {
  const auto id = chat.to_string() + ":" + std::to_string(change.rev);
  auto made =
      document("_id", id, "chatId", chat, "seq", -static_cast<std::int64_t>(change.rev), "rev",
               change.rev, "senderId", change.actor, "clientMessageId", "~" + id, "op",
               name_of(change.kind), "target", change.target, "createdAt", change.created_at);
  if (!change.emoji.empty()) made.add("emoji", change.emoji);
  return made;
}

ports::ArchivedChange read_archived_change(const View& view) {
  const auto kind = domain::parse_change_kind(view.text("op"));
  if (!kind) throw Damage("a change of an unknown kind is stored");
  return {.rev = view.count("rev"),
          .kind = *kind,
          .target = view.id<domain::MessageId>("target"),
          .actor = view.id<domain::UserId>("senderId"),
          .emoji = view.text("emoji"),
          .created_at = view.time("createdAt")};
}

Document archived_reaction_document(const domain::Message& message,
                                    const domain::Reaction& reaction) {
  // As of the message's last change: any later one of the reaction is later than that.
  return document("_id", pair_id(message.id, reaction.user_id) + ":" + reaction.emoji, "chatId",
                  message.chat_id, "messageId", message.id, "userId", reaction.user_id, "emoji",
                  reaction.emoji, "createdAt", reaction.created_at, "isOn", true, "rev",
                  message.rev);
}

Document invite_document(const ports::Invite& invite) {
  return document("_id", invite.code, "chatId", invite.chat_id, "creatorId", invite.creator_id,
                  "expiresAt", invite.expires_at, "usesMax", invite.uses_max, "uses", invite.uses,
                  "createdAt", invite.created_at);
}

ports::Invite read_invite(const View& view) {
  return {.code = view.text("_id"),
          .chat_id = view.id<domain::ChatId>("chatId"),
          .creator_id = view.id<domain::UserId>("creatorId"),
          .expires_at = view.optional_time("expiresAt"),
          .uses_max = view.small("usesMax"),
          .uses = view.small("uses"),
          .created_at = view.time("createdAt")};
}

}  // namespace knotos::adapters::mongo
