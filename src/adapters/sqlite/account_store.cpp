#include "adapters/sqlite/rows.hpp"
#include "adapters/sqlite/sqlite_store.hpp"

#include <utility>

// Users, and the devices they are signed in on.
namespace knotos::adapters::sqlite {
namespace {

bool is_there(Connection& connection, std::string_view sql, const auto& value) {
  auto row = connection.prepare(sql);
  row.bind(value);
  return row.step();
}

void insert_token(Connection& connection, const Sha256& hash, domain::DeviceId device,
                  Time expires_at) {
  connection.prepare("INSERT INTO refresh_tokens VALUES (?1, ?2, ?3, 0)")
      .bind(hash, device, expires_at)
      .run();
}

void insert_device(Connection& connection, const ports::NewDevice& fresh) {
  const auto& device = fresh.device;
  connection.prepare("INSERT INTO devices VALUES (?1, ?2, ?3, ?4, ?5)")
      .bind(device.id, device.user_id, device.name, device.created_at, device.last_used_at)
      .run();
  insert_token(connection, fresh.refresh_hash, device.id, fresh.refresh_expires_at);
}

Result<void> create_user(Connection& connection, const ports::Credentials& credentials,
                         const ports::NewDevice& device) {
  const auto& user = credentials.user;
  if (is_there(connection, "SELECT 1 FROM users WHERE username = ?1", user.username) ||
      is_there(connection, "SELECT 1 FROM users WHERE id = ?1", user.id)) {
    return fail(Errc::conflict);
  }
  connection
      .prepare(
          "INSERT INTO users (id, username, display_name, password_hash, created_at) VALUES (?1, "
          "?2, ?3, ?4, ?5)")
      .bind(user.id, user.username, user.display_name, credentials.password_hash, user.created_at)
      .run();
  insert_device(connection, device);
  return {};
}

void remove_device(Connection& connection, domain::DeviceId device) {
  connection.prepare("DELETE FROM refresh_tokens WHERE device_id = ?1").bind(device).run();
  connection.prepare("DELETE FROM devices WHERE id = ?1").bind(device).run();
}

/// A rotation, at a time of the callers' clock.
struct RotationRequest {
  Sha256 presented{};
  Sha256 next{};
  Time now;
  Time next_expires_at;
};

ports::Rotation rotate_token(Connection& connection, const RotationRequest& request,
                             Time changed_at) {
  const auto& [presented, next, now, next_expires_at] = request;
  ports::Rotation rotation;
  bool is_used = false;
  Time expires_at;
  {
    auto row = connection.prepare(
        "SELECT d.user_id, d.id, t.is_used, t.expires_at FROM refresh_tokens t JOIN devices d ON "
        "d.id = t.device_id "
        "WHERE t.hash = ?1");
    row.bind(presented);
    if (!row.step()) return rotation;
    rotation.user_id = row.id<domain::UserId>(0);
    rotation.device_id = row.id<domain::DeviceId>(1);
    is_used = row.flag(2);
    expires_at = row.time(3);
  }
  if (is_used) {
    remove_device(connection, rotation.device_id);
    rotation.user_rev = raise_settings(connection, rotation.user_id, changed_at);
    rotation.status = ports::RotationStatus::reused;
    return rotation;
  }
  if (expires_at <= now) return {};
  connection.prepare("UPDATE refresh_tokens SET is_used = 1 WHERE hash = ?1").bind(presented).run();
  insert_token(connection, next, rotation.device_id, next_expires_at);
  // What is long past its time can neither be used nor tell of a theft that matters.
  connection.prepare("DELETE FROM refresh_tokens WHERE device_id = ?1 AND expires_at <= ?2")
      .bind(rotation.device_id, now)
      .run();
  connection.prepare("UPDATE devices SET last_used_at = ?2 WHERE id = ?1")
      .bind(rotation.device_id, now)
      .run();
  rotation.status = ports::RotationStatus::rotated;
  return rotation;
}

}  // namespace

Task<Result<void>> SqliteStore::create(ports::Credentials credentials, ports::NewDevice device) {
  auto work = [credentials = std::move(credentials), device = std::move(device)](
                  Connection& connection) { return create_user(connection, credentials, device); };
  co_return co_await write<void>(std::move(work));
}

Task<Result<ports::Credentials>> SqliteStore::find_credentials(std::string username) {
  auto work = [username =
                   std::move(username)](Connection& connection) -> Result<ports::Credentials> {
    auto row = connection.prepare(
        "SELECT " KN_USER_COLUMNS
        ", u.password_hash FROM users u WHERE u.username = ?1 AND u.is_deleted = 0");
    row.bind(username);
    if (!row.step()) return fail(Errc::not_found);
    return ports::Credentials{.user = read_user(row), .password_hash = row.text(kUserColumns)};
  };
  co_return co_await readers_.read<ports::Credentials>(std::move(work));
}

Task<Result<domain::User>> SqliteStore::find_user(domain::UserId user) {
  auto work = [user](Connection& connection) -> Result<domain::User> {
    auto row = connection.prepare("SELECT " KN_USER_COLUMNS " FROM users u WHERE u.id = ?1");
    row.bind(user);
    if (!row.step()) return fail(Errc::not_found);
    return read_user(row);
  };
  co_return co_await readers_.read<domain::User>(std::move(work));
}

Task<Result<std::vector<domain::User>>> SqliteStore::find_users(std::string prefix,
                                                                std::string after,
                                                                std::size_t limit) {
  auto work = [prefix = std::move(prefix), after = std::move(after),
               limit](Connection& connection) -> Result<std::vector<domain::User>> {
    // The byte 0xff is in no username: everything that begins with the prefix is under it.
    const auto beyond = prefix + '\xff';
    auto row = connection.prepare(
        "SELECT " KN_USER_COLUMNS
        " FROM users u WHERE u.username >= ?1 AND u.username < ?2 AND u.username > ?3 AND "
        "u.is_deleted = 0 ORDER BY u.username LIMIT ?4");
    row.bind(prefix, beyond, after, std::uint64_t{limit});
    std::vector<domain::User> users;
    while (row.step()) users.push_back(read_user(row));
    return users;
  };
  co_return co_await readers_.read<std::vector<domain::User>>(std::move(work));
}

Task<Result<domain::UserRev>> SqliteStore::add_device(ports::NewDevice device) {
  auto work = [this,
               device = std::move(device)](Connection& connection) -> Result<domain::UserRev> {
    const auto user = device.device.user_id;
    const auto raised = raise_settings(connection, user, noted_time(user));
    if (raised == 0) return fail(Errc::not_found);
    insert_device(connection, device);
    return raised;
  };
  co_return co_await write<domain::UserRev>(std::move(work));
}

Task<Result<ports::Rotation>> SqliteStore::rotate(Sha256 presented, Sha256 next, Time now,
                                                  Time next_expires_at) {
  const RotationRequest request{
      .presented = presented, .next = next, .now = now, .next_expires_at = next_expires_at};
  auto work = [this, request](Connection& connection) -> Result<ports::Rotation> {
    const auto changed_at = change_time();
    auto rotation = rotate_token(connection, request, changed_at);
    if (rotation.user_rev > 0) recent_.note(changed_at, rotation.user_id);
    return rotation;
  };
  co_return co_await write<ports::Rotation>(std::move(work));
}

Task<Result<std::vector<domain::Device>>> SqliteStore::devices_of(domain::UserId user) {
  auto work = [user](Connection& connection) -> Result<std::vector<domain::Device>> {
    auto row = connection.prepare(
        "SELECT id, user_id, name, created_at, last_used_at FROM devices WHERE user_id = ?1 ORDER "
        "BY created_at DESC, id");
    row.bind(user);
    std::vector<domain::Device> devices;
    while (row.step()) {
      devices.push_back({.id = row.id<domain::DeviceId>(0),
                         .user_id = row.id<domain::UserId>(1),
                         .name = row.text(2),
                         .created_at = row.time(3),
                         .last_used_at = row.time(4)});
    }
    return devices;
  };
  co_return co_await readers_.read<std::vector<domain::Device>>(std::move(work));
}

Task<Result<bool>> SqliteStore::is_signed_in(domain::UserId user, domain::DeviceId device) {
  auto work = [user, device](Connection& connection) -> Result<bool> {
    auto row = connection.prepare("SELECT 1 FROM devices WHERE id = ?1 AND user_id = ?2");
    row.bind(device, user);
    return row.step();
  };
  co_return co_await readers_.read<bool>(std::move(work));
}

Task<Result<std::optional<domain::UserRev>>> SqliteStore::revoke_device(domain::UserId user,
                                                                        domain::DeviceId device) {
  auto work = [this, user,
               device](Connection& connection) -> Result<std::optional<domain::UserRev>> {
    {
      auto row = connection.prepare("SELECT 1 FROM devices WHERE id = ?1 AND user_id = ?2");
      row.bind(device, user);
      if (!row.step()) return std::optional<domain::UserRev>();
    }
    remove_device(connection, device);
    return std::optional(raise_settings(connection, user, noted_time(user)));
  };
  co_return co_await write<std::optional<domain::UserRev>>(std::move(work));
}

}  // namespace knotos::adapters::sqlite
