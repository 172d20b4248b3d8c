#include "services/chat_service.hpp"

#include "base/metrics.hpp"
#include "ports/random_ids.hpp"
#include "services/contact_rules.hpp"
#include "services/server_key.hpp"

#include <algorithm>
#include <memory>
#include <unordered_set>
#include <utility>

namespace knotos::services {
namespace {

using domain::Chat;
using domain::ChatType;
using domain::UserId;

metrics::Counter chats_created("chats_created_total", "Chats made, direct and groups.");

/// Length before content, so that no two different requests make the same bytes. The members'
/// order, doubles among them and the creator do not matter: the group is the same.
Sha256 hash_of_request(std::string_view title, const std::vector<UserId>& members) {
  std::string request = std::to_string(title.size());
  request += ':';
  request += title;
  auto sorted = members;
  std::ranges::sort(sorted);
  for (const auto& member : sorted) {
    request.append(reinterpret_cast<const char*>(member.uuid().bytes.data()),
                   member.uuid().bytes.size());
  }
  return sha256(as_octets(request));
}

/// The creator first, then the others in the order they were named, each once.
std::vector<UserId> members_of(UserId creator, const std::vector<UserId>& named) {
  std::vector<UserId> members{creator};
  std::unordered_set<UserId> seen{creator};
  for (const auto& user : named) {
    if (seen.insert(user).second) members.push_back(user);
  }
  return members;
}

std::unexpected<Error> another_group() {
  return fail(Errc::client_message_id_reused, "This clientChatId made another group.");
}

}  // namespace

Task<Result<ChatService::Created>> ChatService::create_direct(UserId creator, UserId other) {
  if (creator == other) {
    co_return fail_field("/userId", "not-allowed", "A direct chat is with somebody else.");
  }
  const auto id = domain::direct_chat_id(creator, other);
  // One that is there stays within reach, whoever has blocked whom since.
  auto before = co_await made_before(creator, id);
  if (!before) co_return fail(std::move(before.error()));
  if (*before) co_return Created{.is_new = false, .item = std::move(**before)};
  const auto relation = co_await ports_.relations.relation(creator, other);
  if (!relation) co_return fail(relation.error());
  if (!relation->exists) {
    co_return fail_field("/userId", "not-found", "There is no such user.");
  }
  if (!lets_write(*relation)) co_return fail(Errc::cannot_contact_user);

  const auto now = ports_.clock.now();
  Chat chat;
  chat.id = id;
  chat.type = ChatType::direct;
  chat.member_count = 2;
  chat.created_at = now;
  chat.updated_at = now;

  ports::NewChat made;
  made.members = {state_of(creator, chat), state_of(other, chat)};
  made.chat = std::move(chat);
  co_return co_await store(creator, std::move(made));
}

Task<Result<ChatService::Created>> ChatService::create_group(UserId creator, NewGroup group) {
  Error invalid{.code = Errc::validation_failed, .detail = {}, .fields = {}, .cause = {}};
  if (auto title = domain::check_title(group.title); !title) {
    invalid.fields = std::move(title.error().fields);
  }
  auto members = members_of(creator, group.member_ids);
  if (members.size() > limits_.group_members_max) {
    invalid.fields.push_back(
        {"/memberIds", "too-long",
         "A group has at most " + std::to_string(limits_.group_members_max) + " members."});
  }
  if (group.client_chat_id && !domain::is_client_message_id(*group.client_chat_id)) {
    invalid.fields.push_back({"/clientChatId", "malformed", "1 to 64 of A-Z, a-z, 0-9, '_', '-'."});
  }
  if (!invalid.fields.empty()) co_return fail(std::move(invalid));

  const auto now = ports_.clock.now();
  const auto request_hash = hash_of_request(group.title, members);
  Chat chat;
  bool is_repeat = false;
  if (group.client_chat_id) {
    chat.id = domain::group_chat_id(creator, *group.client_chat_id);
    // A repeat learns that the group was made, whatever its members have decided since.
    auto before = co_await made_before(creator, chat.id);
    if (!before) co_return fail(std::move(before.error()));
    if (*before && (*before)->chat.request_hash != request_hash) co_return another_group();
    if (*before) co_return Created{.is_new = false, .item = std::move(**before)};
    // It may be there although its maker has left it.
    auto standings = co_await ports_.chats.standings({chat.id});
    if (!standings) co_return fail(std::move(standings.error()));
    is_repeat = !standings->empty();
  } else {
    chat.id = ports::random_id<domain::ChatId>(ports_.random);
  }
  std::vector<UserId> others(members.begin() + 1, members.end());
  if (!is_repeat) {
    auto checked = co_await check_members(creator, others, group.member_ids);
    if (!checked) co_return fail(std::move(checked.error()));
  }
  chat.type = ChatType::group;
  chat.title = std::move(group.title);
  chat.owner_id = creator;
  if (group.client_chat_id) chat.request_hash = request_hash;
  chat.member_count = static_cast<std::uint32_t>(members.size());
  chat.created_at = now;
  chat.updated_at = now;

  ports::NewChat made;
  for (const auto& member : members) made.members.push_back(state_of(member, chat));
  made.first_entry = first_entry(chat, creator, std::move(others));
  made.chat = std::move(chat);
  co_return co_await store(creator, std::move(made));
}

Task<Result<ports::ChatListPage>> ChatService::list(UserId user, ListQuery query) {
  co_return co_await ports_.chats.list({.user = user,
                                        .filter = query.filter,
                                        .after = query.after,
                                        .limit = query.limit,
                                        .now = ports_.clock.now()});
}

Task<Result<domain::ChatListItem>> ChatService::get(UserId user, domain::ChatId chat) {
  co_return co_await ports_.chats.item(user, chat);
}

domain::UserChatState ChatService::state_of(UserId user, const Chat& chat) const {
  domain::UserChatState state;
  state.user_id = user;
  state.chat_id = chat.id;
  state.joined_at = chat.created_at;
  state.updated_at = chat.created_at;
  if (chat.type == ChatType::direct) return state;
  // A group's members join by its first message: their watermarks stand at it.
  state.role = chat.owner_id == user ? domain::Role::owner : domain::Role::member;
  state.member_rev = 1;
  state.last_read_seq = 1;
  state.last_delivered_seq = 1;
  return state;
}

domain::MessageEntry ChatService::first_entry(const Chat& chat, UserId creator,
                                              std::vector<UserId> others) {
  domain::Message message;
  message.id = ports::random_message_id(ports_.random, chat.created_at);
  message.chat_id = chat.id;
  message.seq = 1;
  message.place = 1;
  message.rev = 1;
  message.sender_id = creator;
  message.client_message_id = make_server_key(ports_.random);
  message.type = domain::MessageType::system;
  message.system_event = domain::SystemEvent{.event = std::string(domain::kGroupCreated),
                                             .actor_id = creator,
                                             .user_ids = std::move(others),
                                             .title = chat.title,
                                             .role = {},
                                             .new_owner_id = {}};
  message.created_at = chat.created_at;
  return {.message = std::move(message), .memberships = {}, .patch = {}};
}

Task<Result<void>> ChatService::check_members(UserId creator, std::vector<UserId> others,
                                              std::vector<UserId> named) {
  if (others.empty()) co_return Result<void>();
  const auto relations = co_await ports_.relations.relations(creator, others);
  if (!relations) co_return fail(relations.error());
  co_return check_newcomers(others, *relations, named);
}

Task<Result<std::optional<domain::ChatListItem>>> ChatService::made_before(UserId creator,
                                                                           domain::ChatId chat) {
  auto item = co_await ports_.chats.item(creator, chat);
  if (item) co_return std::optional(std::move(*item));
  if (item.error().code != Errc::not_found) co_return fail(std::move(item.error()));
  co_return std::optional<domain::ChatListItem>();
}

Task<Result<ChatService::Created>> ChatService::store(UserId creator, ports::NewChat chat) {
  const auto first_entry = chat.first_entry;
  const auto request_hash = chat.chat.request_hash;
  auto created = co_await ports_.chats.create(std::move(chat));
  if (!created) co_return fail(std::move(created.error()));
  if (!created->is_new && created->chat.request_hash != request_hash) co_return another_group();
  if (created->is_new) {
    chats_created.add();
    announce(*created, first_entry);
  }
  auto item = co_await ports_.chats.item(creator, created->chat.id);
  if (!item) co_return fail(std::move(item.error()));
  co_return Created{.is_new = created->is_new, .item = std::move(*item)};
}

void ChatService::announce(const ports::CreatedChat& created,
                           const std::optional<domain::MessageEntry>& first_entry) {
  for (const auto& [user, user_rev] : created.user_revs) {
    ports_.bus.publish(ports::ChatAdded{
        .user_id = user, .user_rev = user_rev, .chat_id = created.chat.id, .known_rev = 0});
  }
  if (!first_entry) return;
  ports_.bus.publish(
      ports::ChatChanged{.chat_id = created.chat.id,
                         .rev = first_entry->message.rev,
                         .message = std::make_shared<const domain::Message>(first_entry->message),
                         .moved = {}});
}

}  // namespace knotos::services
