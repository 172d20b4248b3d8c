#include "services/member_service.hpp"

#include "base/digest.hpp"
#include "base/metrics.hpp"
#include "services/group_rules.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace knotos::services {
namespace {

using domain::ChatId;
using domain::ChatListItem;
using domain::UserId;

/// 128 bits: nobody guesses one.
constexpr std::size_t kInviteCodeBytes = 16;

metrics::Counter invites_made("invites_made_total", "Links into groups made.");
metrics::Counter invites_used("invites_used_total", "Joins by a link.");
metrics::Counter invites_refused("invites_refused_total",
                                 "Joins by a link that is unknown, expired or used up.");

std::string make_code(ports::Random& random) {
  std::array<std::uint8_t, kInviteCodeBytes> bytes{};
  random.fill(bytes);
  return base64url_encode(bytes);
}

GroupRequest request_of(GroupDeed deed, UserId actor, std::vector<UserId> users = {}) {
  return {.deed = deed,
          .actor_id = actor,
          .user_ids = std::move(users),
          .role = {},
          .title = {},
          .history_visibility = {}};
}

std::unexpected<Error> no_such_invite() {
  invites_refused.add();
  return fail(Errc::not_found, "This invite is not known, or not any more.");
}

}  // namespace

Task<Result<ChatListItem>> MemberService::add(UserId user, ChatId chat, std::vector<UserId> whom) {
  if (whom.empty()) co_return fail_field("/memberIds", "required", "Whom to add?");
  if (whom.size() > limits_.group_members_max) {
    co_return fail_field("/memberIds", "too-long", "So many are more than a group holds.");
  }
  co_return co_await change(chat, request_of(GroupDeed::add, user, std::move(whom)));
}

Task<Result<void>> MemberService::remove(UserId user, ChatId chat, UserId whom) {
  co_return co_await change_and_forget(chat, request_of(GroupDeed::remove, user, {whom}));
}

Task<Result<void>> MemberService::leave(UserId user, ChatId chat) {
  co_return co_await change_and_forget(chat, request_of(GroupDeed::leave, user));
}

Task<Result<ports::RosterMember>> MemberService::set_role(UserId user, ChatId chat, UserId whom,
                                                          domain::Role role) {
  if (role == domain::Role::owner) {
    co_return fail_field("/role", "not-allowed", "A group is handed over by `owner`.");
  }
  auto request = request_of(GroupDeed::set_role, user, {whom});
  request.role = role;
  auto changed = co_await change_and_forget(chat, std::move(request));
  if (!changed) co_return fail(std::move(changed.error()));
  const auto roster = co_await ports_.log.roster(chat);
  if (!roster) co_return fail(roster.error());
  const auto found = std::ranges::find(roster->members, whom, &ports::RosterMember::user_id);
  if (found == roster->members.end()) {
    co_return fail(Errc::not_found, "There is no such member.");
  }
  co_return *found;
}

Task<Result<ChatListItem>> MemberService::hand_over(UserId user, ChatId chat, UserId to) {
  co_return co_await change(chat, request_of(GroupDeed::hand_over, user, {to}));
}

Task<Result<ChatListItem>> MemberService::describe(UserId user, ChatId chat,
                                                   Description description) {
  if (description.title) {
    auto checked = domain::check_title(*description.title);
    if (!checked) co_return fail(std::move(checked.error()));
  }
  auto request = request_of(GroupDeed::describe, user);
  request.title = std::move(description.title);
  request.history_visibility = description.history_visibility;
  co_return co_await change(chat, std::move(request));
}

Task<Result<void>> MemberService::drop(UserId user, ChatId chat) {
  const auto item = co_await ports_.chats.item(user, chat);
  if (!item) co_return fail(item.error());
  if (item->chat.type == domain::ChatType::group) co_return co_await leave(user, chat);
  if (item->chat.type == domain::ChatType::saved) {
    co_return fail(Errc::forbidden, "The saved chat stays.");
  }
  const auto taken = co_await ports_.states.take_off_list(user, chat);
  if (!taken) co_return fail(taken.error());
  co_return Result<void>();
}

Task<Result<void>> MemberService::end(UserId user, ChatId chat) {
  co_return co_await change_and_forget(chat, request_of(GroupDeed::end, user));
}

Task<Result<std::vector<ports::Invite>>> MemberService::invites(UserId user, ChatId chat) {
  auto leads = co_await check_lead(user, chat);
  if (!leads) co_return fail(std::move(leads.error()));
  co_return co_await ports_.invites.invites(chat);
}

Task<Result<ports::Invite>> MemberService::make_invite(UserId user, ChatId chat, NewInvite fresh) {
  auto leads = co_await check_lead(user, chat);
  if (!leads) co_return fail(std::move(leads.error()));
  const auto now = ports_.clock.now();
  ports::Invite invite{.code = make_code(ports_.random),
                       .chat_id = chat,
                       .creator_id = user,
                       .expires_at = {},
                       .uses_max = fresh.uses_max,
                       .created_at = now};
  if (fresh.expires_in) invite.expires_at = now + *fresh.expires_in;
  auto put = co_await ports_.invites.put_invite(invite, limits_.invites_max);
  if (!put && put.error().code == Errc::conflict) {
    // Only those that can be used still count.
    auto dropped = co_await drop_dead_invites(chat);
    if (!dropped) co_return fail(std::move(dropped.error()));
    put = co_await ports_.invites.put_invite(invite, limits_.invites_max);
  }
  if (!put && put.error().code == Errc::conflict) {
    co_return fail(Errc::conflict, "This group has as many invites as it can have.");
  }
  if (!put) co_return fail(std::move(put.error()));
  invites_made.add();
  co_return invite;
}

Task<Result<void>> MemberService::remove_invite(UserId user, ChatId chat, std::string code) {
  auto leads = co_await check_lead(user, chat);
  if (!leads) co_return fail(std::move(leads.error()));
  auto removed = co_await ports_.invites.remove_invite(chat, std::move(code));
  if (!removed) co_return fail(std::move(removed.error()));
  co_return Result<void>();
}

Task<Result<ChatListItem>> MemberService::join(UserId user, std::string code) {
  auto invite = co_await ports_.invites.find_invite(code);
  if (!invite && invite.error().code == Errc::not_found) co_return no_such_invite();
  if (!invite) co_return fail(std::move(invite.error()));
  const auto chat = invite->chat_id;
  const auto is_member = co_await ports_.chats.is_member(chat, user);
  if (!is_member) co_return fail(is_member.error());
  if (*is_member) co_return co_await ports_.chats.item(user, chat);

  // The use is taken first: of two who ask for the last one, one joins.
  auto used = co_await ports_.invites.use_invite(code, ports_.clock.now());
  if (!used && used.error().code == Errc::not_found) co_return no_such_invite();
  if (!used) co_return fail(std::move(used.error()));
  const auto joined =
      co_await ports_.messages.change_group(chat, request_of(GroupDeed::join, user));
  const bool is_join = joined && joined->is_new;
  // Whether a join whose outcome is unknown took place is unknown too: then the use stays taken.
  const bool is_unknown = !joined && joined.error().code == Errc::store_unavailable;
  if (!is_join && !is_unknown) {
    const auto returned = co_await ports_.invites.return_invite_use(code);
    if (!returned) log::warning("a use of an invite was not given back", {});
  }
  if (!joined) co_return fail(joined.error());
  if (is_join) invites_used.add();
  co_return co_await ports_.chats.item(user, chat);
}

Task<Result<ChatListItem>> MemberService::change(ChatId chat, GroupRequest request) {
  const auto user = request.actor_id;
  auto changed = co_await ports_.messages.change_group(chat, std::move(request));
  if (!changed) co_return fail(std::move(changed.error()));
  co_return co_await ports_.chats.item(user, chat);
}

Task<Result<void>> MemberService::change_and_forget(ChatId chat, GroupRequest request) {
  auto changed = co_await ports_.messages.change_group(chat, std::move(request));
  if (!changed) co_return fail(std::move(changed.error()));
  co_return Result<void>();
}

Task<Result<void>> MemberService::check_lead(UserId user, ChatId chat) {
  const auto roster = co_await ports_.log.roster(chat);
  if (!roster && roster.error().code != Errc::not_found) co_return fail(roster.error());
  if (!roster) co_return fail(Errc::not_found, "There is no such chat.");
  auto leads = check_leads(*roster, user);
  if (leads && roster->chat.type != domain::ChatType::group) {
    co_return fail(Errc::forbidden, "This chat is no group.");
  }
  co_return leads;
}

Task<Result<void>> MemberService::drop_dead_invites(ChatId chat) {
  const auto invites = co_await ports_.invites.invites(chat);
  if (!invites) co_return fail(invites.error());
  for (const auto& invite : *invites) {
    if (ports::is_usable(invite, ports_.clock.now())) continue;
    const auto removed = co_await ports_.invites.remove_invite(chat, invite.code);
    if (!removed) co_return fail(removed.error());
  }
  co_return Result<void>();
}

}  // namespace knotos::services
