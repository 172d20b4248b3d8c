#include "contract/scene.hpp"

namespace knotos::contract {

Sha256 Scene::new_hash() {
  Sha256 hash{};
  for (auto& byte : hash) byte = static_cast<std::uint8_t>(random_());
  return hash;
}

ports::Credentials Scene::credentials(const std::string& username) {
  return {.user = {.id = new_id<domain::UserId>(),
                   .username = username,
                   .display_name = "The " + username,
                   .created_at = next_time()},
          .password_hash = "hash of " + username};
}

ports::NewDevice Scene::device_of(domain::UserId user) {
  const auto now = next_time();
  return {.device = {.id = new_id<domain::DeviceId>(),
                     .user_id = user,
                     .name = "A browser",
                     .created_at = now,
                     .last_used_at = now},
          .refresh_hash = new_hash(),
          .refresh_expires_at = at(1'000'000'000)};
}

domain::UserId Scene::user(const std::string& username) {
  auto made = credentials(username);
  const auto id = made.user.id;
  const auto result = world_.run(world_.accounts().create(std::move(made), device_of(id)));
  EXPECT_TRUE(result) << username;
  return id;
}

domain::UserChatState Scene::state_of(domain::ChatId chat, domain::UserId user) {
  domain::UserChatState state;
  state.user_id = user;
  state.chat_id = chat;
  state.joined_at = next_time();
  state.updated_at = state.joined_at;
  return state;
}

ports::NewChat Scene::new_direct(domain::UserId one, domain::UserId other) {
  ports::NewChat made;
  made.chat.id = domain::direct_chat_id(one, other);
  made.chat.type = domain::ChatType::direct;
  made.chat.member_count = 2;
  made.chat.created_at = next_time();
  made.chat.updated_at = made.chat.created_at;
  made.members = {state_of(made.chat.id, one), state_of(made.chat.id, other)};
  return made;
}

ports::NewChat Scene::new_group(const std::vector<domain::UserId>& members,
                                const std::string& title) {
  ports::NewChat made;
  made.chat.id = new_id<domain::ChatId>();
  made.chat.type = domain::ChatType::group;
  made.chat.title = title;
  made.chat.owner_id = members.front();
  made.chat.request_hash = new_hash();
  made.chat.member_count = static_cast<std::uint32_t>(members.size());
  made.chat.created_at = next_time();
  made.chat.updated_at = made.chat.created_at;
  for (const auto& member : members) {
    made.members.push_back(state_of(made.chat.id, member));
    made.members.back().member_rev = 1;
  }
  made.members.front().role = domain::Role::owner;
  made.first_entry = system_entry({made.chat, {}, {}}, members.front(), "group_created");
  return made;
}

domain::ChatId Scene::create(ports::NewChat chat) {
  const auto id = chat.chat.id;
  const auto created = world_.run(world_.chats().create(std::move(chat)));
  EXPECT_TRUE(created);
  EXPECT_TRUE(created && created->is_new);
  return id;
}

ports::LoadedChat Scene::load(domain::ChatId chat, std::vector<domain::UserId> users) {
  auto loaded = world_.run(world_.log().load(chat, std::move(users)));
  EXPECT_TRUE(loaded);
  return loaded.value_or(ports::LoadedChat{});
}

domain::UserChatState Scene::load_state(domain::ChatId chat, domain::UserId user) {
  auto loaded = load(chat, {user});
  EXPECT_EQ(loaded.states.size(), 1U);
  return loaded.states.empty() ? domain::UserChatState{} : loaded.states.front();
}

domain::Message Scene::message_at(domain::ChatId chat, domain::Seq seq) {
  const auto page = world_.run(world_.messages().history(
      chat, {.from = ports::HistoryFrom::around, .seq = seq, .limit = 1}));
  EXPECT_TRUE(page && page->messages.size() == 1 && page->messages.front().seq == seq);
  return page && !page->messages.empty() ? page->messages.front() : domain::Message{};
}

std::vector<domain::Message> Scene::all_messages(domain::ChatId chat) {
  const auto page = world_.run(world_.messages().history(
      chat, {.from = ports::HistoryFrom::newest, .seq = 0, .limit = 1'000'000}));
  EXPECT_TRUE(page);
  return page ? page->messages : std::vector<domain::Message>{};
}

std::vector<domain::LogEntry> Scene::entries(const ports::LoadedChat& before, domain::UserId sender,
                                             const std::vector<std::string>& keys) {
  domain::Ordinal own = 0;
  for (const auto& state : before.states) {
    if (state.user_id == sender) own = state.own_count;
  }
  std::vector<domain::LogEntry> made;
  std::uint64_t step = 0;
  for (const auto& key : keys) {
    ++step;
    domain::MessageEntry entry;
    auto& message = entry.message;
    message.id = new_id<domain::MessageId>();
    message.chat_id = before.chat.id;
    message.seq = before.chat.last_seq + step;
    message.place = before.chat.last_rev + step;
    message.rev = message.place;
    message.ordinal = before.chat.last_ordinal + step;
    message.sender_ordinal = own + step;
    message.sender_id = sender;
    message.client_message_id = key;
    message.content = "text of " + key;
    message.request_hash = sha256(as_octets(message.content));
    message.created_at = next_time();
    made.emplace_back(std::move(entry));
  }
  return made;
}

domain::MessageEntry Scene::system_entry(const ports::LoadedChat& before, domain::UserId actor,
                                         const std::string& event) {
  domain::MessageEntry entry;
  auto& message = entry.message;
  message.id = new_id<domain::MessageId>();
  message.chat_id = before.chat.id;
  message.seq = before.chat.last_seq + 1;
  message.place = before.chat.last_rev + 1;
  message.rev = message.place;
  message.ordinal = before.chat.last_ordinal;
  message.sender_id = actor;
  message.client_message_id = "system-" + message.id.to_string();
  message.type = domain::MessageType::system;
  message.system_event = domain::SystemEvent{.event = event,
                                             .actor_id = actor,
                                             .user_ids = {},
                                             .title = {},
                                             .role = {},
                                             .new_owner_id = {}};
  message.created_at = next_time();
  return entry;
}

domain::ChangeEntry Scene::edit_entry(const ports::LoadedChat& before, domain::Message message,
                                      const std::string& text) {
  message.rev = before.chat.last_rev + 1;
  message.content = text;
  ++message.edit_version;
  message.edited_at = next_time();
  const auto now = *message.edited_at;
  return {.kind = domain::ChangeKind::edit,
          .actor_id = message.sender_id,
          .after = std::move(message),
          .created_at = now};
}

domain::ChangeEntry Scene::erase_entry(const ports::LoadedChat& before, domain::Message message) {
  message.rev = before.chat.last_rev + 1;
  message.content.clear();
  message.is_deleted = true;
  return {.kind = domain::ChangeKind::erase,
          .actor_id = message.sender_id,
          .after = std::move(message),
          .created_at = next_time()};
}

ports::AppendOutcome Scene::send(domain::ChatId chat, domain::UserId sender,
                                 const std::string& key) {
  const auto before = load(chat, {sender});
  return append(chat, before.chat.last_rev, entries(before, sender, {key}));
}

ports::AppendOutcome Scene::edit(domain::ChatId chat, domain::Seq seq, const std::string& text) {
  const auto before = load(chat);
  return append(chat, before.chat.last_rev, {edit_entry(before, message_at(chat, seq), text)});
}

ports::AppendOutcome Scene::erase(domain::ChatId chat, domain::Seq seq) {
  const auto before = load(chat);
  return append(chat, before.chat.last_rev, {erase_entry(before, message_at(chat, seq))});
}

ports::AppendOutcome Scene::append(domain::ChatId chat, domain::Rev at_rev,
                                   std::vector<domain::LogEntry> entries) {
  return world_.run(world_.log().append(chat, at_rev, std::move(entries)));
}

}  // namespace knotos::contract
