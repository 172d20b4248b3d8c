#include "base/metrics.hpp"
#include "services/chat_home.hpp"

#include <algorithm>
#include <utility>

// Edits and deletions, one at a time.
namespace knotos::services {
namespace {

using domain::Message;
using ports::AppendStatus;

constexpr std::size_t kTriesMax = 32;

metrics::Counter edits_stored("message_changes_total", "Changes of messages committed.", "kind",
                              "edit");
metrics::Counter erasures_stored("message_changes_total", "Changes of messages committed.", "kind",
                                 "erase");
metrics::Counter places_taken("chat_places_taken_total",
                              "Appends that found another process's entry at their place.", "kind",
                              "change");
metrics::Counter outcomes_unknown("chat_appends_unknown_total",
                                  "Appends of which the store did not say what it did.", "kind",
                                  "change");

}  // namespace

Task<Result<Message>> ChatHome::write_change(std::shared_ptr<ChatHead> head,
                                             ChangeRequest request) {
  for (std::size_t tries = 0; tries < kTriesMax; ++tries) {
    auto changed = co_await try_change(head, request);
    if (!changed) co_return fail(std::move(changed.error()));
    if (*changed) co_return std::move(**changed);
    head->forget();
  }
  co_return fail(Errc::overloaded);
}

Task<Result<std::optional<Message>>> ChatHome::try_change(std::shared_ptr<ChatHead> head,
                                                          ChangeRequest request) {
  const auto chat = head->id();
  head->bound_members();
  const bool is_fresh = !head->is_known() || head->member(request.actor_id) == nullptr;
  if (is_fresh) {
    auto loaded = co_await load(head, {request.actor_id});
    if (!loaded && loaded.error().code != Errc::not_found) co_return fail(loaded.error());
    if (!loaded) co_return fail(Errc::not_found, "There is no such chat.");
  }
  const auto* const member = head->member(request.actor_id);
  if (member == nullptr) co_return fail(Errc::not_found, "There is no such chat.");
  const auto role = member->role;
  const auto visible_from_seq = member->visible_from_seq;

  auto target = co_await around_.ports.messages.find(chat, request.message_id);
  if (!target && target.error().code != Errc::not_found) co_return fail(target.error());
  if (!target || target->seq < visible_from_seq) {
    co_return fail(Errc::not_found, "There is no such message.");
  }
  const auto now = around_.ports.clock.now();
  auto change = change_of(*target, request,
                          {.chat_type = head->chat().type,
                           .actor_role = role,
                           .now = now,
                           .window = around_.limits.change_window});
  if (!change) {
    // The role may have risen since the head was loaded: a refusal rests on the present state.
    if (change.error().code == Errc::forbidden && !is_fresh) co_return std::optional<Message>();
    co_return fail(std::move(change.error()));
  }
  if (!*change) co_return std::optional<Message>(std::move(*target));
  co_return co_await append_change(head, std::move(request), std::move(**change), now);
}

Task<Result<std::optional<Message>>> ChatHome::append_change(std::shared_ptr<ChatHead> head,
                                                             ChangeRequest request, Message after,
                                                             Time now) {
  const auto at_rev = head->chat().last_rev;
  after.rev = at_rev + 1;
  const domain::ChangeEntry entry{.kind = request.kind,
                                  .actor_id = request.actor_id,
                                  .after = after,
                                  .emoji = {},
                                  .created_at = now};
  auto outcome = co_await around_.ports.log.append(head->id(), at_rev, {entry});
  switch (outcome.status) {
    case AppendStatus::appended: {
      auto chat = head->chat();
      domain::apply(chat, entry);
      head->move_on(std::move(chat), {});
      break;
    }
    case AppendStatus::place_taken:
      places_taken.add();
      co_return std::optional<Message>();
    case AppendStatus::unknown: {
      outcomes_unknown.add();
      log::warning("outcome of an append is unknown",
                   {{"chat", head->id().to_string()}, {"cause", outcome.cause}});
      head->forget();
      auto found = co_await around_.ports.messages.find(head->id(), after.id);
      // Not there: its user may ask again, since a change that stands already is a success.
      if (!found || *found != after) co_return fail_because(Errc::store_unavailable, outcome.cause);
      break;
    }
    case AppendStatus::key_taken:
    case AppendStatus::unavailable:
      head->forget();
      co_return fail_because(Errc::store_unavailable, outcome.cause);
  }
  (request.kind == domain::ChangeKind::edit ? edits_stored : erasures_stored).add();
  publish(head->id(), after);
  co_return std::optional<Message>(std::move(after));
}

}  // namespace knotos::services
