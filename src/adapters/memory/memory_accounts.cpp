#include "adapters/memory/memory_store.hpp"

#include <algorithm>
#include <tuple>

// Users, and the devices they are signed in on.
namespace knotos::adapters::memory {
namespace {

constexpr const char* kUnavailable = "the memory store was told to be unavailable";

}  // namespace

Task<Result<void>> MemoryStore::create(ports::Credentials credentials, ports::NewDevice device) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto id = credentials.user.id;
  if (user_ids_by_name_.contains(credentials.user.username) || accounts_.contains(id)) {
    co_return fail(Errc::conflict);
  }
  user_ids_by_name_[credentials.user.username] = id;
  accounts_[id].credentials = std::move(credentials);
  refresh_tokens_[device.refresh_hash] = {device.device.id, device.refresh_expires_at, false};
  devices_[device.device.id] = std::move(device.device);
  co_return Result<void>();
}

Task<Result<ports::Credentials>> MemoryStore::find_credentials(std::string username) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto found = user_ids_by_name_.find(username);
  if (found == user_ids_by_name_.end()) co_return fail(Errc::not_found);
  const auto& credentials = accounts_.at(found->second).credentials;
  if (credentials.user.is_deleted) co_return fail(Errc::not_found);
  co_return credentials;
}

Task<Result<domain::User>> MemoryStore::find_user(domain::UserId user) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto found = accounts_.find(user);
  if (found == accounts_.end()) co_return fail(Errc::not_found);
  co_return found->second.credentials.user;
}

Task<Result<std::vector<domain::User>>> MemoryStore::find_users(std::string prefix,
                                                                std::string after,
                                                                std::size_t limit) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  std::vector<domain::User> users;
  for (auto at = user_ids_by_name_.lower_bound(prefix);
       at != user_ids_by_name_.end() && at->first.starts_with(prefix) && users.size() < limit;
       ++at) {
    const auto& user = accounts_.at(at->second).credentials.user;
    if (at->first > after && !user.is_deleted) users.push_back(user);
  }
  co_return users;
}

Task<Result<domain::UserRev>> MemoryStore::add_device(ports::NewDevice device) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  auto* account = account_of(device.device.user_id);
  if (account == nullptr) co_return fail(Errc::not_found);
  refresh_tokens_[device.refresh_hash] = {device.device.id, device.refresh_expires_at, false};
  devices_[device.device.id] = std::move(device.device);
  co_return raise_settings(*account);
}

Task<Result<ports::Rotation>> MemoryStore::rotate(Sha256 presented, Sha256 next, Time now,
                                                  Time next_expires_at) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto found = refresh_tokens_.find(presented);
  if (found == refresh_tokens_.end() || found->second.expires_at <= now) {
    co_return ports::Rotation{};
  }
  auto& device = devices_.at(found->second.device_id);
  ports::Rotation rotation{
      .status = ports::RotationStatus::rotated, .user_id = device.user_id, .device_id = device.id};
  if (found->second.is_used) {
    rotation.status = ports::RotationStatus::reused;
    remove_device(rotation.device_id);
    rotation.user_rev = raise_settings(accounts_.at(rotation.user_id));
    co_return rotation;
  }
  found->second.is_used = true;
  device.last_used_at = now;
  refresh_tokens_[next] = {rotation.device_id, next_expires_at, false};
  co_return rotation;
}

Task<Result<std::vector<domain::Device>>> MemoryStore::devices_of(domain::UserId user) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  std::vector<domain::Device> devices;
  for (const auto& [id, device] : devices_) {
    if (device.user_id == user) devices.push_back(device);
  }
  std::ranges::sort(devices, [](const domain::Device& one, const domain::Device& other) {
    return std::tuple(other.created_at, other.id) < std::tuple(one.created_at, one.id);
  });
  co_return devices;
}

Task<Result<bool>> MemoryStore::is_signed_in(domain::UserId user, domain::DeviceId device) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto found = devices_.find(device);
  co_return found != devices_.end() && found->second.user_id == user;
}

Task<Result<std::optional<domain::UserRev>>> MemoryStore::revoke_device(domain::UserId user,
                                                                        domain::DeviceId device) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto found = devices_.find(device);
  if (found == devices_.end() || found->second.user_id != user) co_return std::nullopt;
  remove_device(device);
  co_return raise_settings(accounts_.at(user));
}

void MemoryStore::remove_device(domain::DeviceId device) {
  std::erase_if(refresh_tokens_,
                [device](const auto& token) { return token.second.device_id == device; });
  devices_.erase(device);
}

}  // namespace knotos::adapters::memory
