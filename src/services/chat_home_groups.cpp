#include "base/metrics.hpp"
#include "ports/random_ids.hpp"
#include "services/chat_home.hpp"
#include "services/contact_rules.hpp"
#include "services/server_key.hpp"

#include <algorithm>
#include <utility>

// Who is in a group and what it is called, one change at a time.
namespace knotos::services {
namespace {

using ports::AppendStatus;

/// Tries before the user is told to come again: each needs another process that took the place.
constexpr std::size_t kTriesMax = 32;

metrics::Counter changes_stored("group_changes_total",
                                "Changes of groups' members and descriptions committed.");
metrics::Counter places_taken("chat_places_taken_total",
                              "Appends that found another process's entry at their place.", "kind",
                              "group");
metrics::Counter outcomes_unknown("chat_appends_unknown_total",
                                  "Appends of which the store did not say what it did.", "kind",
                                  "group");

bool is_departure(const domain::MembershipChange& change) { return !change.is_member; }

}  // namespace

Task<Result<GroupOutcome>> ChatHome::write_group_change(std::shared_ptr<ChatHead> head,
                                                        GroupRequest request) {
  for (std::size_t tries = 0; tries < kTriesMax; ++tries) {
    auto changed = co_await try_group_change(head, request);
    if (!changed) co_return fail(std::move(changed.error()));
    if (*changed) co_return **changed;
    head->forget();
  }
  co_return fail(Errc::overloaded);
}

Task<Result<std::optional<GroupOutcome>>> ChatHome::try_group_change(std::shared_ptr<ChatHead> head,
                                                                     GroupRequest request) {
  // Read anew for each: memberships change seldom, and no refusal may rest on what was.
  auto roster = co_await around_.ports.log.roster(head->id());
  if (!roster) {
    head->forget();
    if (roster.error().code != Errc::not_found) co_return fail(std::move(roster.error()));
    co_return fail(Errc::not_found, "There is no such chat.");
  }
  head->learn(roster->chat);
  auto change = group_change_of(*roster, request, around_.limits.group_members_max);
  if (!change) co_return fail(std::move(change.error()));
  if (!*change) {
    co_return std::optional(GroupOutcome{.rev = roster->chat.last_rev, .is_new = false});
  }
  if (request.deed == GroupDeed::add) {
    auto checked = co_await check_arrivals(request, **change);
    if (!checked) co_return fail(std::move(checked.error()));
  }
  co_return co_await append_group_change(head, entry_for(roster->chat, std::move(**change)));
}

Task<Result<void>> ChatHome::check_arrivals(GroupRequest request, GroupChange change) {
  const auto& arrivals = change.event.user_ids;
  const auto relations = co_await around_.ports.relations.relations(request.actor_id, arrivals);
  if (!relations) co_return fail(relations.error());
  co_return check_newcomers(arrivals, *relations, request.user_ids);
}

domain::MessageEntry ChatHome::entry_for(const domain::Chat& chat, GroupChange change) {
  domain::Message message;
  message.created_at = std::max(around_.ports.clock.now(), chat.updated_at);
  // Receipts ask by time who was there: nobody joins in the millisecond of an earlier message.
  if (std::ranges::any_of(change.memberships, &domain::MembershipChange::is_join)) {
    message.created_at =
        std::max(message.created_at, chat.updated_at + std::chrono::milliseconds(1));
  }
  message.id = ports::random_message_id(around_.ports.random, message.created_at);
  message.chat_id = chat.id;
  message.seq = chat.last_seq + 1;
  message.place = chat.last_rev + 1;
  message.rev = message.place;
  message.ordinal = chat.last_ordinal;
  message.sender_id = change.event.actor_id;
  message.client_message_id = make_server_key(around_.ports.random);
  message.type = domain::MessageType::system;
  message.system_event = std::move(change.event);
  return {.message = std::move(message),
          .memberships = std::move(change.memberships),
          .patch = std::move(change.patch)};
}

Task<Result<std::optional<GroupOutcome>>> ChatHome::append_group_change(
    std::shared_ptr<ChatHead> head, domain::MessageEntry entry) {
  const auto& message = entry.message;
  auto outcome = co_await around_.ports.log.append(head->id(), message.rev - 1, {entry});
  switch (outcome.status) {
    case AppendStatus::appended: {
      auto chat = head->chat();
      domain::apply(chat, entry);
      head->move_on(std::move(chat), entry);
      break;
    }
    case AppendStatus::place_taken:
      places_taken.add();
      co_return std::optional<GroupOutcome>();
    case AppendStatus::unknown: {
      outcomes_unknown.add();
      log::warning("outcome of an append is unknown",
                   {{"chat", head->id().to_string()}, {"cause", outcome.cause}});
      head->forget();
      const auto found = co_await around_.ports.messages.find(head->id(), message.id);
      // Not there: its user may ask again, since what stands already is a success.
      if (!found) co_return fail_because(Errc::store_unavailable, outcome.cause);
      break;
    }
    case AppendStatus::key_taken:
    case AppendStatus::unavailable:
      head->forget();
      co_return fail_because(Errc::store_unavailable, outcome.cause);
  }
  changes_stored.add();
  announce(entry, outcome);
  co_return std::optional(GroupOutcome{.rev = message.rev, .is_new = true});
}

/// To the chat; to those who come, whose sockets are not in it yet; and to the devices of those
/// whose role changed.
void ChatHome::announce(const domain::MessageEntry& entry, const ports::AppendOutcome& outcome) {
  const auto& message = entry.message;
  const auto user_rev_of = [&outcome](domain::UserId user) {
    const auto found =
        std::ranges::find(outcome.user_revs, user, [](const auto& each) { return each.first; });
    return found == outcome.user_revs.end() ? domain::UserRev{0} : found->second;
  };
  std::vector<ports::MemberMoved> moved;
  for (const auto& change : entry.memberships) {
    if (!change.is_join && !is_departure(change)) continue;
    moved.push_back({.user_id = change.user_id,
                     .user_rev = user_rev_of(change.user_id),
                     .is_member = change.is_member,
                     .visible_from_seq = change.visible_from_seq});
  }
  publish(message.chat_id, message, std::move(moved));
  for (const auto& change : entry.memberships) {
    const auto user_rev = user_rev_of(change.user_id);
    if (change.is_join) {
      around_.ports.bus.publish(ports::ChatAdded{.user_id = change.user_id,
                                                 .user_rev = user_rev,
                                                 .chat_id = message.chat_id,
                                                 .known_rev = message.rev - 1});
    } else if (!is_departure(change)) {
      spawn(around_.ports.shards.executor(around_.shard), "telling a role",
            tell_role(shared_from_this(), message.chat_id, change.user_id, user_rev));
    }
  }
}

Task<void> ChatHome::tell_role(std::shared_ptr<ChatHome> self, domain::ChatId chat,
                               domain::UserId user, domain::UserRev user_rev) {
  auto loaded = co_await self->around_.ports.log.load(chat, {user});
  // A device that is not told sees its `userRev` jump the next time.
  if (!loaded || loaded->states.empty()) co_return;
  self->around_.ports.bus.publish(ports::ChatStateChanged{
      .user_id = user,
      .user_rev = user_rev,
      .chat = std::make_shared<const domain::Chat>(std::move(loaded->chat)),
      .state = std::make_shared<const domain::UserChatState>(std::move(loaded->states.front()))});
}

}  // namespace knotos::services
