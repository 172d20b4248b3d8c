#include "adapters/mongo/documents.hpp"
#include "adapters/mongo/log_writer.hpp"
#include "adapters/mongo/mongo_store.hpp"
#include "base/metrics.hpp"

#include <utility>

// What is private to one user in one chat: changing it.
namespace knotos::adapters::mongo {
namespace {

using domain::UserChatState;
using ports::StateChange;

/// How often a change is done again because another came in between.
constexpr int kTriesMax = 64;

metrics::Counter retried("mongo_private_collisions_total",
                         "Private changes that were done again after another's.");

struct Member {
  StateChange change;
  VersionedState stored;
};

/// The chat and the state of one who is a member now. The state is read first: what it says of the
/// log is in the chat then. Errors: not_found.
Result<Member> find_member(Session& session, domain::UserId user, domain::ChatId chat) {
  auto state = find_state(session, user, chat);
  if (!state || !state->state.is_member) return fail(Errc::not_found);
  auto found = find_chat(session, chat);
  if (!found) return fail(Errc::not_found);
  Member member{.change = {}, .stored = std::move(*state)};
  member.change.chat = std::move(*found);
  member.change.state = member.stored.state;
  if (member.change.chat.type == domain::ChatType::direct) {
    const auto peer =
        session.find_one(kStates, document("chatId", chat, "userId", document("$ne", user)),
                         {.sort = {}, .fields = document("userId", 1)});
    if (peer) {
      const auto id = pair_id(View(*peer).id<domain::UserId>("userId"), user);
      member.change.is_blocked_by_peer = session.find_one(kBlocks, document("_id", id)).has_value();
    }
  }
  return member;
}

/// Times of the marks, as fields of the state.
Document mark_times(const StateChange& change, const UserChatState& before, Time marked_at) {
  Document times;
  if (change.rise.of_delivered) {
    times.add("deliveredAt", marked_at).add("deliveredAfterSeq", before.last_delivered_seq);
  }
  if (change.rise.of_read) {
    times.add("readAt", marked_at).add("readAfterSeq", before.last_read_seq);
  }
  return times;
}

/// What a change does to the state it found.
struct Outcome {
  bool is_private = false;  ///< It raises `userRev`.
  Document more;
};

/// Changes a state until nobody came in between. `apply` is a function of what it is given alone:
/// it may be asked again.
template <class Apply>
Result<StateChange> put_change(Session& session, domain::UserId user, domain::ChatId chat,
                               Apply&& apply) {
  for (int tries = 0; tries < kTriesMax; ++tries) {
    auto member = find_member(session, user, chat);
    if (!member) return fail(std::move(member.error()));
    auto& change = member->change;
    Result<Outcome> outcome = apply(change);
    if (!outcome) return fail(std::move(outcome.error()));
    const bool has_mark = change.rise.of_read || change.rise.of_delivered;
    change.has_moved = outcome->is_private || has_mark;
    if (!change.has_moved) {
      change.user_rev = user_rev_of(session, user);
      return std::move(change);
    }
    std::vector<std::string> moments;
    if (outcome->is_private) moments.emplace_back("changedAt");
    if (has_mark) moments.emplace_back("markedAt");
    member->stored.state = change.state;
    if (put_state(session, member->stored, moments, outcome->more)) {
      change.user_rev =
          outcome->is_private ? raise_user_rev(session, user) : user_rev_of(session, user);
      return std::move(change);
    }
    retried.add();
  }
  return fail_because(Errc::store_unavailable, "a state changed too often");
}

domain::ReadPoint read_point(Session& session, const ports::Mark& mark) {
  domain::ReadPoint point{.seq = mark.seq};
  const auto at = session.find_one(kMessages, document("chatId", mark.chat, "seq", mark.seq),
                                   {.sort = {}, .fields = document("ordinal", 1)});
  if (at) point.ordinal = View(*at).count("ordinal");
  const auto own = session.find_one(kMessages,
                                    document("chatId", mark.chat, "senderId", mark.user, "seq",
                                             document("$gt", 0, "$lte", mark.seq), "type",
                                             document("$ne", name_of(domain::MessageType::system))),
                                    {.sort = document("chatId", 1, "senderId", 1, "seq", -1),
                                     .fields = document("senderOrdinal", 1)});
  if (own) point.own_count = View(*own).count("senderOrdinal");
  return point;
}

Result<Outcome> put_mark(Session& session, const ports::Mark& mark, StateChange& change) {
  auto& state = change.state;
  if (mark.seq > change.chat.last_seq) {
    return fail_field("/seq", "out-of-range", "The chat has no such message yet.");
  }
  const auto before = state;
  Outcome outcome;
  if (mark.kind == ports::MarkKind::delivered) {
    change.rise = domain::raise_delivered(state, mark.seq);
  } else {
    change.rise = domain::raise_read(state, read_point(session, mark));
    change.has_cleared_mark = std::exchange(state.marked_unread, false);
    outcome.is_private = change.rise.of_read || change.has_cleared_mark;
    if (outcome.is_private) state.updated_at = mark.now;
  }
  outcome.more = mark_times(change, before, mark.now);
  return outcome;
}

/// The places of the user's other pinned chats.
std::vector<std::uint32_t> pinned_orders(Session& session, domain::UserId user,
                                         domain::ChatId but) {
  std::vector<std::uint32_t> orders;
  auto cursor = session.find(
      kStates,
      document("userId", user, "isMember", true, "isPinned", true, "chatId", document("$ne", but)),
      {.sort = {}, .fields = document("pinOrder", 1)});
  while (const auto found = cursor.next()) orders.push_back(found->small("pinOrder"));
  return orders;
}

Result<Outcome> put_hidden(Session& session, const StateChange& change, domain::MessageId message) {
  const auto user = change.state.user_id;
  const auto chat = change.state.chat_id;
  const auto id = pair_id(user, message);
  if (session.find_one(kHidden, document("_id", id))) return Outcome{};
  const auto of_chat = document("userId", user, "chatId", chat);
  if (session.count(kHidden, of_chat, domain::kHiddenMessagesMax) >= domain::kHiddenMessagesMax) {
    return fail(Errc::conflict, "Too many messages of this chat are hidden.");
  }
  auto update =
      document("$setOnInsert", document("userId", user, "chatId", chat, "messageId", message));
  add_moments(update, {"hiddenAt"});
  session.update_one(kHidden, document("_id", id), update, true);
  return Outcome{.is_private = true, .more = {}};
}

Result<Outcome> put_cleared(StateChange& change, Time asked_at) {
  const auto before = change.state;
  const bool has_changed = domain::clear_state(change.chat, change.state, asked_at);
  change.rise = {.of_read = change.state.last_read_seq > before.last_read_seq,
                 .of_delivered = change.state.last_delivered_seq > before.last_delivered_seq};
  return Outcome{.is_private = has_changed, .more = mark_times(change, before, asked_at)};
}

}  // namespace

Task<Result<StateChange>> MongoStore::mark(ports::Mark mark) {
  auto job = [mark](Session& session) {
    const auto put = [&] {
      return put_change(session, mark.user, mark.chat,
                        [&](StateChange& change) { return put_mark(session, mark, change); });
    };
    auto change = put();
    // A message that is committed and not applied yet, since its process lost the store in between,
    // has been acknowledged and told: a device may have read it.
    const bool is_ahead = !change && change.error().code == Errc::validation_failed;
    if (is_ahead && settle_chat(session, mark.chat)) change = put();
    return change;
  };
  co_return co_await run<StateChange>(std::move(job));
}

Task<Result<StateChange>> MongoStore::update(domain::UserId user, domain::ChatId chat,
                                             domain::StatePatch patch, Time now) {
  auto job = [user, chat, patch = std::move(patch), now](Session& session) {
    return put_change(session, user, chat, [&](StateChange& change) -> Result<Outcome> {
      auto has_changed = domain::patch_state(change.chat, change.state, patch,
                                             pinned_orders(session, user, chat), now);
      if (!has_changed) return fail(std::move(has_changed.error()));
      return Outcome{.is_private = *has_changed, .more = {}};
    });
  };
  co_return co_await run<StateChange>(std::move(job));
}

Task<Result<StateChange>> MongoStore::clear(domain::UserId user, domain::ChatId chat, Time now) {
  auto job = [user, chat, now](Session& session) {
    auto change =
        put_change(session, user, chat, [&](StateChange& each) { return put_cleared(each, now); });
    // What was cleared away needs no other reason to stay away.
    if (change) session.remove_many(kHidden, document("userId", user, "chatId", chat));
    return change;
  };
  co_return co_await run<StateChange>(std::move(job));
}

Task<Result<StateChange>> MongoStore::take_off_list(domain::UserId user, domain::ChatId chat,
                                                    Time now) {
  auto job = [user, chat, now](Session& session) {
    return put_change(session, user, chat, [&](StateChange& change) -> Result<Outcome> {
      return Outcome{.is_private = domain::take_off_list(change.chat, change.state, now),
                     .more = {}};
    });
  };
  co_return co_await run<StateChange>(std::move(job));
}

Task<Result<StateChange>> MongoStore::hide(domain::UserId user, domain::ChatId chat,
                                           domain::MessageId message, Time /*now*/) {
  auto job = [user, chat, message](Session& session) {
    // Written by an earlier try whose state was changed in between: it counts all the same.
    bool is_hidden = false;
    return put_change(session, user, chat, [&](StateChange& change) -> Result<Outcome> {
      if (is_hidden) return Outcome{.is_private = true, .more = {}};
      auto outcome = put_hidden(session, change, message);
      is_hidden = outcome && outcome->is_private;
      return outcome;
    });
  };
  co_return co_await run<StateChange>(std::move(job));
}

Task<Result<StateChange>> MongoStore::state(domain::UserId user, domain::ChatId chat) {
  auto job = [user, chat](Session& session) -> Result<StateChange> {
    auto found = find_member(session, user, chat);
    if (!found) return fail(std::move(found.error()));
    found->change.user_rev = user_rev_of(session, user);
    return std::move(found->change);
  };
  co_return co_await run<StateChange>(std::move(job));
}

}  // namespace knotos::adapters::mongo
