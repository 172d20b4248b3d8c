#include "domain/private_state.hpp"

#include <algorithm>
#include <utility>

namespace knotos::domain {
namespace {

/// True: it was another value before.
template <class T>
bool assign(T& value, T to) {
  if (value == to) return false;
  value = std::move(to);
  return true;
}

template <class T>
bool assign(T& value, const std::optional<T>& to) {
  return to && assign(value, *to);
}

bool archive(const Chat& chat, UserChatState& state, bool is_archived) {
  if (!is_archived) return assign(state.is_archived, false);
  const bool was_archived = state.is_archived;
  state.is_archived = true;
  return assign(state.archived_ordinal, chat.last_ordinal) || !was_archived;
}

/// Behind the others, while there is room behind them; else in the first gap.
std::uint32_t next_pin_order(const std::vector<std::uint32_t>& taken) {
  if (taken.empty()) return 0;
  const auto last = *std::ranges::max_element(taken);
  if (last < kPinOrderMax) return last + 1;
  std::uint32_t order = 0;
  while (std::ranges::find(taken, order) != taken.end()) ++order;
  return order;
}

Result<bool> pin(UserChatState& state, const StatePatch& patch,
                 const std::vector<std::uint32_t>& pinned_orders) {
  const bool is_pinned = patch.is_pinned.value_or(state.is_pinned);
  if (!is_pinned) {
    state.pin_order = 0;
    return assign(state.is_pinned, false);
  }
  if (state.is_pinned) return assign(state.pin_order, patch.pin_order);
  if (pinned_orders.size() >= kPinnedChatsMax) {
    return fail(Errc::conflict, "At most 10 chats are pinned at once.");
  }
  state.is_pinned = true;
  state.pin_order = patch.pin_order.value_or(next_pin_order(pinned_orders));
  return true;
}

}  // namespace

Rise raise_delivered(UserChatState& state, Seq seq) {
  if (seq <= state.last_delivered_seq) return {};
  state.last_delivered_seq = seq;
  return {.of_read = false, .of_delivered = true};
}

Rise raise_read(UserChatState& state, const ReadPoint& point) {
  auto rise = raise_delivered(state, point.seq);
  if (point.seq <= state.last_read_seq) return rise;
  state.last_read_seq = point.seq;
  state.last_read_ordinal = std::max(state.last_read_ordinal, point.ordinal);
  state.own_count_at_read = std::max(state.own_count_at_read, point.own_count);
  rise.of_read = true;
  return rise;
}

Result<bool> patch_state(const Chat& chat, UserChatState& state, const StatePatch& patch,
                         const std::vector<std::uint32_t>& pinned_orders, Time now) {
  // One that a later message brought back is not archived any more: a mute must not archive it
  // again.
  if (state.is_archived && !is_archived_now(chat, state, now)) state.is_archived = false;
  auto pinned = pin(state, patch, pinned_orders);
  if (!pinned) return fail(std::move(pinned.error()));
  bool has_changed = *pinned;
  // Every one is applied, whether or not one before it changed something.
  if (patch.is_archived) has_changed |= archive(chat, state, *patch.is_archived);
  has_changed |= assign(state.muted_until, patch.muted_until);
  has_changed |= assign(state.marked_unread, patch.marked_unread);
  has_changed |= assign(state.notification_level, patch.notification_level);
  has_changed |= assign(state.draft, patch.draft);
  if (has_changed) state.updated_at = now;
  return has_changed;
}

bool clear_state(const Chat& chat, UserChatState& state, Time now) {
  const auto rise = raise_read(
      state, {.seq = chat.last_seq, .ordinal = chat.last_ordinal, .own_count = state.own_count});
  bool has_changed = rise.of_read || rise.of_delivered;
  has_changed |= assign(state.cleared_seq, chat.last_seq);
  has_changed |= assign(state.marked_unread, false);
  if (has_changed) state.updated_at = now;
  return has_changed;
}

bool take_off_list(const Chat& chat, UserChatState& state, Time now) {
  if (is_off_list_now(chat, state)) return false;
  state.is_off_list = true;
  state.off_list_ordinal = chat.last_ordinal;
  state.is_pinned = false;
  state.pin_order = 0;
  state.updated_at = now;
  return true;
}

}  // namespace knotos::domain
