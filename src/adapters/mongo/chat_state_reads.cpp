#include "adapters/mongo/documents.hpp"
#include "adapters/mongo/mongo_store.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

// What is private to one user in one chat, members and their receipts: reading it.
namespace knotos::adapters::mongo {
namespace {

std::vector<domain::MessageId> read_hidden(Session& session, domain::UserId user,
                                           domain::ChatId chat) {
  std::vector<domain::MessageId> hidden;
  auto cursor = session.find(kHidden, document("userId", user, "chatId", chat));
  while (const auto found = cursor.next()) {
    hidden.push_back(found->id<domain::MessageId>("messageId"));
  }
  std::ranges::sort(hidden);
  return hidden;
}

/// The members of a chat from a place on, oldest first. `keeps` answers whether there is room for
/// one more.
template <class Keep>
void walk_members(Session& session, domain::ChatId chat,
                  const std::optional<ports::MemberPosition>& after, Keep&& keeps) {
  auto filter = document("chatId", chat, "isMember", true);
  // Those of one moment are told apart here.
  if (after) filter.add("joinedAt", document("$gte", after->joined_at));
  auto cursor = session.find(kStates, filter, {.sort = document("joinedAt", 1, "userId", 1)});
  while (const auto found = cursor.next()) {
    const auto joined_at = found->time("joinedAt");
    const auto user = found->id<domain::UserId>("userId");
    if (after && std::tie(joined_at, user) <= std::tie(after->joined_at, after->user_id)) continue;
    if (!keeps(*found)) return;
  }
}

ports::MemberReceipt read_receipt(const View& view, domain::Seq seq) {
  const auto state = read_state(view);
  ports::MemberReceipt receipt{.user_id = state.user_id,
                               .joined_at = state.joined_at,
                               .is_delivered = state.last_delivered_seq >= seq,
                               .is_read = state.last_read_seq >= seq,
                               .delivered_at = {},
                               .read_at = {}};
  if (receipt.is_delivered && view.count("deliveredAfterSeq") < seq) {
    receipt.delivered_at = view.optional_time("deliveredAt");
  }
  if (receipt.is_read && view.count("readAfterSeq") < seq) {
    receipt.read_at = view.optional_time("readAt");
  }
  return receipt;
}

ports::ReceiptPage read_receipts(Session& session, const ports::ReceiptQuery& query) {
  ports::ReceiptPage page;
  walk_members(session, query.chat, std::nullopt, [&](const View& view) {
    const auto receipt = read_receipt(view, query.seq);
    // Who was there when the message came.
    if (receipt.user_id == query.sender || receipt.joined_at > query.created_at) return true;
    ++page.member_count;
    if (receipt.is_delivered) ++page.delivered_count;
    if (receipt.is_read) ++page.read_count;
    const bool is_earlier =
        query.after && std::tie(receipt.joined_at, receipt.user_id) <=
                           std::tie(query.after->joined_at, query.after->user_id);
    if (is_earlier) return true;
    page.has_more = page.receipts.size() == query.limit;
    if (!page.has_more) page.receipts.push_back(receipt);
    return true;
  });
  return page;
}

Result<ports::MemberPage> read_members(Session& session, domain::ChatId chat,
                                       const std::optional<ports::MemberPosition>& after,
                                       std::size_t limit) {
  ports::MemberPage page;
  std::vector<domain::UserId> ids;
  walk_members(session, chat, after, [&](const View& view) {
    page.has_more = page.members.size() == limit;
    if (page.has_more) return false;
    page.members.push_back({.user = {}, .state = read_state(view)});
    ids.push_back(page.members.back().state.user_id);
    return true;
  });
  std::unordered_map<domain::UserId, domain::User> users;
  for (auto& user : find_users_by_id(session, ids)) users.emplace(user.id, std::move(user));
  for (auto& member : page.members) {
    if (const auto known = users.find(member.state.user_id); known != users.end()) {
      member.user = known->second;
    }
  }
  return page;
}

}  // namespace

Task<Result<std::vector<domain::MessageId>>> MongoStore::hidden_in(domain::UserId user,
                                                                   domain::ChatId chat) {
  auto job = [user, chat](Session& session) -> Result<std::vector<domain::MessageId>> {
    const auto state = find_state(session, user, chat);
    if (!state || !state->state.is_member) return fail(Errc::not_found);
    return read_hidden(session, user, chat);
  };
  co_return co_await run<std::vector<domain::MessageId>>(std::move(job));
}

Task<Result<domain::Visibility>> MongoStore::visibility(domain::UserId user, domain::ChatId chat) {
  auto job = [user, chat](Session& session) -> Result<domain::Visibility> {
    const auto state = find_state(session, user, chat);
    if (!state || !state->state.is_member) return fail(Errc::not_found);
    return domain::Visibility{.first_seq = domain::first_visible_seq(state->state),
                              .hidden = read_hidden(session, user, chat)};
  };
  co_return co_await run<domain::Visibility>(std::move(job));
}

Task<Result<ports::MemberPage>> MongoStore::members(domain::ChatId chat,
                                                    std::optional<ports::MemberPosition> after,
                                                    std::size_t limit) {
  auto job = [chat, after, limit](Session& session) {
    return read_members(session, chat, after, limit);
  };
  co_return co_await run<ports::MemberPage>(std::move(job));
}

Task<Result<ports::ReceiptPage>> MongoStore::receipts(ports::ReceiptQuery query) {
  auto job = [query](Session& session) -> Result<ports::ReceiptPage> {
    return read_receipts(session, query);
  };
  co_return co_await run<ports::ReceiptPage>(std::move(job));
}

Task<Result<std::vector<ports::UnreadChat>>> MongoStore::unread(domain::UserId user, Time now) {
  auto job = [user, now](Session& session) -> Result<std::vector<ports::UnreadChat>> {
    std::unordered_map<domain::ChatId, domain::UserChatState> states;
    std::vector<domain::ChatId> ids;
    auto own = session.find(kStates, document("userId", user, "isMember", true));
    while (const auto found = own.next()) {
      auto state = read_state(*found);
      ids.push_back(state.chat_id);
      states.emplace(state.chat_id, std::move(state));
    }
    std::vector<ports::UnreadChat> unread;
    if (ids.empty()) return unread;
    auto chats = session.find(kChats, document("_id", any_of(ids)));
    while (const auto found = chats.next()) {
      const auto chat = read_chat(*found);
      const auto& state = states.at(chat.id);
      const auto count = domain::unread_count(chat, state);
      if (domain::is_off_list_now(chat, state) || (count == 0 && !state.marked_unread)) continue;
      unread.push_back({.chat_id = chat.id,
                        .unread_count = count,
                        .marked_unread = state.marked_unread,
                        .is_archived = domain::is_archived_now(chat, state, now)});
    }
    std::ranges::sort(unread, {}, &ports::UnreadChat::chat_id);
    return unread;
  };
  co_return co_await run<std::vector<ports::UnreadChat>>(std::move(job));
}

}  // namespace knotos::adapters::mongo
