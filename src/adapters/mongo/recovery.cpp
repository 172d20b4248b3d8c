#include "adapters/mongo/recovery.hpp"

#include "adapters/mongo/failure.hpp"
#include "adapters/mongo/log_writer.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace knotos::adapters::mongo {
namespace {

/// Of one question for the state of chats: a document of MongoDB has a limit.
constexpr std::size_t kAskedMax = 1'000;

metrics::Counter chats_completed("mongo_chats_recovered_total",
                                 "Chats completed after a process that died or could not.");
metrics::Counter chats_damaged("mongo_chats_damaged_total",
                               "Chats that could not be completed since their log is damaged.");

/// By chat, the highest place of its log that was taken since.
std::unordered_map<domain::ChatId, domain::Rev> find_places(Session& session,
                                                            const Document& recent) {
  std::unordered_map<domain::ChatId, domain::Rev> places;
  auto entries = session.find(kMessages, recent,
                              {.sort = {}, .fields = document("_id", 0, "chatId", 1, "rev", 1)});
  while (const auto found = entries.next()) {
    const auto chat = found->optional_id<domain::ChatId>("chatId");
    if (!chat) continue;
    auto& place = places[*chat];
    place = std::max(place, found->count("rev"));
  }
  return places;
}

std::unordered_set<domain::ChatId> find_behind(Session& session, const Document& recent) {
  std::unordered_set<domain::ChatId> behind;
  auto begun = session.find(kChats, Document(recent).add("founding", document("$exists", true)),
                            {.sort = {}, .fields = document("_id", 1)});
  while (const auto found = begun.next()) {
    if (const auto id = found->optional_id<domain::ChatId>("_id")) behind.insert(*id);
  }
  const auto places = find_places(session, recent);
  std::vector<domain::ChatId> asked;
  const auto ask = [&] {
    auto chats = session.find(kChats, document("_id", any_of(asked)),
                              {.sort = {}, .fields = document("lastRev", 1)});
    while (const auto found = chats.next()) {
      const auto id = found->id<domain::ChatId>("_id");
      if (found->count("lastRev") < places.at(id)) behind.insert(id);
    }
    asked.clear();
  };
  for (const auto& [id, place] : places) {
    asked.push_back(id);
    if (asked.size() == kAskedMax) ask();
  }
  if (!asked.empty()) ask();
  return behind;
}

}  // namespace

std::size_t complete_since(Session& session, Time since) {
  const auto recent = document("createdAt", document("$gte", since));
  std::size_t completed = 0;
  for (const auto& chat : find_behind(session, recent)) {
    try {
      if (settle_chat(session, chat)) ++completed;
    } catch (const Damage& damage) {
      chats_damaged.add();
      log::error("a chat cannot be completed",
                 {{"chat", chat.to_string()}, {"cause", damage.what()}});
    }
  }
  chats_completed.add(static_cast<std::int64_t>(completed));
  if (completed > 0) {
    log::warning("chats were behind their log and have been completed", {{"chats", completed}});
  }
  return completed;
}

}  // namespace knotos::adapters::mongo
