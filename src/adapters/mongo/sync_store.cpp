#include "adapters/mongo/documents.hpp"
#include "adapters/mongo/failure.hpp"
#include "adapters/mongo/mongo_store.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>
#include <utility>

// What changed since a time, by the cluster's clock.
namespace knotos::adapters::mongo {
namespace {

using ports::SyncedChat;
using ports::SyncPage;
using ports::SyncStore;

/// One of the user's chats, and when it changed last, for everybody or for them.
struct Changed {
  domain::Chat chat;
  domain::UserChatState state;
  Time at;
  Time state_at;
  Time member_at;
};

std::vector<Changed> find_changed(Session& session, domain::UserId user) {
  std::unordered_map<domain::ChatId, Document> states;
  std::vector<domain::ChatId> ids;
  auto own = session.find(kStates, document("userId", user));
  while (const auto found = own.next()) {
    ids.push_back(found->id<domain::ChatId>("chatId"));
    states.emplace(ids.back(), found->copy());
  }
  std::vector<Changed> changed;
  if (ids.empty()) return changed;
  auto chats = session.find(kChats, document("_id", any_of(ids)));
  while (const auto found = chats.next()) {
    auto chat = read_chat(*found);
    const View view(states.at(chat.id));
    Changed each{.chat = std::move(chat),
                 .state = read_state(view),
                 .at = view.moment("changedAt"),
                 .state_at = view.moment("changedAt"),
                 .member_at = view.moment("memberChangedAt")};
    // One that they left: when they did.
    if (each.state.is_member) {
      each.at = std::max({each.at, found->moment("changedAt"), view.moment("markedAt")});
    }
    changed.push_back(std::move(each));
  }
  return changed;
}

std::vector<domain::MessageId> hidden_since(Session& session, domain::UserId user,
                                            domain::ChatId chat, Time since) {
  std::vector<domain::MessageId> hidden;
  auto cursor = session.find(kHidden, document("userId", user, "chatId", chat));
  while (const auto found = cursor.next()) {
    if (found->moment("hiddenAt") >= since) {
      hidden.push_back(found->id<domain::MessageId>("messageId"));
    }
  }
  std::ranges::sort(hidden);
  return hidden;
}

Result<SyncPage> read_sync(Session& session, const ports::SyncQuery& query) {
  const auto user = session.find_one(kUsers, document("_id", query.user));
  if (!user) return fail(Errc::not_found);
  SyncPage page;
  page.user_rev = View(*user).count("userRev");
  page.settings_changed = View(*user).moment("changedAt") >= query.since;
  auto changed = find_changed(session, query.user);
  std::erase_if(changed, [&](const Changed& each) {
    if (!query.after) return each.at < query.since;
    return std::tie(each.at, each.chat.id) <=
           std::tie(query.after->changed_at, query.after->chat_id);
  });
  std::ranges::sort(changed, {},
                    [](const Changed& each) { return std::pair(each.at, each.chat.id); });
  if (changed.size() > query.limit) {
    changed.resize(query.limit);
    page.next = {.changed_at = changed.back().at, .chat_id = changed.back().chat.id};
  }
  for (auto& each : changed) {
    SyncedChat chat{.chat = std::move(each.chat),
                    .state = std::move(each.state),
                    .has_joined = each.member_at >= query.since,
                    .has_private_change = each.state_at >= query.since,
                    .hidden = {}};
    if (chat.has_private_change) {
      chat.hidden = hidden_since(session, query.user, chat.chat.id, query.since);
    }
    page.chats.push_back(std::move(chat));
  }
  return page;
}

struct MovedReceipt {
  ports::SyncedReceipt receipt;
  Time at;
};

auto place_of(const MovedReceipt& each) {
  return std::tuple(each.at, each.receipt.chat_id, each.receipt.user_id);
}

/// Whom of these the user has blocked.
std::unordered_set<domain::UserId> find_blocked(Session& session, domain::UserId user,
                                                const std::vector<MovedReceipt>& receipts) {
  std::vector<std::string> ids;
  for (const auto& each : receipts) ids.push_back(pair_id(user, each.receipt.user_id));
  std::unordered_set<domain::UserId> blocked;
  if (ids.empty()) return blocked;
  auto cursor = session.find(kBlocks, document("_id", any_of(ids)));
  while (const auto found = cursor.next()) blocked.insert(found->id<domain::UserId>("otherId"));
  return blocked;
}

ports::MovedReceiptsPage read_receipts(Session& session, const ports::MovedReceiptsQuery& query) {
  std::unordered_map<domain::ChatId, Changed> chats;
  std::vector<domain::ChatId> ids;
  std::vector<domain::ChatId> joined;
  for (auto& each : find_changed(session, query.user)) {
    if (!each.state.is_member || each.chat.member_count > query.members_max) continue;
    auto& kind = each.member_at >= query.since ? joined : ids;
    kind.push_back(each.chat.id);
    chats.emplace(each.chat.id, std::move(each));
  }
  std::vector<MovedReceipt> moved;
  const auto take = [&](const Document& filter) {
    auto cursor = session.find(kStates, filter);
    while (const auto found = cursor.next()) {
      const auto state = read_state(*found);
      const auto marked_at = found->moment("markedAt");
      const auto& chat = chats.at(state.chat_id);
      // A chat that the user just came to tells all of its receipts: then their coming is what
      // moved.
      const auto at = std::max(marked_at, chat.member_at);
      if (state.user_id == query.user || marked_at == Time() || at < query.since) continue;
      moved.push_back({.receipt = {.chat_id = state.chat_id,
                                   .user_id = state.user_id,
                                   .last_delivered_seq = state.last_delivered_seq,
                                   .last_read_seq = state.last_read_seq},
                       .at = at});
    }
  };
  if (!ids.empty()) {
    take(document("chatId", any_of(ids), "isMember", true, "markedAt",
                  Document().add_moment("$gte", query.since)));
  }
  if (!joined.empty()) take(document("chatId", any_of(joined), "isMember", true));

  const auto blocked = find_blocked(session, query.user, moved);
  std::erase_if(moved, [&](const MovedReceipt& each) {
    const bool is_direct = chats.at(each.receipt.chat_id).chat.type == domain::ChatType::direct;
    if (is_direct && blocked.contains(each.receipt.user_id)) return true;
    const auto& after = query.after;
    return after && place_of(each) <= std::tuple(after->moved_at, after->chat_id, after->user_id);
  });
  std::ranges::sort(moved, {}, place_of);
  ports::MovedReceiptsPage page;
  for (const auto& each : moved) {
    if (page.receipts.size() == query.limit) {
      page.next = {.moved_at = moved[query.limit - 1].at,
                   .chat_id = page.receipts.back().chat_id,
                   .user_id = page.receipts.back().user_id};
      break;
    }
    page.receipts.push_back(each.receipt);
  }
  return page;
}

/// Documents of one collection in the order of their last change.
class Stream {
 public:
  Stream(Session& session, const char* collection, const char* id, Time since)
      : id_(id),
        cursor_(session.find(collection,
                             document("changedAt", Document().add_moment("$gte", since)),
                             {.sort = document("changedAt", 1),
                              .fields = document(id, 1, "changedAt", 1, "lastRev", 1)})) {
    step();
  }

  [[nodiscard]] bool is_at_end() const { return !now_; }
  [[nodiscard]] Time at() const { return View(*now_).moment("changedAt"); }
  [[nodiscard]] View view() const { return *now_; }
  [[nodiscard]] const char* id() const { return id_; }
  void step() {
    const auto found = cursor_.next();
    now_ = found ? std::optional(found->copy()) : std::nullopt;
  }

 private:
  const char* id_;
  Cursor cursor_;
  std::optional<Document> now_;
};

/// Gathers a sweep from changes in the order of time, each chat and user once.
class SweepCollector {
 public:
  explicit SweepCollector(std::size_t limit) : limit_(limit) {}

  /// False: the sweep is full, and goes on at `at`.
  [[nodiscard]] bool has_room(Time at) {
    // Changes of one moment stay together, so that the next sweep begins at a later one.
    if (sweep_.chats.size() + users_.size() >= limit_ && at > last_at_) {
      sweep_.has_more = true;
      sweep_.next_since = at;
      return false;
    }
    last_at_ = at;
    return true;
  }
  void take(const SyncStore::Swept& chat) { sweep_.chats.push_back(chat); }
  void take(domain::UserId user) {
    if (users_.insert(user).second) sweep_.users.push_back(user);
  }
  [[nodiscard]] SyncStore::Sweep finish() { return std::move(sweep_); }

 private:
  std::size_t limit_;
  Time last_at_;
  std::unordered_set<domain::UserId> users_;
  SyncStore::Sweep sweep_;
};

SyncStore::Sweep sweep(Session& session, Time since, std::size_t limit) {
  std::array<Stream, 3> streams{Stream(session, kChats, "_id", since),
                                Stream(session, kStates, "userId", since),
                                Stream(session, kUsers, "_id", since)};
  SweepCollector collector(limit);
  while (true) {
    Stream* first = nullptr;
    for (auto& stream : streams) {
      if (!stream.is_at_end() && (first == nullptr || stream.at() < first->at())) first = &stream;
    }
    if (first == nullptr || !collector.has_room(first->at())) return collector.finish();
    if (first == streams.data()) {
      collector.take({.chat_id = first->view().id<domain::ChatId>("_id"),
                      .last_rev = first->view().count("lastRev")});
    } else {
      collector.take(first->view().id<domain::UserId>(first->id()));
    }
    first->step();
  }
}

}  // namespace

Task<Result<std::string>> MongoStore::epoch() {
  auto job = [](Session& session) -> Result<std::string> {
    const auto found = session.find_one(kMeta, document("_id", "epoch"));
    if (!found) return fail_because(Errc::store_unavailable, "the store has no epoch");
    return View(*found).binary("value");
  };
  co_return co_await run<std::string>(std::move(job));
}

Task<Result<Time>> MongoStore::store_time() {
  // By a write: a majority has then all that was given an earlier time on this shard.
  auto job = [](Session& session) -> Result<Time> { return read_clock(session); };
  co_return co_await run<Time>(std::move(job));
}

Task<Result<SyncPage>> MongoStore::sync(ports::SyncQuery query) {
  auto job = [query](Session& session) { return read_sync(session, query); };
  co_return co_await run<SyncPage>(std::move(job));
}

Task<Result<ports::MovedReceiptsPage>> MongoStore::moved_receipts(ports::MovedReceiptsQuery query) {
  auto job = [query](Session& session) -> Result<ports::MovedReceiptsPage> {
    return read_receipts(session, query);
  };
  co_return co_await run<ports::MovedReceiptsPage>(std::move(job));
}

Task<Result<std::vector<SyncedChat>>> MongoStore::all_chats(domain::UserId user) {
  auto job = [user](Session& session) -> Result<std::vector<SyncedChat>> {
    std::vector<SyncedChat> chats;
    for (auto& each : find_changed(session, user)) {
      chats.push_back({.chat = std::move(each.chat),
                       .state = std::move(each.state),
                       .has_joined = false,
                       .has_private_change = false,
                       .hidden = {}});
    }
    std::ranges::sort(chats, {}, [](const SyncedChat& each) { return each.chat.id; });
    return chats;
  };
  co_return co_await run<std::vector<SyncedChat>>(std::move(job));
}

Task<Result<SyncStore::Sweep>> MongoStore::changed_since(Time since, std::size_t limit) {
  auto job = [since, limit](Session& session) -> Result<Sweep> {
    const auto now = read_clock(session);
    auto swept = sweep(session, since, limit);
    swept.now = now;
    return swept;
  };
  co_return co_await run<Sweep>(std::move(job));
}

}  // namespace knotos::adapters::mongo
