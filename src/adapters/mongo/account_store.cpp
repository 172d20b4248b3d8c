#include "adapters/mongo/documents.hpp"
#include "adapters/mongo/failure.hpp"
#include "adapters/mongo/mongo_store.hpp"

#include <utility>

// Users, and the devices they are signed in on.
namespace knotos::adapters::mongo {
namespace {

Document device_document(const ports::NewDevice& fresh) {
  const auto& device = fresh.device;
  return document("_id", device.id, "userId", device.user_id, "name", device.name, "createdAt",
                  device.created_at, "lastUsedAt", device.last_used_at, "refreshHash",
                  fresh.refresh_hash, "refreshExpiresAt", fresh.refresh_expires_at);
}

domain::Device read_device(const View& view) {
  return {.id = view.id<domain::DeviceId>("_id"),
          .user_id = view.id<domain::UserId>("userId"),
          .name = view.text("name"),
          .created_at = view.time("createdAt"),
          .last_used_at = view.time("lastUsedAt")};
}

/// Writes the user and the device that a name was taken with, and are not there yet.
void complete_account(Session& session, const View& name) {
  if (!name.has("founding")) return;
  const auto founding = name.document("founding");
  session.insert_one(kUsers, founding.document("user").copy());
  session.insert_one(kDevices, founding.document("device").copy());
  session.update_one(kUsernames, document("_id", name.text("_id")),
                     document("$unset", document("founding", "")));
}

/// The name is taken first, with all that belongs to it: that is the commit.
Result<bool> create_user(Session& session, const ports::Credentials& credentials,
                         const ports::NewDevice& device) {
  const auto& user = credentials.user;
  if (session.find_one(kUsers, document("_id", user.id))) return fail(Errc::conflict);
  const auto name = document("_id", user.username, "userId", user.id, "founding",
                             document("user", user_document(user, credentials.password_hash),
                                      "device", device_document(device)));
  if (!session.insert_one(kUsernames, name)) return fail(Errc::conflict);
  complete_account(session, name);
  return true;
}

Result<ports::Credentials> read_credentials(Session& session, const std::string& username) {
  const auto name = session.find_one(kUsernames, document("_id", username));
  if (!name) return fail(Errc::not_found);
  complete_account(session, *name);
  const auto id = View(*name).id<domain::UserId>("userId");
  const auto found = session.find_one(kUsers, document("_id", id, "isDeleted", false));
  if (!found) return fail(Errc::not_found);
  return ports::Credentials{.user = read_user(*found),
                            .password_hash = View(*found).text("passwordHash")};
}

/// A rotation, at a time of the callers' clock.
struct RotationRequest {
  Sha256 presented{};
  Sha256 next{};
  Time now;
  Time next_expires_at;
};

ports::Rotation rotation_of(const View& device, ports::RotationStatus status) {
  return {.status = status,
          .user_id = device.id<domain::UserId>("userId"),
          .device_id = device.id<domain::DeviceId>("_id")};
}

/// One step on one document, so that of two at once one finds the token used.
ports::Rotation rotate_token(Session& session, const RotationRequest& request) {
  const auto& [presented, next, now, next_expires_at] = request;
  const auto current = session.find_one(kDevices, document("refreshHash", presented));
  if (current) {
    const View view(*current);
    const auto expires_at = view.time("refreshExpiresAt");
    if (expires_at <= now) return {};
    const auto used = document("hash", presented, "expiresAt", expires_at);
    const auto taken = session.update_one(
        kDevices, document("_id", view.text("_id"), "refreshHash", presented),
        document(
            "$set",
            document("refreshHash", next, "refreshExpiresAt", next_expires_at, "lastUsedAt", now),
            "$push", document("usedTokens", used)));
    if (taken.matched > 0) {
      // What is long past its time can neither be used nor tell of a theft that matters.
      session.update_one(
          kDevices, document("_id", view.text("_id")),
          document("$pull", document("usedTokens", document("expiresAt", document("$lte", now)))));
      return rotation_of(view, ports::RotationStatus::rotated);
    }
  }
  const auto used = session.find_one(kDevices, document("usedTokens.hash", presented));
  if (!used) return {};
  auto rotation = rotation_of(*used, ports::RotationStatus::reused);
  // Of several that come at once, the one that signs the device out tells of it.
  if (session.remove_one(kDevices, document("_id", rotation.device_id)) == 0) return {};
  rotation.user_rev = raise_settings(session, rotation.user_id);
  return rotation;
}

}  // namespace

Task<Result<void>> MongoStore::create(ports::Credentials credentials, ports::NewDevice device) {
  auto job = [credentials = std::move(credentials), device = std::move(device)](Session& session) {
    return create_user(session, credentials, device);
  };
  auto written = co_await run<bool>(std::move(job));
  if (!written) co_return fail(std::move(written.error()));
  co_return Result<void>();
}

Task<Result<ports::Credentials>> MongoStore::find_credentials(std::string username) {
  auto job = [username = std::move(username)](Session& session) {
    return read_credentials(session, username);
  };
  co_return co_await run<ports::Credentials>(std::move(job));
}

Task<Result<domain::User>> MongoStore::find_user(domain::UserId user) {
  auto job = [user](Session& session) -> Result<domain::User> {
    const auto found = session.find_one(kUsers, document("_id", user));
    if (!found) return fail(Errc::not_found);
    return read_user(*found);
  };
  co_return co_await run<domain::User>(std::move(job));
}

Task<Result<std::vector<domain::User>>> MongoStore::find_users(std::string prefix,
                                                               std::string after,
                                                               std::size_t limit) {
  auto job = [prefix = std::move(prefix), after = std::move(after),
              limit](Session& session) -> Result<std::vector<domain::User>> {
    // DEL is in no username and sorts behind all that is.
    auto cursor = session.find(
        kUsers,
        document("username", document("$gte", prefix, "$lt", prefix + '\x7f', "$gt", after),
                 "isDeleted", false),
        {.sort = document("username", 1), .fields = {}, .limit = limit});
    std::vector<domain::User> users;
    while (const auto found = cursor.next()) users.push_back(read_user(*found));
    return users;
  };
  co_return co_await run<std::vector<domain::User>>(std::move(job));
}

Task<Result<domain::UserRev>> MongoStore::add_device(ports::NewDevice device) {
  auto job = [device = std::move(device)](Session& session) -> Result<domain::UserRev> {
    const auto user = device.device.user_id;
    if (!session.find_one(kUsers, document("_id", user, "isDeleted", false))) {
      return fail(Errc::not_found);
    }
    session.insert_one(kDevices, device_document(device));
    const auto raised = raise_settings(session, user);
    if (raised == 0) return fail(Errc::not_found);
    return raised;
  };
  co_return co_await run<domain::UserRev>(std::move(job));
}

Task<Result<ports::Rotation>> MongoStore::rotate(Sha256 presented, Sha256 next, Time now,
                                                 Time next_expires_at) {
  const RotationRequest request{
      .presented = presented, .next = next, .now = now, .next_expires_at = next_expires_at};
  auto job = [request](Session& session) -> Result<ports::Rotation> {
    return rotate_token(session, request);
  };
  co_return co_await run<ports::Rotation>(std::move(job));
}

Task<Result<std::vector<domain::Device>>> MongoStore::devices_of(domain::UserId user) {
  auto job = [user](Session& session) -> Result<std::vector<domain::Device>> {
    auto cursor = session.find(kDevices, document("userId", user),
                               {.sort = document("createdAt", -1, "_id", 1)});
    std::vector<domain::Device> devices;
    while (const auto found = cursor.next()) devices.push_back(read_device(*found));
    return devices;
  };
  co_return co_await run<std::vector<domain::Device>>(std::move(job));
}

Task<Result<bool>> MongoStore::is_signed_in(domain::UserId user, domain::DeviceId device) {
  auto job = [user, device](Session& session) -> Result<bool> {
    return session.find_one(kDevices, document("_id", device, "userId", user)).has_value();
  };
  co_return co_await run<bool>(std::move(job));
}

Task<Result<std::optional<domain::UserRev>>> MongoStore::revoke_device(domain::UserId user,
                                                                       domain::DeviceId device) {
  auto job = [user, device](Session& session) -> Result<std::optional<domain::UserRev>> {
    if (session.remove_one(kDevices, document("_id", device, "userId", user)) == 0) {
      return std::optional<domain::UserRev>();
    }
    return std::optional(raise_settings(session, user));
  };
  co_return co_await run<std::optional<domain::UserRev>>(std::move(job));
}

}  // namespace knotos::adapters::mongo
