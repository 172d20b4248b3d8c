#include "adapters/mongo/keeper.hpp"

#include "adapters/mongo/failure.hpp"
#include "adapters/mongo/log_writer.hpp"
#include "adapters/mongo/recovery.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace knotos::adapters::mongo {
namespace {

constexpr const char* kKind = "process";
/// Chats that wait to be completed and are known by name. Of more it is only known since when.
constexpr std::size_t kBehindMax = 65'536;

metrics::Counter beats_failed("mongo_beats_failed_total",
                              "Times that a process could not tell the store that it lives.");
metrics::Counter processes_buried("mongo_processes_buried_total",
                                  "Processes that fell silent, whose work was completed.");
metrics::Counter chats_remembered("mongo_chats_left_behind_total",
                                  "Appends that left a chat behind its log, for later.");

/// Another one for each process and start.
std::string fresh_id() {
  bson_oid_t oid;
  bson_oid_init(&oid, nullptr);
  std::array<char, 25> text{};
  bson_oid_to_string(&oid, text.data());
  return std::string("process:") + text.data();
}

}  // namespace

Keeper::Keeper(Clients& clients, Options options)
    : clients_(clients), options_(options), id_(fresh_id()), pool_("mongo-keeper", 1, 1) {}

void Keeper::begin() {
  {
    auto session = clients_.session();
    beat(session);
  }
  has_begun_ = true;
  runtime::BlockingPool::Job job = [this] { keep_on(); };
  (void)pool_.submit(job);
}

void Keeper::remember(domain::ChatId chat) {
  chats_remembered.add();
  const std::lock_guard lock(mutex_);
  if (behind_.size() < kBehindMax) {
    behind_.insert(chat);
  } else {
    forgot_some_ = true;
  }
}

void Keeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(is_stopping_, true)) return;
  }
  stopping_.notify_all();
  pool_.stop();
  if (!has_begun_ || !is_heard_) return;
  try {
    auto session = clients_.session();
    complete_own(session);
    session.remove_one(kMeta, document("_id", id_));
  } catch (const Failure& failure) {
    // The next one to look finds that it is silent.
    log::warning("the store was not told that this process ends", {{"cause", failure.what()}});
  }
}

void Keeper::keep_on() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      if (stopping_.wait_for(lock, options_.beat, [this] { return is_stopping_; })) return;
    }
    try {
      auto session = clients_.session();
      beat(session);
      is_heard_ = true;
    } catch (const Failure& failure) {
      beats_failed.add();
      if (is_heard_.exchange(false)) {
        log::warning("the store does not hear this process", {{"cause", failure.what()}});
      }
    }
  }
}

void Keeper::beat(Session& session) {
  const bool is_clear = !has_pending();
  const auto before = now_;
  say_alive(session);
  // What was left behind since is in the list, or its end is still to come: the margin's concern.
  if (!applied_to_) {
    applied_to_ = now_;
  } else if (is_clear) {
    applied_to_ = before;
  }
  complete_own(session);
  complete_others(session);
}

void Keeper::say_alive(Session& session) {
  auto said = document("kind", kKind, "claimedBy", "");
  if (applied_to_) said.add("appliedTo", *applied_to_);
  const auto update = document("$set", said, "$inc", document("beats", 1), "$currentDate",
                               document("at", document("$type", "date")));
  const auto now = session.upsert_and_get_new(kMeta, document("_id", id_), update);
  if (!now) throw Failure(Fate::not_done, "the store does not tell its time");
  now_ = View(*now).time("at");
}

bool Keeper::has_pending() {
  const std::lock_guard lock(mutex_);
  return forgot_some_ || !behind_.empty();
}

void Keeper::complete_own(Session& session) {
  std::unordered_set<domain::ChatId> behind;
  bool forgot_some = false;
  {
    const std::lock_guard lock(mutex_);
    behind = std::exchange(behind_, {});
    forgot_some = std::exchange(forgot_some_, false);
  }
  try {
    while (!behind.empty()) {
      try {
        (void)settle_chat(session, *behind.begin());
      } catch (const Damage& damage) {
        log::error("a chat cannot be completed", {{"cause", damage.what()}});
      }
      behind.erase(behind.begin());
    }
    if (forgot_some) complete_since(session, applied_to_.value_or(Time()) - options_.margin);
  } catch (const Failure&) {
    const std::lock_guard lock(mutex_);
    behind_.merge(behind);
    forgot_some_ |= forgot_some;
    throw;
  }
}

void Keeper::complete_others(Session& session) {
  const auto processes = session.find_all(kMeta, document("kind", kKind));
  const auto is_silent = [this](const View& process) {
    return process.text("_id") != id_ && process.time("at") < now_ - options_.silence_max;
  };
  std::unordered_set<std::string> alive;
  for (const auto& each : processes) {
    if (!is_silent(each)) alive.insert(View(each).text("_id"));
  }
  std::vector<Document> silent;
  auto since = Time::max();
  for (const auto& each : processes) {
    const View process(each);
    const auto claimed_by = process.text("claimedBy");
    // Another does it, as long as that one lives.
    if (!is_silent(process) || (claimed_by != id_ && alive.contains(claimed_by))) continue;
    const auto this_one = document("_id", process.text("_id"), "beats", process.count("beats"));
    const auto claimed = session.update_one(kMeta, Document(this_one).add("claimedBy", claimed_by),
                                            document("$set", document("claimedBy", id_)));
    if (claimed.matched == 0) continue;
    silent.push_back(this_one);
    since = std::min(since, process.optional_time("appliedTo").value_or(process.time("at")));
  }
  if (silent.empty()) return;
  log::warning("processes fell silent; what they left is completed",
               {{"processes", silent.size()}});
  complete_since(session, since - options_.margin);
  // One that has spoken since stays.
  for (const auto& each : silent) {
    processes_buried.add(static_cast<std::int64_t>(session.remove_one(kMeta, each)));
  }
}

}  // namespace knotos::adapters::mongo
