#include "base/metrics.hpp"
#include "gateway/gateway.hpp"
#include "gateway/shard_part.hpp"
#include "json/private_cursors.hpp"
#include "json/write.hpp"
#include "json/write_live.hpp"
#include "json/write_private.hpp"

#include <algorithm>
#include <map>
#include <utility>

// Who says by CONNECT's `cursor` what they know is told the rest, as if it came live.
namespace knotos::gateway {
namespace {

/// As much as one resumption tells. With more, the client is told to sync.
constexpr std::size_t kResumePagesMax = 5;      ///< Of what `sync` would answer.
constexpr domain::Rev kResumeChangesMax = 200;  ///< Of one chat.
constexpr std::size_t kResumeHistoryMax = 100;  ///< Messages looked through for where to begin.
/// So far the clocks of two servers may be apart.
constexpr std::chrono::milliseconds kClockMargin = std::chrono::seconds(10);

metrics::Counter resumed("gateway_resumed_total", "Sockets that were told what they had missed.");
metrics::Counter resumed_not("gateway_resumed_not_total",
                             "Sockets with a cursor that were told to resync instead.");

}  // namespace

/// What changed since the cursor. It is read when the chats' homes know of the interest, so what
/// changes after it is delivered.
Task<Gateway::Resumption> Gateway::read_resumption(domain::UserId user, std::string cursor,
                                                   Time store_now) {
  Resumption resumption;
  const auto decoded = json::decode_sync_cursor(cursor);
  resumption.resync_reason = "cursorExpired";
  if (!decoded) co_return resumption;
  std::optional<services::SyncCursor> next = *decoded;
  // Messages carry the time of their server, and the cursor that of the store, which may be
  // another: what both agree on is how long ago it was.
  const auto since = ports_.clock.now() - (store_now - decoded->since);
  for (std::size_t page = 0; page < kResumePagesMax; ++page) {
    auto answer = co_await ports_.own.syncs.sync(user, std::move(next));
    if (!answer) {
      const bool is_old = answer.error().code == Errc::cursor_expired;
      resumption.resync_reason = is_old ? "cursorExpired" : "storeUnavailable";
      co_return resumption;
    }
    resumption.resync_reason = "tooMuch";
    for (const auto& standing : answer->chats) {
      const auto known = co_await known_rev(standing.chat_id, since);
      if (!known || standing.last_rev > *known + kResumeChangesMax) co_return resumption;
      resumption.known[standing.chat_id] = *known;
    }
    const auto now = ports_.clock.now();
    for (const auto& change : answer->changes) {
      auto event = json::private_event(change, user, answer->user_rev, now);
      resumption.own.push_back(
          {.name = event.event,
           .text = std::make_shared<const std::string>(std::move(event.data))});
    }
    std::ranges::move(answer->receipts, std::back_inserter(resumption.receipts));
    if (!answer->has_more) {
      resumption.resync_reason = {};
      co_return resumption;
    }
    next = std::move(answer->cursor);
  }
  co_return resumption;
}

/// A place of the chat's log that whoever knew everything at that time has passed: that of the
/// newest message which is clearly older. nullopt: too far back.
Task<std::optional<domain::Rev>> Gateway::known_rev(domain::ChatId chat, Time since) {
  const auto page = co_await ports_.message_store.history(chat, {.limit = kResumeHistoryMax});
  if (!page) co_return std::nullopt;
  for (auto message = page->messages.rbegin(); message != page->messages.rend(); ++message) {
    if (message->created_at < since - kClockMargin) co_return message->place;
  }
  if (page->has_older) co_return std::nullopt;
  co_return domain::Rev{0};
}

/// After `session_ready`: private changes, then each chat from where the client stands. A chat's
/// room is joined with the last of what was missed, so nothing live overtakes it.
void Gateway::resume(server::Socket& socket, const Resumption& resumption,
                     const Memberships& memberships) {
  resumed.add();
  for (const auto& event : resumption.own) tell_own(socket, event);
  for (const auto& receipt : resumption.receipts) tell_moved(socket, receipt);
  connection_of(socket).unjoined = memberships.size();
  std::map<std::size_t, std::vector<ResumedChat>> by_home;
  for (const auto& membership : memberships) {
    const auto changed = resumption.known.find(membership.chat_id);
    by_home[ports_.shards.home_of(membership.chat_id)].push_back(
        {.chat_id = membership.chat_id,
         .known = changed == resumption.known.end() ? membership.last_rev : changed->second,
         .member_rev = membership.member_rev,
         .first_visible = membership.visibility.first_seq});
  }
  const auto origin = ports_.shards.current();
  for (auto& [home, chats] : by_home) {
    ports_.shards.post(home, [this, handle = socket.handle(), origin, there = std::move(chats)] {
      spawn(executor(), "resuming chats", resume_chats(handle, there, origin));
    });
  }
}

/// The watermarks that moved; when, only their reader's server knew.
void Gateway::tell_moved(server::Socket& socket, const ports::SyncedReceipt& receipt) {
  const auto now = ports_.clock.now();
  for (const bool is_read : {false, true}) {
    const auto seq = is_read ? receipt.last_read_seq : receipt.last_delivered_seq;
    if (seq == 0) continue;
    socket.emit(is_read ? "message_read" : "message_delivered",
                json::receipt_moved({.chat_id = receipt.chat_id,
                                     .user_id = receipt.user_id,
                                     .is_read = is_read,
                                     .seq = seq,
                                     .at = now}),
                server::PacketClass::receipt);
  }
}

/// On the home of the chats. Answers by the way that deliveries take, so that none can overtake it.
Task<void> Gateway::resume_chats(server::SocketHandle handle, std::vector<ResumedChat> chats,
                                 std::size_t origin) {
  for (const auto& chat : chats) {
    auto missed = co_await here().orders->catch_up(chat.chat_id, chat.known);
    auto show = [this, handle, chat, missed = std::move(missed)] {
      auto* socket = ports_.server.find(handle);
      if (socket == nullptr) return;
      if (missed) return show_missed(*socket, chat, *missed);
      // It comes back and reads everything afresh.
      if (missed.error().code != Errc::not_found) {
        socket->close_link(server::CloseReason::forced_close);
      }
    };
    if (origin == ports_.shards.current()) {
      show();
    } else {
      ports_.shards.post(origin, std::move(show));
    }
  }
}

void Gateway::show_missed(server::Socket& socket, const ResumedChat& chat,
                          const std::vector<OrderedChange>& missed) {
  auto& connection = connection_of(socket);
  --connection.unjoined;
  const auto place = std::ranges::lower_bound(connection.chats, chat.chat_id);
  if (place == connection.chats.end() || *place != chat.chat_id) return;
  const auto index = static_cast<std::size_t>(place - connection.chats.begin());
  // They left meanwhile, and came again: then they were told so.
  if (connection.member_revs[index] != chat.member_rev) return;
  socket.join(room_of(chat.chat_id));
  for (const auto& change : missed) {
    auto message = domain::as_seen_from(chat.first_visible, *change.message);
    const auto cut = here().visibility.cut(message);
    const auto own = std::ranges::find(cut, connection.claims.user_id,
                                       [](const auto& each) { return each.first; });
    // What the user has hidden stays so.
    if (own != cut.end() && own->second == View::stub) {
      message = domain::stub_of(message);
    } else if (own != cut.end() && message.reply_to) {
      message.reply_to->preview.clear();
    }
    socket.emit(event_of(change), json::message(message, change.prev_rev));
  }
  const auto user = connection.claims.user_id;
  if (here().visibility.sees_less(chat.chat_id, user)) place_by_sight(user, chat.chat_id);
}

/// Why what was missed is not told one by one.
void Gateway::tell_to_resync(server::Socket& socket, std::string_view reason) {
  resumed_not.add();
  socket.emit("resync_required", json::reason(reason), server::PacketClass::control);
}

}  // namespace knotos::gateway
