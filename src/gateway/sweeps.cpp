#include "base/metrics.hpp"
#include "gateway/gateway.hpp"
#include "gateway/shard_part.hpp"
#include "json/write_log.hpp"
#include "json/write_private.hpp"

#include <algorithm>
#include <map>
#include <type_traits>
#include <utility>
#include <variant>

// What the store says has changed, and the bus has not brought (docs/adr/0065).
namespace knotos::gateway {
namespace {

/// As much as is told one by one; with more, the user's devices are told to sync.
constexpr std::size_t kPagesMax = 5;

metrics::Counter users_made_good("gateway_users_made_good_total",
                                 "Users to whom private changes were told that the bus lost.");
metrics::Counter comparisons_failed("gateway_comparisons_failed_total",
                                    "Users who could not be compared, and are looked at again.");

}  // namespace

void Gateway::compare() {
  ports_.shards.post(0, [this] { sweeper_->compare(); });
}

/// On shard 0.
void Gateway::hear_sweep(Time since, const ports::SyncStore::Sweep& sweep) {
  std::map<std::size_t, std::vector<ports::SyncStore::Swept>> by_home;
  for (const auto& chat : sweep.chats) by_home[ports_.shards.home_of(chat.chat_id)].push_back(chat);
  for (auto& [home_shard, chats] : by_home) {
    ports_.shards.post(home_shard, [this, home = home_shard, there = std::move(chats)] {
      for (const auto& chat : there) parts_[home]->orders->compare(chat.chat_id, chat.last_rev);
    });
  }
  const auto users = std::make_shared<const std::vector<domain::UserId>>(sweep.users);
  for (std::size_t shard = 0; shard < parts_.size(); ++shard) {
    ports_.shards.post(shard, [this, since, users] { doubt(since, *users); });
  }
}

/// On each shard: those of them whose channel it has are looked at, and who could not be before.
void Gateway::doubt(Time since, const std::vector<domain::UserId>& users) {
  auto& part = here();
  for (const auto& user : std::exchange(part.sessions_moved, {})) end_signed_out(user);
  for (const auto& user : users) {
    if (part.heard.contains(user)) part.doubted.try_emplace(user, since);
  }
  if (part.doubted.empty() || part.is_comparing) return;
  part.is_comparing = true;
  spawn(executor(), "comparing users", compare_users());
}

Task<void> Gateway::compare_users() {
  auto& part = here();
  auto doubted = std::exchange(part.doubted, {});
  std::map<domain::UserId, domain::UserRev> behind;
  for (const auto& [user, since] : doubted) {
    const auto rev = co_await ports_.people.user_rev(user);
    if (!rev && rev.error().code == Errc::not_found) continue;
    if (!rev) {
      comparisons_failed.add();
      part.doubted.try_emplace(user, since);
    } else if (!has_heard(user, *rev)) {
      behind.emplace(user, *rev);
    }
  }
  if (!behind.empty()) co_await pause(limits_.delivery.gap_wait);
  for (const auto& [user, rev] : behind) {
    // It was on its way.
    if (has_heard(user, rev)) continue;
    const auto since = doubted.at(user);
    if (co_await make_good(user, since)) continue;
    comparisons_failed.add();
    const auto [again, is_new] = part.doubted.try_emplace(user, since);
    if (!is_new) again->second = std::min(again->second, since);
  }
  part.is_comparing = false;
}

bool Gateway::has_heard(domain::UserId user, domain::UserRev rev) {
  const auto at = here().heard.find(user);
  return at == here().heard.end() || at->second.revs.has_all(rev);
}

/// Tells the user's devices what changed since then, as if it came by the bus. False: the store
/// could not be read.
Task<bool> Gateway::make_good(domain::UserId user, Time since) {
  auto cursor = co_await ports_.own.syncs.present();
  if (!cursor) co_return false;
  cursor->since = since;
  std::optional<services::SyncCursor> next = std::move(*cursor);
  domain::UserRev told = 0;
  bool has_more = true;
  for (std::size_t pages = 0; has_more && pages < kPagesMax; ++pages) {
    auto answer = co_await ports_.own.syncs.sync(user, std::move(next));
    if (!answer) co_return false;
    // What changes after the first page is for the next sweep.
    if (pages == 0) told = answer->user_rev;
    for (const auto& change : answer->changes) tell_again(user, answer->user_rev, change);
    has_more = answer->has_more;
    next = std::move(answer->cursor);
  }
  if (has_more) {
    (void)ports_.server.in(kNamespace)
        .to(user_room(user))
        .in_class(server::PacketClass::control)
        .emit("resync_required", json::reason("tooMuch"));
  }
  users_made_good.add();
  const auto at = here().heard.find(user);
  if (at != here().heard.end()) at->second.revs.reach(told);
  co_return true;
}

void Gateway::tell_again(domain::UserId user, domain::UserRev user_rev,
                         const services::PrivateChange& change) {
  std::visit(
      [&](const auto& each) {
        using Change = std::decay_t<decltype(each)>;
        if constexpr (std::is_same_v<Change, services::ChatCame>) {
          // From the join on, as who was added hears it.
          const auto member_rev = each.item.state.member_rev;
          hear(ports::ChatAdded{.user_id = user,
                                .user_rev = user_rev,
                                .chat_id = each.item.chat.id,
                                .known_rev = member_rev == 0 ? 0 : member_rev - 1});
        } else if constexpr (std::is_same_v<Change, services::StateMoved>) {
          hear(ports::ChatStateChanged{
              .user_id = user,
              .user_rev = user_rev,
              .chat = std::make_shared<const domain::Chat>(each.chat),
              .state = std::make_shared<const domain::UserChatState>(each.state)});
          hear(
              ports::ReadStateChanged{.user_id = user,
                                      .user_rev = user_rev,
                                      .chat_id = each.chat.id,
                                      .last_read_seq = each.state.last_read_seq,
                                      .unread_count = domain::unread_count(each.chat, each.state)});
        } else if constexpr (std::is_same_v<Change, services::MessageHid>) {
          hear(ports::MessageHidden{.user_id = user,
                                    .user_rev = user_rev,
                                    .chat_id = each.chat_id,
                                    .message_id = each.message_id});
        } else if constexpr (std::is_same_v<Change, services::SettingsMoved>) {
          auto event = json::private_event(change, user, user_rev, ports_.clock.now());
          tell_user(user, {.name = event.event,
                           .text = std::make_shared<const std::string>(std::move(event.data)),
                           .user_rev = user_rev});
          look_again_at(user);
          note_sessions_moved(user);
        } else {
          static_assert(std::is_same_v<Change, services::ChatWent>);
          // Who hears the chat is told by its log. The others have it from their list at most: they
          // were never told that it came.
          (void)ports_.server.in(kNamespace)
              .to(user_room(user))
              .except(room_of(each.chat_id))
              .emit("chat_removed", json::chat_removed(each.chat_id, user_rev));
        }
      },
      change);
}

/// To be looked at with the next sweep: by then what was published with it has come.
void Gateway::note_sessions_moved(domain::UserId user) {
  for (std::size_t shard = 0; shard < parts_.size(); ++shard) {
    ports_.shards.post(shard, [this, user] {
      if (here().sockets_of.contains(user)) here().sessions_moved.insert(user);
    });
  }
}

/// On each shard for itself: links of devices that were signed out while nobody here heard of it.
void Gateway::end_signed_out(domain::UserId user) {
  const auto at = here().sockets_of.find(user);
  if (at == here().sockets_of.end()) return;
  for (const auto& handle : at->second) spawn(executor(), "device check", check_device(handle));
}

Task<void> Gateway::check_device(server::SocketHandle handle) {
  const auto* socket = ports_.server.find(handle);
  if (socket == nullptr) co_return;
  const auto claims = connection_of(*socket).claims;
  const auto is_signed_in = co_await ports_.accounts.is_signed_in(claims.user_id, claims.device_id);
  auto* present = ports_.server.find(handle);
  if (present == nullptr || !is_signed_in || *is_signed_in) co_return;
  revoke(*present, "revoked");
}

/// The user's channel, and from now on which private changes it has brought.
Task<Result<void>> Gateway::join_user(domain::UserId user) {
  auto joined = co_await ports_.bus.join_user(user);
  if (!joined) co_return joined;
  auto& part = here();
  ++part.heard[user].holds;
  // Whoever comes later reads no earlier state than who came first.
  if (part.heard[user].has_base) co_return joined;
  const auto rev = co_await ports_.people.user_rev(user);
  const auto at = part.heard.find(user);
  // Without it the next sweep that names the user tells more than it need.
  if (rev && at != part.heard.end() && !std::exchange(at->second.has_base, true)) {
    at->second.revs.reach(*rev);
  }
  co_return joined;
}

void Gateway::leave_user(domain::UserId user) {
  ports_.bus.leave_user(user);
  auto& part = here();
  const auto at = part.heard.find(user);
  KN_ASSERT(at != part.heard.end());
  if (--at->second.holds > 0) return;
  part.heard.erase(at);
  part.doubted.erase(user);
}

void Gateway::note_heard(domain::UserId user, domain::UserRev rev) {
  const auto at = here().heard.find(user);
  if (at != here().heard.end()) at->second.revs.hear(rev);
}

/// Who goes hears of it by the chat; who comes by an event of their own, which may yet be lost.
void Gateway::note_gone(std::vector<ports::MemberMoved> moved) {
  std::erase_if(moved, [](const auto& each) { return each.is_member; });
  if (moved.empty()) return;
  for (std::size_t shard = 0; shard < parts_.size(); ++shard) {
    ports_.shards.post(shard, [this, moved] {
      for (const auto& each : moved) note_heard(each.user_id, each.user_rev);
    });
  }
}

Task<void> Gateway::pause(std::chrono::milliseconds time) {
  auto& timers = *ports_.timers[ports_.shards.current()];
  auto over = std::make_shared<OneShot<bool>>();
  (void)timers.at(timers.now() + time, [over] { over->deliver(true); });
  co_await over->wait();
}

}  // namespace knotos::gateway
