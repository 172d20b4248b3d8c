#include "adapters/sqlite/sqlite_archive.hpp"

#include "adapters/sqlite/rows.hpp"
#include "adapters/sqlite/schema.hpp"

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <utility>

namespace knotos::adapters::sqlite {
namespace {

using ports::ArchivedChat;
using ports::ArchivedMessage;
using ports::ArchivedState;
using ports::ArchivedUser;

/// Before anything is made there.
const std::string& checked(const std::string& directory) {
  std::error_code ec;
  if (!std::filesystem::exists(std::filesystem::path(directory) / "knotos.db", ec)) {
    throw std::runtime_error("there is no database in " + directory);
  }
  return directory;
}

domain::Audience audience(const Statement& row, int column) {
  return domain::parse_audience(row.text(column)).value_or(domain::Audience::nobody);
}

std::vector<ports::ArchivedDevice> devices_of(Connection& connection, domain::UserId user) {
  std::vector<ports::ArchivedDevice> devices;
  auto row = connection.prepare(
      "SELECT id, user_id, name, created_at, last_used_at FROM devices WHERE user_id = ?1 "
      "ORDER BY id");
  row.bind(user);
  while (row.step()) {
    devices.push_back({.device = {.id = row.id<domain::DeviceId>(0),
                                  .user_id = row.id<domain::UserId>(1),
                                  .name = row.text(2),
                                  .created_at = row.time(3),
                                  .last_used_at = row.time(4)},
                       .tokens = {}});
  }
  for (auto& device : devices) {
    auto token = connection.prepare(
        "SELECT hash, expires_at, is_used FROM refresh_tokens WHERE device_id = ?1 ORDER BY hash");
    token.bind(device.device.id);
    while (token.step()) {
      device.tokens.push_back(
          {.hash = token.sha256(0), .expires_at = token.time(1), .is_used = token.flag(2)});
    }
  }
  return devices;
}

std::vector<ports::ArchivedPerson> people_of(Statement row, domain::UserId owner) {
  std::vector<ports::ArchivedPerson> people;
  row.bind(owner);
  while (row.step()) {
    people.push_back({.other = row.id<domain::UserId>(0), .since = row.time(1)});
  }
  return people;
}

std::vector<ArchivedState> states_of(Connection& connection, domain::ChatId chat) {
  std::vector<ArchivedState> states;
  {
    auto row = connection.prepare(
        "SELECT " KN_STATE_COLUMNS
        ", s.changed_at, s.member_changed_at, s.marked_at, s.delivered_at, s.delivered_after_seq, "
        "s.read_at, s.read_after_seq FROM user_chat_states s WHERE s.chat_id = ?1 "
        "ORDER BY s.user_id");
    row.bind(chat);
    constexpr int kMore = kStateColumns;
    while (row.step()) {
      states.push_back({.state = read_state(row),
                        .changed_at = row.time(kMore),
                        .member_changed_at = row.time(kMore + 1),
                        .marked_at = row.time(kMore + 2),
                        .delivered_at = row.optional_time(kMore + 3),
                        .delivered_after_seq = row.count(kMore + 4),
                        .read_at = row.optional_time(kMore + 5),
                        .read_after_seq = row.count(kMore + 6),
                        .hidden = {}});
    }
  }
  for (auto& state : states) {
    auto row = connection.prepare(
        "SELECT message_id, hidden_at FROM hidden_messages WHERE user_id = ?1 AND chat_id = ?2 "
        "ORDER BY message_id");
    row.bind(state.state.user_id, chat);
    while (row.step()) {
      state.hidden.push_back({.message = row.id<domain::MessageId>(0), .hidden_at = row.time(1)});
    }
  }
  return states;
}

std::vector<ports::Invite> invites_of(Connection& connection, domain::ChatId chat) {
  std::vector<ports::Invite> invites;
  auto row = connection.prepare("SELECT " KN_INVITE_COLUMNS
                                " FROM invites WHERE chat_id = ?1 ORDER BY code");
  row.bind(chat);
  while (row.step()) invites.push_back(read_invite(row));
  return invites;
}

std::vector<domain::Reaction> reactions_to(Connection& connection, domain::MessageId message) {
  std::vector<domain::Reaction> reactions;
  auto row = connection.prepare("SELECT " KN_REACTION_COLUMNS
                                " FROM reactions WHERE message_id = ?1 ORDER BY user_id, emoji");
  row.bind(message);
  while (row.step()) reactions.push_back(read_reaction(row));
  return reactions;
}

std::uint64_t messages_up_to(Connection& connection, domain::ChatId chat, domain::Rev place) {
  auto row = connection.prepare("SELECT count(*) FROM changes WHERE chat_id = ?1 AND rev <= ?2");
  row.bind(chat, place);
  const auto changes = row.step() ? row.count(0) : 0;
  return place - std::min(place, changes);
}

}  // namespace

SqliteArchive::SqliteArchive(const std::string& directory)
    : directory_(checked(directory)),
      // To write: what a process that died has left in the log is carried over.
      connection_(directory_.file("knotos.db"), Connection::Mode::read_write) {
  migrate(connection_);
}

ports::ArchiveCounts SqliteArchive::counts() {
  const auto count = [this](std::string_view sql) {
    auto row = connection_.prepare(sql);
    return row.step() ? row.count(0) : 0;
  };
  return {.users = count("SELECT count(*) FROM users"),
          .chats = count("SELECT count(*) FROM chats"),
          .messages = count("SELECT count(*) FROM messages"),
          .changes = count("SELECT count(*) FROM changes")};
}

std::string SqliteArchive::epoch() { return read_epoch(connection_); }

Time SqliteArchive::time_bound() { return read_time_bound(connection_); }

std::vector<ArchivedUser> SqliteArchive::users(std::optional<domain::UserId> after,
                                               std::size_t limit) {
  std::vector<ArchivedUser> users;
  {
    auto row = connection_.prepare(
        "SELECT " KN_USER_COLUMNS
        ", u.password_hash, u.privacy_last_seen, u.privacy_direct_messages, "
        "u.privacy_group_invites, u.last_seen_at, u.user_rev, u.changed_at FROM users u "
        "WHERE ?1 IS NULL OR u.id > ?1 ORDER BY u.id LIMIT ?2");
    row.bind(after, std::uint64_t{limit});
    constexpr int kMore = kUserColumns;
    while (row.step()) {
      ArchivedUser user{.user = read_user(row),
                        .password_hash = row.text(kMore),
                        .privacy = {.last_seen = audience(row, kMore + 1),
                                    .direct_messages = audience(row, kMore + 2),
                                    .group_invites = audience(row, kMore + 3)},
                        .last_seen_at = row.optional_time(kMore + 4),
                        .user_rev = row.count(kMore + 5),
                        .changed_at = row.time(kMore + 6),
                        .devices = {},
                        .contacts = {},
                        .blocks = {}};
      user.user.username = row.text(1);
      users.push_back(std::move(user));
    }
  }
  for (auto& user : users) {
    user.devices = devices_of(connection_, user.user.id);
    user.contacts =
        people_of(connection_.prepare(
                      "SELECT other_id, since FROM contacts WHERE owner_id = ?1 ORDER BY other_id"),
                  user.user.id);
    user.blocks =
        people_of(connection_.prepare(
                      "SELECT other_id, since FROM blocks WHERE owner_id = ?1 ORDER BY other_id"),
                  user.user.id);
  }
  return users;
}

std::vector<ArchivedChat> SqliteArchive::chats(std::optional<domain::ChatId> after,
                                               std::size_t limit) {
  std::vector<ArchivedChat> chats;
  {
    auto row = connection_.prepare(
        "SELECT " KN_CHAT_COLUMNS
        ", c.changed_at FROM chats c WHERE ?1 IS NULL OR c.id > ?1 ORDER BY c.id LIMIT ?2");
    row.bind(after, std::uint64_t{limit});
    while (row.step()) {
      chats.push_back({.chat = read_chat(row),
                       .changed_at = row.time(kChatColumns),
                       .states = {},
                       .invites = {}});
    }
  }
  for (auto& chat : chats) {
    chat.states = states_of(connection_, chat.chat.id);
    chat.invites = invites_of(connection_, chat.chat.id);
  }
  return chats;
}

ports::ArchivedEntries SqliteArchive::entries(domain::ChatId chat, domain::Rev after,
                                              domain::Rev last) {
  ports::ArchivedEntries entries;
  {
    // There is an index by seq and none by place; every place is a message's or a change's.
    auto row = connection_.prepare("SELECT " KN_MESSAGE_COLUMNS
                                   " FROM messages WHERE chat_id = ?1 AND seq > ?2 AND seq <= ?3 "
                                   "ORDER BY seq");
    row.bind(chat, messages_up_to(connection_, chat, after),
             messages_up_to(connection_, chat, last));
    while (row.step()) entries.messages.push_back({.message = read_message(row), .reactions = {}});
  }
  for (auto& each : entries.messages) {
    each.reactions = reactions_to(connection_, each.message.id);
  }
  auto row = connection_.prepare(
      "SELECT rev, kind, message_id, actor_id, emoji, created_at FROM changes WHERE chat_id = ?1 "
      "AND rev > ?2 AND rev <= ?3 ORDER BY rev");
  row.bind(chat, after, last);
  while (row.step()) {
    const auto kind = domain::parse_change_kind(row.text(1));
    if (!kind) throw std::runtime_error("the database holds a change of an unknown kind");
    entries.changes.push_back({.rev = row.count(0),
                               .kind = *kind,
                               .target = row.id<domain::MessageId>(2),
                               .actor = row.id<domain::UserId>(3),
                               .emoji = row.text(4),
                               .created_at = row.time(5)});
  }
  return entries;
}

}  // namespace knotos::adapters::sqlite
