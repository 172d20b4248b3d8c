#include "base/metrics.hpp"
#include "services/chat_home.hpp"

#include <algorithm>
#include <array>
#include <utility>

// Changes of messages, one at a time.
namespace knotos::services {
namespace {

using domain::Message;
using ports::AppendStatus;

constexpr std::size_t kTriesMax = 32;

constexpr std::string_view kChanges = "message_changes_total";
constexpr std::string_view kChangesHelp = "Changes of messages committed.";
/// In the order of `domain::ChangeKind`.
std::array<metrics::Counter, 6> changes_stored{{{kChanges, kChangesHelp, "kind", "edit"},
                                                {kChanges, kChangesHelp, "kind", "erase"},
                                                {kChanges, kChangesHelp, "kind", "react"},
                                                {kChanges, kChangesHelp, "kind", "unreact"},
                                                {kChanges, kChangesHelp, "kind", "pin"},
                                                {kChanges, kChangesHelp, "kind", "unpin"}}};
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
  if (member == nullptr && !request.is_farewell) {
    co_return fail(Errc::not_found, "There is no such chat.");
  }
  const auto role = member == nullptr ? domain::Role::member : member->role;

  auto target = co_await around_.ports.messages.find(chat, request.message_id);
  if (!target && target.error().code != Errc::not_found) co_return fail(target.error());
  auto is_seen = target ? co_await sees(chat, request, *target) : Result<bool>(false);
  if (!is_seen) co_return fail(std::move(is_seen.error()));
  if (!*is_seen) co_return fail(Errc::not_found, "There is no such message.");
  if (request.kind != domain::ChangeKind::erase) {
    // Whoever is kept away may still take back what they wrote.
    auto contact = co_await check_contact(head, request.actor_id);
    if (!contact) co_return fail(std::move(contact.error()));
  }
  const auto situation = co_await situation_of(head, request, role);
  if (!situation) co_return fail(situation.error());
  auto change = change_of(*target, request, *situation);
  if (!change) {
    // The role may have risen since the head was loaded: a refusal rests on the present state.
    if (change.error().code == Errc::forbidden && !is_fresh) co_return std::optional<Message>();
    co_return fail(std::move(change.error()));
  }
  if (!*change) co_return std::optional<Message>(std::move(*target));
  co_return co_await append_change(head, std::move(request), std::move(**change), situation->now);
}

/// What the actor has cleared away or hidden is not there for them. The log does not move it, so
/// the head does not hold it.
Task<Result<bool>> ChatHome::sees(domain::ChatId chat, ChangeRequest request, Message target) {
  if (request.is_farewell) co_return true;
  const auto visibility = co_await around_.ports.states.visibility(request.actor_id, chat);
  // Their membership has ended since the head was loaded: the append finds its place taken.
  if (!visibility && visibility.error().code == Errc::not_found) co_return false;
  if (!visibility) co_return fail(visibility.error());
  co_return visibility->shows(target);
}

Task<Result<ChangeSituation>> ChatHome::situation_of(std::shared_ptr<ChatHead> head,
                                                     ChangeRequest request,
                                                     domain::Role actor_role) {
  ChangeSituation situation{.chat_type = head->chat().type,
                            .actor_role = actor_role,
                            .now = around_.ports.clock.now(),
                            .window = around_.limits.change_window,
                            .pinned_count = head->chat().pinned_message_ids.size(),
                            .reactors = {}};
  const bool removes = request.kind == domain::ChangeKind::unreact;
  if (request.kind != domain::ChangeKind::react && !removes) co_return situation;
  auto& messages = around_.ports.messages;
  const auto has_reaction = co_await messages.has_reaction(head->id(), request.message_id,
                                                           request.actor_id, request.emoji);
  if (!has_reaction) co_return fail(has_reaction.error());
  situation.has_reaction = *has_reaction;
  if (!removes) co_return situation;
  auto reactors = co_await messages.recent_reactors(head->id(), request.message_id, request.emoji,
                                                    domain::kRecentReactorsMax + 1);
  if (!reactors) co_return fail(std::move(reactors.error()));
  situation.reactors = std::move(*reactors);
  co_return situation;
}

Task<Result<std::optional<Message>>> ChatHome::append_change(std::shared_ptr<ChatHead> head,
                                                             ChangeRequest request, Message after,
                                                             Time now) {
  const auto at_rev = head->chat().last_rev;
  after.rev = at_rev + 1;
  const domain::ChangeEntry entry{.kind = request.kind,
                                  .actor_id = request.actor_id,
                                  .after = after,
                                  .emoji = request.emoji,
                                  .created_at = now};
  auto outcome = co_await around_.ports.log.append(head->id(), at_rev, {entry});
  switch (outcome.status) {
    case AppendStatus::appended: {
      auto chat = head->chat();
      domain::apply(chat, entry);
      head->move_on(std::move(chat));
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
  changes_stored.at(static_cast<std::size_t>(request.kind)).add();
  publish(head->id(), after);
  co_return std::optional<Message>(std::move(after));
}

}  // namespace knotos::services
