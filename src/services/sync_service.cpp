#include "services/sync_service.hpp"

#include "base/metrics.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace knotos::services {
namespace {

using domain::UserId;

metrics::Counter syncs_answered("syncs_total", "Pages of sync answered.", "kind", "since");
metrics::Counter syncs_afresh("syncs_total", "Pages of sync answered.", "kind", "afresh");
metrics::Counter cursors_expired("sync_cursors_expired_total",
                                 "Cursors of another epoch of the store.");

SyncedStanding standing_of(const domain::Chat& chat, const domain::UserChatState& state) {
  return {.chat_id = chat.id,
          .last_rev = chat.last_rev,
          .last_seq = chat.last_seq,
          .last_read_seq = state.last_read_seq,
          .unread_count = domain::unread_count(chat, state)};
}

auto key_of(const SyncCursor& cursor) {
  const auto chats = cursor.chats_after.value_or(ports::SyncPosition{});
  const auto receipts = cursor.receipts_after.value_or(ports::ReceiptPosition{});
  return std::tuple(cursor.epoch, cursor.since, cursor.until, cursor.chats_after.has_value(),
                    chats.changed_at, chats.chat_id, cursor.receipts_after.has_value(),
                    receipts.moved_at, receipts.chat_id, receipts.user_id);
}

/// Nothing is known yet.
bool is_afresh(const SyncCursor& cursor) { return cursor.since == Time(); }

}  // namespace

bool SyncCursor::operator==(const SyncCursor& other) const {
  return key_of(*this) == key_of(other);
}

Task<Result<SyncService::Answer>> SyncService::sync(UserId user, std::optional<SyncCursor> cursor) {
  auto epoch = co_await ports_.syncs.epoch();
  if (!epoch) co_return fail(std::move(epoch.error()));
  if (cursor && cursor->epoch != *epoch) {
    cursors_expired.add();
    co_return fail(Errc::cursor_expired);
  }
  Answer answer;
  answer.cursor = cursor.value_or(SyncCursor{
      .epoch = *epoch, .since = {}, .until = {}, .chats_after = {}, .receipts_after = {}});
  (is_afresh(answer.cursor) ? syncs_afresh : syncs_answered).add();
  if (answer.cursor.receipts_after) co_return co_await add_receipts(user, std::move(answer));
  auto with_chats = co_await add_chats(user, std::move(answer));
  if (!with_chats || with_chats->has_more) co_return with_chats;
  co_return co_await add_receipts(user, std::move(*with_chats));
}

Task<Result<SyncCursor>> SyncService::present() {
  auto epoch = co_await ports_.syncs.epoch();
  if (!epoch) co_return fail(std::move(epoch.error()));
  auto now = co_await ports_.syncs.store_time();
  if (!now) co_return fail(std::move(now.error()));
  co_return finished({.epoch = std::move(*epoch),
                      .since = {},
                      .until = *now,
                      .chats_after = {},
                      .receipts_after = {}});
}

Task<Result<SyncService::Verified>> SyncService::verify(
    UserId user, std::map<domain::ChatId, domain::Rev> known) {
  auto chats = co_await ports_.syncs.all_chats(user);
  if (!chats) co_return fail(std::move(chats.error()));
  Verified verified;
  for (const auto& [chat, state, has_joined, has_private_change, hidden] : *chats) {
    if (!state.is_member) continue;
    const auto found = known.find(chat.id);
    if (found == known.end() || found->second != chat.last_rev) {
      verified.chats.push_back(standing_of(chat, state));
    }
    if (found != known.end()) known.erase(found);
  }
  for (const auto& [chat, rev] : known) verified.not_there.push_back(chat);
  co_return verified;
}

Task<Result<SyncService::Answer>> SyncService::add_chats(UserId user, Answer answer) {
  auto& cursor = answer.cursor;
  const bool is_fresh = is_afresh(cursor);
  // Of the first page: a later one could stand behind a change of the very moment at which a page
  // ended, which would then be told by neither.
  if (!cursor.chats_after) {
    auto now = co_await ports_.syncs.store_time();
    if (!now) co_return fail(std::move(now.error()));
    cursor.until = *now;
  }
  auto page = co_await ports_.syncs.sync({.user = user,
                                          .since = cursor.since,
                                          .after = cursor.chats_after,
                                          .limit = limits_.chats_max});
  if (!page) co_return fail(std::move(page.error()));
  answer.user_rev = page->user_rev;
  for (auto& chat : page->chats) {
    if (chat.state.is_member) answer.chats.push_back(standing_of(chat.chat, chat.state));
    if (is_fresh) continue;
    auto changes = co_await changes_of(user, std::move(chat));
    if (!changes) co_return fail(std::move(changes.error()));
    std::ranges::move(*changes, std::back_inserter(answer.changes));
  }
  cursor.chats_after = page->next;
  answer.has_more = page->next.has_value();
  if (!answer.has_more && page->settings_changed && !is_fresh) {
    answer.changes.emplace_back(SettingsMoved{});
  }
  co_return answer;
}

Task<Result<std::vector<PrivateChange>>> SyncService::changes_of(UserId user,
                                                                 ports::SyncedChat chat) {
  std::vector<PrivateChange> changes;
  if (!chat.state.is_member) {
    if (chat.has_joined) changes.emplace_back(ChatWent{.chat_id = chat.chat.id});
    co_return changes;
  }
  if (chat.has_joined) {
    auto item = co_await ports_.chats.item(user, chat.chat.id);
    if (!item && item.error().code != Errc::not_found) co_return fail(std::move(item.error()));
    // Gone again in between: that is a change too, and the next sync tells it.
    if (item) changes.emplace_back(ChatCame{.item = std::move(*item)});
  }
  for (const auto& message : chat.hidden) {
    changes.emplace_back(MessageHid{.chat_id = chat.chat.id, .message_id = message});
  }
  if (chat.has_private_change) {
    changes.emplace_back(StateMoved{.chat = std::move(chat.chat), .state = std::move(chat.state)});
  }
  co_return changes;
}

Task<Result<SyncService::Answer>> SyncService::add_receipts(UserId user, Answer answer) {
  auto& cursor = answer.cursor;
  auto page = co_await ports_.syncs.moved_receipts({.user = user,
                                                    .since = cursor.since,
                                                    .members_max = limits_.receipt_members_max,
                                                    .after = cursor.receipts_after,
                                                    .limit = limits_.receipts_max});
  if (!page) co_return fail(std::move(page.error()));
  answer.receipts = std::move(page->receipts);
  answer.has_more = page->next.has_value();
  if (answer.has_more) {
    cursor.receipts_after = page->next;
  } else {
    cursor = finished(cursor);
  }
  co_return answer;
}

SyncCursor SyncService::finished(const SyncCursor& run) const {
  return {.epoch = run.epoch,
          .since = run.until - limits_.margin,
          .until = {},
          .chats_after = {},
          .receipts_after = {}};
}

}  // namespace knotos::services
