#include "adapters/sqlite/schema.hpp"

#include "base/log.hpp"

#include <array>
#include <stdexcept>
#include <string>

namespace knotos::adapters::sqlite {
namespace {

// Ids are blobs of sixteen bytes, times milliseconds since 1970, hashes blobs of 32 bytes. Rowid
// tables: WITHOUT ROWID was measured slower for rows of this size.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE users (
  id BLOB NOT NULL PRIMARY KEY,
  username TEXT NOT NULL UNIQUE,
  display_name TEXT NOT NULL,
  about TEXT NOT NULL DEFAULT '',
  is_deleted INTEGER NOT NULL DEFAULT 0,
  password_hash TEXT NOT NULL,
  privacy_last_seen TEXT NOT NULL DEFAULT 'everyone',
  privacy_direct_messages TEXT NOT NULL DEFAULT 'everyone',
  privacy_group_invites TEXT NOT NULL DEFAULT 'everyone',
  last_seen_at INTEGER,
  user_rev INTEGER NOT NULL DEFAULT 0,
  changed_at INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE contacts (
  owner_id BLOB NOT NULL REFERENCES users (id),
  other_id BLOB NOT NULL REFERENCES users (id),
  since INTEGER NOT NULL,
  PRIMARY KEY (owner_id, other_id)
) STRICT;
CREATE TABLE blocks (
  owner_id BLOB NOT NULL REFERENCES users (id),
  other_id BLOB NOT NULL REFERENCES users (id),
  since INTEGER NOT NULL,
  PRIMARY KEY (owner_id, other_id)
) STRICT;

CREATE TABLE devices (
  id BLOB NOT NULL PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL
) STRICT;
CREATE INDEX devices_of_user ON devices (user_id, created_at);

CREATE TABLE refresh_tokens (
  hash BLOB NOT NULL PRIMARY KEY,
  device_id BLOB NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
  expires_at INTEGER NOT NULL,
  is_used INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX refresh_tokens_of_device ON refresh_tokens (device_id);

CREATE TABLE chats (
  id BLOB NOT NULL PRIMARY KEY,
  type TEXT NOT NULL,
  title TEXT NOT NULL,
  owner_id BLOB,
  history_visibility TEXT NOT NULL,
  request_hash BLOB,
  member_count INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  last_rev INTEGER NOT NULL,
  last_ordinal INTEGER NOT NULL,
  preview_message_id BLOB,
  preview_seq INTEGER,
  preview_sender_id BLOB,
  preview_type TEXT,
  preview_content TEXT,
  preview_is_deleted INTEGER,
  preview_created_at INTEGER,
  pinned_message_ids BLOB,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;

-- changed_at, here and elsewhere: the store's own time of the last change, which `sync` goes by.
-- place: where the message stands in the chat's log; rev: that of the last change to it.
CREATE TABLE messages (
  id BLOB NOT NULL,
  chat_id BLOB NOT NULL,
  seq INTEGER NOT NULL,
  place INTEGER NOT NULL,
  rev INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  sender_ordinal INTEGER NOT NULL,
  sender_id BLOB NOT NULL,
  client_message_id TEXT NOT NULL,
  request_hash BLOB NOT NULL,
  type TEXT NOT NULL,
  content TEXT NOT NULL,
  reply_message_id BLOB,
  reply_seq INTEGER,
  reply_sender_id BLOB,
  reply_preview TEXT,
  mentions BLOB,
  forwarded_sender_id BLOB,
  forwarded_created_at INTEGER,
  reactions BLOB,
  system_event TEXT,
  system_user_ids BLOB,
  system_title TEXT,
  system_role TEXT,
  system_new_owner_id BLOB,
  is_pinned INTEGER NOT NULL,
  is_deleted INTEGER NOT NULL,
  edit_version INTEGER NOT NULL,
  edited_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX messages_by_seq ON messages (chat_id, seq);
CREATE UNIQUE INDEX messages_by_rev ON messages (chat_id, rev);
CREATE UNIQUE INDEX messages_by_key ON messages (chat_id, sender_id, client_message_id);
CREATE UNIQUE INDEX messages_by_id ON messages (id);
CREATE INDEX messages_by_sender ON messages (chat_id, sender_id, seq);

CREATE TABLE reactions (
  message_id BLOB NOT NULL,
  user_id BLOB NOT NULL,
  emoji TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (message_id, user_id, emoji)
) STRICT;

-- The entries of the log that are no messages. With messages.place they are dense: 1, 2, 3, …
CREATE TABLE changes (
  chat_id BLOB NOT NULL,
  rev INTEGER NOT NULL,
  kind TEXT NOT NULL,
  message_id BLOB NOT NULL,
  actor_id BLOB NOT NULL,
  emoji TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (chat_id, rev)
) STRICT;

CREATE TABLE user_chat_states (
  user_id BLOB NOT NULL REFERENCES users (id),
  chat_id BLOB NOT NULL REFERENCES chats (id),
  role TEXT NOT NULL,
  is_member INTEGER NOT NULL,
  member_rev INTEGER NOT NULL,
  joined_at INTEGER NOT NULL,
  visible_from_seq INTEGER NOT NULL,
  last_read_seq INTEGER NOT NULL,
  last_read_ordinal INTEGER NOT NULL,
  last_delivered_seq INTEGER NOT NULL,
  own_count INTEGER NOT NULL,
  own_count_at_read INTEGER NOT NULL,
  is_archived INTEGER NOT NULL,
  archived_ordinal INTEGER NOT NULL,
  is_pinned INTEGER NOT NULL,
  pin_order INTEGER NOT NULL,
  muted_until INTEGER,
  marked_unread INTEGER NOT NULL,
  notification_level TEXT NOT NULL,
  draft TEXT NOT NULL,
  cleared_seq INTEGER NOT NULL,
  is_off_list INTEGER NOT NULL,
  off_list_ordinal INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- Of the last private change, of the last change of membership, of the last raised watermark.
  changed_at INTEGER NOT NULL DEFAULT 0,
  member_changed_at INTEGER NOT NULL DEFAULT 0,
  marked_at INTEGER NOT NULL DEFAULT 0,
  -- When the last mark of each kind came, and what had been passed before it.
  delivered_at INTEGER,
  delivered_after_seq INTEGER NOT NULL DEFAULT 0,
  read_at INTEGER,
  read_after_seq INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, chat_id)
) STRICT;
CREATE INDEX members_of_chat ON user_chat_states (chat_id, is_member, joined_at, user_id);

CREATE TABLE hidden_messages (
  user_id BLOB NOT NULL,
  chat_id BLOB NOT NULL,
  message_id BLOB NOT NULL,
  hidden_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, chat_id, message_id)
) STRICT;

CREATE TABLE invites (
  code TEXT NOT NULL PRIMARY KEY,
  chat_id BLOB NOT NULL REFERENCES chats (id),
  creator_id BLOB NOT NULL,
  expires_at INTEGER,
  uses_max INTEGER NOT NULL,
  uses INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX invites_of_chat ON invites (chat_id, created_at);

CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value ANY NOT NULL) STRICT;
-- A restored backup gets another one, so that cursors from before it are refused.
INSERT INTO meta VALUES ('epoch', randomblob(16));
-- No change has a later time than this, so that the store's time goes on from it after a restart,
-- whatever the machine's clock says then.
INSERT INTO meta VALUES ('time_bound', 0);
)sql";

constexpr std::array<const char*, kSchemaVersion> kMigrations{kVersion1};

std::int64_t read_pragma(Connection& connection, std::string_view pragma) {
  auto statement = connection.prepare(pragma);
  return statement.step() ? statement.integer(0) : 0;
}

}  // namespace

void migrate(Connection& connection) {
  const auto version = read_pragma(connection, "PRAGMA user_version");
  const auto application = read_pragma(connection, "PRAGMA application_id");
  const bool is_empty = read_pragma(connection, "SELECT count(*) FROM sqlite_schema") == 0;
  if (!is_empty && application != kApplicationId) {
    throw std::runtime_error("it is a database of another program");
  }
  if (version > kSchemaVersion) {
    throw std::runtime_error("it was written by a newer Knotos (schema " + std::to_string(version) +
                             ", this one knows " + std::to_string(kSchemaVersion) + ")");
  }
  for (auto next = version + 1; next <= kSchemaVersion; ++next) {
    connection.execute("BEGIN IMMEDIATE;" +
                       std::string(kMigrations[static_cast<std::size_t>(next - 1)]) +
                       "PRAGMA application_id = " + std::to_string(kApplicationId) +
                       ";PRAGMA user_version = " + std::to_string(next) + ";COMMIT;");
    log::info("the database was brought to a new schema", {{"version", next}});
  }
}

std::string read_epoch(Connection& connection) {
  auto row = connection.prepare("SELECT value FROM meta WHERE name = 'epoch'");
  if (!row.step()) throw std::runtime_error("the database has no epoch");
  const auto bytes = row.blob(0);
  return {bytes.begin(), bytes.end()};
}

Time read_time_bound(Connection& connection) {
  auto row = connection.prepare("SELECT value FROM meta WHERE name = 'time_bound'");
  return row.step() ? row.time(0) : Time();
}

}  // namespace knotos::adapters::sqlite
