#include "adapters/mongo/archived_documents.hpp"
#include "adapters/mongo/documents.hpp"
#include "adapters/mongo/mongo_store.hpp"

#include <utility>

// Invites to groups.
namespace knotos::adapters::mongo {
namespace {

/// How often a use is asked for again because somebody took one in between.
constexpr int kTriesMax = 64;

Result<ports::Invite> read_by_code(Session& session, const std::string& code) {
  const auto found = session.find_one(kInvites, document("_id", code));
  if (!found) return fail(Errc::not_found);
  return read_invite(*found);
}

/// Of two who ask for the last use, one finds the count changed.
Result<ports::Invite> take_use(Session& session, const std::string& code, Time now) {
  for (int tries = 0; tries < kTriesMax; ++tries) {
    auto invite = read_by_code(session, code);
    if (!invite) return invite;
    if (!ports::is_usable(*invite, now)) return fail(Errc::not_found);
    const auto taken = session.update_one(kInvites, document("_id", code, "uses", invite->uses),
                                          document("$inc", document("uses", 1)));
    if (taken.matched == 0) continue;
    ++invite->uses;
    return invite;
  }
  return fail_because(Errc::store_unavailable, "an invite was used too often at once");
}

}  // namespace

Task<Result<void>> MongoStore::put_invite(ports::Invite invite, std::size_t count_max) {
  auto job = [invite = std::move(invite), count_max](Session& session) -> Result<bool> {
    const auto count = session.count(kInvites, document("chatId", invite.chat_id), count_max);
    if (count >= count_max) return fail(Errc::conflict);
    const bool is_new = session.insert_one(kInvites, invite_document(invite));
    if (!is_new) return fail_because(Errc::store_unavailable, "the code of an invite was taken");
    return true;
  };
  auto written = co_await run<bool>(std::move(job));
  if (!written) co_return fail(std::move(written.error()));
  co_return Result<void>();
}

Task<Result<std::vector<ports::Invite>>> MongoStore::invites(domain::ChatId chat) {
  auto job = [chat](Session& session) -> Result<std::vector<ports::Invite>> {
    std::vector<ports::Invite> invites;
    auto cursor = session.find(kInvites, document("chatId", chat),
                               {.sort = document("createdAt", -1, "_id", -1)});
    while (const auto found = cursor.next()) invites.push_back(read_invite(*found));
    return invites;
  };
  co_return co_await run<std::vector<ports::Invite>>(std::move(job));
}

Task<Result<ports::Invite>> MongoStore::find_invite(std::string code) {
  auto job = [code = std::move(code)](Session& session) { return read_by_code(session, code); };
  co_return co_await run<ports::Invite>(std::move(job));
}

Task<Result<bool>> MongoStore::remove_invite(domain::ChatId chat, std::string code) {
  auto job = [chat, code = std::move(code)](Session& session) -> Result<bool> {
    return session.remove_one(kInvites, document("_id", code, "chatId", chat)) > 0;
  };
  co_return co_await run<bool>(std::move(job));
}

Task<Result<ports::Invite>> MongoStore::use_invite(std::string code, Time now) {
  auto job = [code = std::move(code), now](Session& session) {
    return take_use(session, code, now);
  };
  co_return co_await run<ports::Invite>(std::move(job));
}

Task<Result<void>> MongoStore::return_invite_use(std::string code) {
  auto job = [code = std::move(code)](Session& session) -> Result<bool> {
    session.update_one(kInvites, document("_id", code, "uses", document("$gt", 0)),
                       document("$inc", document("uses", -1)));
    return true;
  };
  auto written = co_await run<bool>(std::move(job));
  if (!written) co_return fail(std::move(written.error()));
  co_return Result<void>();
}

}  // namespace knotos::adapters::mongo
