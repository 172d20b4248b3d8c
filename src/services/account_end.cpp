#include "services/account_end.hpp"

#include "base/metrics.hpp"
#include "services/chat_head.hpp"

#include <algorithm>
#include <utility>

namespace knotos::services {
namespace {

using domain::UserId;
using People = std::vector<ports::Acquaintance>;

metrics::Counter accounts_deleted("accounts_deleted_total", "Accounts that were deleted.");

constexpr std::size_t kPeoplePage = 100;

ports::AcquaintancePosition position_of(const ports::Acquaintance& last) {
  return {.since = last.since, .user_id = last.user.id};
}

}  // namespace

Task<Result<AccountEnd::Export>> AccountEnd::export_data(UserId user,
                                                         std::optional<ExportPosition> after) {
  Export document;
  auto found = co_await ports_.account_store.find_user(user);
  if (!found) co_return fail(std::move(found.error()));
  document.user = std::move(*found);
  auto privacy = co_await ports_.people.privacy(user);
  if (!privacy) co_return fail(std::move(privacy.error()));
  document.privacy = *privacy;
  auto contacts = co_await all_contacts(user);
  if (!contacts) co_return fail(std::move(contacts.error()));
  document.contacts = std::move(*contacts);
  auto blocks = co_await all_blocks(user);
  if (!blocks) co_return fail(std::move(blocks.error()));
  document.blocks = std::move(*blocks);
  auto chats = co_await ports_.syncs.all_chats(user);
  if (!chats) co_return fail(std::move(chats.error()));
  std::size_t room = limits_.export_messages_max;
  for (auto& chat : *chats) {
    const auto id = chat.chat.id;
    if (after && id < after->chat_id) continue;
    ExportedChat exported{
        .chat = std::move(chat.chat), .state = std::move(chat.state), .messages = {}};
    domain::Seq from = after && id == after->chat_id ? after->seq : 0;
    for (bool has_more = true; has_more;) {
      if (room == 0) {
        document.next = {.chat_id = id, .seq = from};
        break;
      }
      const auto limit = std::min(room, limits_.page);
      auto page = co_await ports_.messages.messages_by(id, user, from, limit);
      if (!page) co_return fail(std::move(page.error()));
      has_more = page->size() == limit;
      room -= page->size();
      if (!page->empty()) from = page->back().seq;
      for (auto& message : *page) exported.messages.push_back(std::move(message));
    }
    document.chats.push_back(std::move(exported));
    if (document.next) break;
  }
  co_return document;
}

Task<Result<void>> AccountEnd::delete_account(ports::AccessClaims caller, std::string password) {
  const auto user = caller.user_id;
  auto is_right = co_await ports_.accounts.has_password(user, std::move(password));
  if (!is_right) co_return fail(std::move(is_right.error()));
  if (!*is_right) co_return fail(Errc::forbidden, "This is not the password of the account.");
  auto alone = co_await sign_out_others(caller);
  if (!alone) co_return fail(std::move(alone.error()));
  auto chats = co_await ports_.syncs.all_chats(user);
  if (!chats) co_return fail(std::move(chats.error()));
  auto erased = co_await erase_all(user, *chats);
  if (!erased) co_return fail(std::move(erased.error()));
  for (const auto& chat : *chats) {
    if (chat.chat.type != domain::ChatType::group || !chat.state.is_member) continue;
    auto left = co_await ports_.writes.change_group(chat.chat.id, {.deed = GroupDeed::leave,
                                                                   .actor_id = user,
                                                                   .user_ids = {},
                                                                   .role = {},
                                                                   .title = {},
                                                                   .history_visibility = {}});
    if (!left && left.error().code != Errc::not_found) co_return fail(std::move(left.error()));
  }
  // What the others had under way when they were signed out may have come since.
  chats = co_await ports_.syncs.all_chats(user);
  if (!chats) co_return fail(std::move(chats.error()));
  erased = co_await erase_all(user, *chats);
  if (!erased) co_return fail(std::move(erased.error()));
  auto deleted = co_await ports_.people.delete_account(user);
  if (!deleted) co_return fail(std::move(deleted.error()));
  accounts_deleted.add();
  announce_end(user, caller.device_id);
  co_return Result<void>();
}

/// So that they write nothing more while what they wrote is erased.
Task<Result<void>> AccountEnd::sign_out_others(ports::AccessClaims caller) {
  auto devices = co_await ports_.account_store.devices_of(caller.user_id);
  if (!devices) co_return fail(std::move(devices.error()));
  for (const auto& device : *devices) {
    if (device.id == caller.device_id) continue;
    auto revoked = co_await ports_.account_store.revoke_device(caller.user_id, device.id);
    if (!revoked) co_return fail(std::move(revoked.error()));
    announce_end(caller.user_id, device.id);
  }
  co_return Result<void>();
}

void AccountEnd::announce_end(UserId user, domain::DeviceId device) {
  ports_.bus.publish(
      ports::SessionRevoked{.user_id = user, .device_id = device, .reason = "account-deleted"});
}

Task<Result<People>> AccountEnd::all_contacts(UserId user) {
  People people;
  for (bool has_more = true; has_more;) {
    std::optional<ports::AcquaintancePosition> after;
    if (!people.empty()) after = position_of(people.back());
    auto page = co_await ports_.people.contacts(user, after, kPeoplePage);
    if (!page) co_return fail(std::move(page.error()));
    for (auto& each : page->people) people.push_back(std::move(each));
    has_more = page->has_more;
  }
  co_return people;
}

Task<Result<People>> AccountEnd::all_blocks(UserId user) {
  People people;
  for (bool has_more = true; has_more;) {
    std::optional<ports::AcquaintancePosition> after;
    if (!people.empty()) after = position_of(people.back());
    auto page = co_await ports_.people.blocks(user, after, kPeoplePage);
    if (!page) co_return fail(std::move(page.error()));
    for (auto& each : page->people) people.push_back(std::move(each));
    has_more = page->has_more;
  }
  co_return people;
}

Task<Result<void>> AccountEnd::erase_all(UserId user, const std::vector<ports::SyncedChat>& chats) {
  for (const auto& chat : chats) {
    auto erased = co_await erase_all(user, chat.chat.id);
    if (!erased) co_return fail(std::move(erased.error()));
  }
  co_return Result<void>();
}

Task<Result<void>> AccountEnd::erase_all(UserId user, domain::ChatId chat) {
  domain::Seq after = 0;
  for (bool has_more = true; has_more;) {
    auto page = co_await ports_.messages.messages_by(chat, user, after, limits_.page);
    if (!page) co_return fail(std::move(page.error()));
    for (const auto& message : *page) {
      after = message.seq;
      auto erased = co_await ports_.writes.erase_farewell(user, chat, message.id);
      if (!erased && erased.error().code != Errc::not_found) {
        co_return fail(std::move(erased.error()));
      }
    }
    has_more = page->size() == limits_.page;
  }
  co_return Result<void>();
}

}  // namespace knotos::services
