#include "gateway/room_orders.hpp"

#include "base/metrics.hpp"

#include <algorithm>
#include <utility>

namespace knotos::gateway {
namespace {

metrics::Gauge rooms_open("gateway_rooms", "Chats with members connected to this process.");
metrics::Counter gaps_found("gateway_gaps_total", "Gaps found in what the bus brought.");
metrics::Counter gaps_repaired("gateway_gaps_repaired_total", "Gaps closed from the store.");
metrics::Counter repairs_failed("gateway_repairs_failed_total",
                                "Repairs that could not read the store, and were tried again.");
metrics::Counter changes_unknown("gateway_changes_unknown_total",
                                 "Changes that the bus brought and the store does not know.");

}  // namespace

RoomOrders::RoomOrders(Ports ports, Limits limits, Deliver deliver)
    : ports_(ports), limits_(limits), deliver_(std::move(deliver)) {}

void RoomOrders::add_interest(domain::ChatId chat, std::size_t shard) {
  const auto [at, is_new] = rooms_.try_emplace(chat);
  if (is_new) rooms_open.add(1);
  auto& shards = at->second.shards;
  if (std::ranges::find(shards, shard) == shards.end()) shards.push_back(shard);
}

void RoomOrders::drop_interest(domain::ChatId chat, std::size_t shard) {
  auto* room = find(chat);
  if (room == nullptr) return;
  std::erase(room->shards, shard);
  if (!room->shards.empty()) return;
  ports_.timers.cancel(room->gap_timer);
  rooms_.erase(chat);
  rooms_open.add(-1);
}

void RoomOrders::settle(const std::vector<ports::ChatStanding>& standings) {
  for (const auto& standing : standings) {
    auto* room = find(standing.chat_id);
    if (room == nullptr) continue;
    pass_on(standing.chat_id, *room, room->order.settle(standing.last_rev));
    watch_gap(standing.chat_id, *room);
  }
}

void RoomOrders::hear(ports::ChatChanged event) {
  auto* room = find(event.chat_id);
  if (room == nullptr) return;
  note_removed(*room, event);
  pass_on(event.chat_id, *room, room->order.hear(event.rev, std::move(event.message)));
  watch_gap(event.chat_id, *room);
}

void RoomOrders::compare(domain::ChatId chat, domain::Rev last_rev) {
  auto* room = find(chat);
  // One that is not settled will be by what is read later than this.
  if (room == nullptr || !room->order.is_settled() || room->order.delivered() >= last_rev) return;
  pass_on(chat, *room, room->order.hear(last_rev, nullptr));
  watch_gap(chat, *room);
}

Task<Result<std::vector<OrderedChange>>> RoomOrders::catch_up(domain::ChatId chat,
                                                              domain::Rev known) {
  std::vector<OrderedChange> missed;
  auto hi = known;
  while (true) {
    auto* room = find(chat);
    if (room == nullptr)
      co_return fail_because(Errc::not_found, "nobody here is in this chat any more");
    // Nothing is awaited between this check and the answer, so what is delivered next follows
    // without a gap.
    if (room->order.is_settled() && hi == room->order.delivered()) co_return missed;

    // A room that stands before what they know is brought there first: what they must not hear is
    // over when they come.
    const auto from = room->order.is_settled() ? std::min(hi, room->order.delivered()) : hi;
    auto stretch = co_await read_stretch(chat, from);
    if (!stretch) co_return fail(std::move(stretch.error()));
    const auto hi_before = hi;
    for (const auto& message : stretch->changes) {
      if (message->rev <= hi) continue;
      missed.push_back({.message = message, .prev_rev = hi, .is_new = message->place > known});
      hi = message->rev;
    }
    const auto complete_up_to = stretch->complete_up_to;
    if (stretch->is_last) settle({{.chat_id = chat, .last_rev = complete_up_to}});
    // The bus has yet to tell the room of these: then it is told by this, or the newcomers would
    // hear them twice.
    room = find(chat);
    if (room != nullptr && room->order.is_settled()) {
      pass_on(chat, *room, room->order.repair(std::move(stretch->changes), complete_up_to));
    }
    hi = std::max(hi, complete_up_to);
    // A bus that speaks of changes which the store does not know must not keep anybody waiting.
    if (stretch->is_last && hi == hi_before && room != nullptr) co_return missed;
  }
}

const std::vector<std::size_t>& RoomOrders::shards_of(domain::ChatId chat) const {
  static const std::vector<std::size_t> nobody;
  const auto at = rooms_.find(chat);
  return at == rooms_.end() ? nobody : at->second.shards;
}

RoomOrders::Room* RoomOrders::find(domain::ChatId chat) {
  const auto at = rooms_.find(chat);
  return at == rooms_.end() ? nullptr : &at->second;
}

void RoomOrders::note_removed(Room& room, const ports::ChatChanged& event) {
  const bool is_delivered = room.order.is_settled() && event.rev <= room.order.delivered();
  if (is_delivered || room.removed.size() >= RoomOrder::kHeldMax) return;
  for (const auto& member : event.moved) {
    if (!member.is_member) room.removed[event.rev].emplace_back(member.user_id, member.user_rev);
  }
}

void RoomOrders::pass_on(domain::ChatId chat, Room& room, std::vector<OrderedChange> changes) {
  for (auto& change : changes) {
    if (const auto at = room.removed.find(change.message->rev); at != room.removed.end()) {
      change.removed = std::move(at->second);
    }
    deliver_(room.shards, chat, change);
  }
  if (room.removed.empty()) return;
  room.removed.erase(room.removed.begin(), room.removed.upper_bound(room.order.delivered()));
}

void RoomOrders::watch_gap(domain::ChatId chat, Room& room) {
  if (!room.order.has_gap() || room.is_repairing || room.gap_timer != 0) return;
  gaps_found.add();
  room.gap_timer = ports_.timers.at(ports_.timers.now() + limits_.gap_wait, [this, chat] {
    auto* waiting = find(chat);
    if (waiting == nullptr) return;
    waiting->gap_timer = 0;
    if (!waiting->order.has_gap() || waiting->is_repairing) return;
    waiting->is_repairing = true;
    spawn(ports_.shards.executor(ports_.shards.current()), "repair of a chat's order",
          repair(chat));
  });
}

Task<void> RoomOrders::repair(domain::ChatId chat) {
  auto is_done = co_await repair_page(chat);
  while (is_done && !*is_done) is_done = co_await repair_page(chat);

  auto* room = find(chat);
  if (room == nullptr) co_return;
  room->is_repairing = false;
  if (is_done) {
    gaps_repaired.add();
    watch_gap(chat, *room);
    co_return;
  }
  repairs_failed.add();
  room->gap_timer = ports_.timers.at(ports_.timers.now() + limits_.repair_pause, [this, chat] {
    auto* waiting = find(chat);
    if (waiting == nullptr) return;
    waiting->gap_timer = 0;
    watch_gap(chat, *waiting);
  });
}

/// One page of what is missing. True: the store has no more.
Task<Result<bool>> RoomOrders::repair_page(domain::ChatId chat) {
  const auto* room = find(chat);
  if (room == nullptr || !room->order.has_gap()) co_return true;
  auto unknown = room->order.held();
  auto stretch = co_await read_stretch(chat, room->order.delivered());
  if (!stretch) co_return fail(std::move(stretch.error()));

  auto* present = find(chat);
  if (present == nullptr) co_return true;
  const auto complete_up_to = stretch->complete_up_to;
  pass_on(chat, *present, present->order.repair(std::move(stretch->changes), complete_up_to));
  // The store has the last word: what was announced before it was read and is not in it never
  // happened. What was heard during the read may just be newer.
  if (stretch->is_last) {
    unknown.erase(unknown.begin(), std::ranges::upper_bound(unknown, complete_up_to));
    changes_unknown.add(static_cast<std::int64_t>(present->order.forget(unknown)));
  }
  co_return stretch->is_last;
}

Task<Result<RoomOrders::Stretch>> RoomOrders::read_stretch(domain::ChatId chat, domain::Rev since) {
  auto page = co_await ports_.messages.changes(chat, since, limits_.repair_page);
  if (!page) co_return fail(std::move(page.error()));
  Stretch stretch;
  stretch.changes.reserve(page->messages.size());
  for (auto& message : page->messages) {
    stretch.changes.push_back(std::make_shared<const domain::Message>(std::move(message)));
  }
  stretch.is_last = !page->has_more || stretch.changes.empty();
  stretch.complete_up_to = stretch.is_last ? page->last_rev : stretch.changes.back()->rev;
  co_return stretch;
}

}  // namespace knotos::gateway
