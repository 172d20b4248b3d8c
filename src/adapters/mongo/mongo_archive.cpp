#include "adapters/mongo/mongo_archive.hpp"

#include "adapters/mongo/archived_documents.hpp"
#include "adapters/mongo/deployment.hpp"
#include "adapters/mongo/indexes.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <unordered_map>
#include <utility>

namespace knotos::adapters::mongo {
namespace {

using ports::ArchivedChat;
using ports::ArchivedUser;

/// Of one insert: a request of MongoDB has a limit of 48 MB.
constexpr std::size_t kInsertMax = 500;
constexpr const char* kMove = "migration";
/// For the clock of the target to pass what the source has given away.
constexpr auto kWaitMax = std::chrono::seconds(60);
constexpr auto kWaitStep = std::chrono::milliseconds(200);

Document move_id() { return document("_id", kMove); }

/// By id, one page after the other.
template <class IdType>
Document after_id(const std::optional<IdType>& after) {
  return after ? document("_id", document("$gt", *after)) : Document();
}

/// Each that is not there yet: a step that was cut short is done again.
void put_all(Session& session, const char* collection, const std::vector<Document>& documents) {
  for (std::size_t at = 0; at < documents.size();) {
    const auto end = std::min(documents.size(), at + kInsertMax);
    const auto begin = documents.begin() + static_cast<std::ptrdiff_t>(at);
    const auto inserted = session.insert(
        collection,
        std::vector<Document>(begin, documents.begin() + static_cast<std::ptrdiff_t>(end)));
    // The one that is there is passed over.
    at = inserted.is_duplicate ? at + inserted.inserted + 1 : end;
  }
}

/// Documents of many owners, each list by what `id` names.
std::vector<ports::ArchivedPerson> people_of(Session& session, const char* collection,
                                             domain::UserId owner) {
  std::vector<ports::ArchivedPerson> people;
  auto cursor = session.find(collection, document("ownerId", owner));
  while (const auto found = cursor.next()) {
    people.push_back(
        {.other = found->id<domain::UserId>("otherId"), .since = found->time("since")});
  }
  std::ranges::sort(people, {}, &ports::ArchivedPerson::other);
  return people;
}

std::vector<ports::ArchivedState> states_of(Session& session, domain::ChatId chat) {
  std::vector<ports::ArchivedState> states;
  auto cursor = session.find(kStates, document("chatId", chat));
  while (const auto found = cursor.next()) states.push_back(read_archived_state(*found));
  for (auto& each : states) {
    auto hidden = session.find(kHidden, document("userId", each.state.user_id, "chatId", chat));
    while (const auto found = hidden.next()) {
      each.hidden.push_back({.message = found->id<domain::MessageId>("messageId"),
                             .hidden_at = found->moment("hiddenAt")});
    }
    std::ranges::sort(each.hidden, {}, &ports::ArchivedHidden::message);
  }
  std::ranges::sort(states, {}, [](const auto& each) { return each.state.user_id; });
  return states;
}

void read_reactions(Session& session, domain::ChatId chat,
                    std::vector<ports::ArchivedMessage>& messages) {
  std::unordered_map<domain::MessageId, std::size_t> places;
  std::vector<domain::MessageId> ids;
  for (std::size_t at = 0; at < messages.size(); ++at) {
    // One that shows none has none.
    if (messages[at].message.reactions.empty()) continue;
    ids.push_back(messages[at].message.id);
    places.emplace(ids.back(), at);
  }
  if (ids.empty()) return;
  auto cursor =
      session.find(kReactions, document("chatId", chat, "messageId", any_of(ids), "isOn", true));
  while (const auto found = cursor.next()) {
    auto& message = messages[places.at(found->id<domain::MessageId>("messageId"))];
    message.reactions.push_back({.user_id = found->id<domain::UserId>("userId"),
                                 .emoji = found->text("emoji"),
                                 .created_at = found->time("createdAt")});
  }
  for (auto& message : messages) {
    std::ranges::sort(message.reactions, {}, [](const domain::Reaction& reaction) {
      return std::pair(reaction.user_id, reaction.emoji);
    });
  }
}

}  // namespace

bool is_half_moved(Session& session) {
  const auto move = session.find_one(kMeta, move_id());
  return move && !View(*move).flag("isDone");
}

MongoArchive::MongoArchive(const std::string& url)
    : clients_({.url = url, .clients_max = 1}), session_(clients_.session()) {
  check_deployment(session_);
}

ports::ArchiveCounts MongoArchive::counts() {
  // The driver's count of all would come from metadata, which a crash may have put wrong.
  return {.users = session_.count(kUsers, Document()),
          .chats = session_.count(kChats, Document()),
          .messages = session_.count(kMessages, document("seq", document("$gt", 0))),
          .changes = session_.count(kMessages, document("seq", document("$lt", 0)))};
}

std::string MongoArchive::epoch() {
  const auto found = session_.find_one(kMeta, document("_id", "epoch"));
  return found ? View(*found).binary("value") : std::string();
}

Time MongoArchive::time_bound() { return read_clock(session_); }

std::vector<ArchivedUser> MongoArchive::users(std::optional<domain::UserId> after,
                                              std::size_t limit) {
  std::vector<ArchivedUser> users;
  {
    auto cursor = session_.find(kUsers, after_id(after),
                                {.sort = document("_id", 1), .fields = {}, .limit = limit});
    while (const auto found = cursor.next()) users.push_back(read_archived_user(*found));
  }
  for (auto& user : users) {
    auto cursor = session_.find(kDevices, document("userId", user.user.id));
    while (const auto found = cursor.next()) user.devices.push_back(read_archived_device(*found));
    std::ranges::sort(user.devices, {}, [](const auto& each) { return each.device.id; });
    user.contacts = people_of(session_, kContacts, user.user.id);
    user.blocks = people_of(session_, kBlocks, user.user.id);
  }
  return users;
}

std::vector<ArchivedChat> MongoArchive::chats(std::optional<domain::ChatId> after,
                                              std::size_t limit) {
  std::vector<ArchivedChat> chats;
  {
    auto cursor = session_.find(kChats, after_id(after),
                                {.sort = document("_id", 1), .fields = {}, .limit = limit});
    while (const auto found = cursor.next()) {
      chats.push_back({.chat = read_chat(*found),
                       .changed_at = found->moment("changedAt"),
                       .states = {},
                       .invites = {}});
    }
  }
  for (auto& chat : chats) {
    chat.states = states_of(session_, chat.chat.id);
    auto cursor = session_.find(kInvites, document("chatId", chat.chat.id));
    while (const auto found = cursor.next()) chat.invites.push_back(read_invite(*found));
    std::ranges::sort(chat.invites, {}, &ports::Invite::code);
  }
  return chats;
}

ports::ArchivedEntries MongoArchive::entries(domain::ChatId chat, domain::Rev after,
                                             domain::Rev last) {
  ports::ArchivedEntries entries;
  auto cursor = session_.find(kMessages,
                              document("chatId", chat, "rev", document("$gt", after, "$lte", last)),
                              {.sort = document("chatId", 1, "rev", 1), .fields = {}});
  while (const auto found = cursor.next()) {
    if (found->has("op")) {
      entries.changes.push_back(read_archived_change(*found));
    } else {
      entries.messages.push_back({.message = read_message(*found), .reactions = {}});
    }
  }
  read_reactions(session_, chat, entries.messages);
  return entries;
}

std::optional<ports::ArchivePosition> MongoArchive::begin(const std::string& source_epoch) {
  source_epoch_ = source_epoch;
  const auto move = session_.find_one(kMeta, move_id());
  if (!move) {
    for (const auto* collection : {kUsers, kUsernames, kChats, kMessages, kStates}) {
      if (session_.count(collection, Document(), 1) > 0) {
        throw std::runtime_error("the target holds other data (in " + clients_.database() + "." +
                                 collection + ")");
      }
    }
    make_indexes(session_);
    keep({});
    return ports::ArchivePosition{};
  }
  const View view(*move);
  if (view.binary("source") != source_epoch) {
    throw std::runtime_error("the target holds what was moved from another store");
  }
  if (view.flag("isDone")) return std::nullopt;
  return ports::ArchivePosition{.has_all_users = view.flag("hasAllUsers"),
                                .user = view.optional_id<domain::UserId>("user"),
                                .chat = view.optional_id<domain::ChatId>("chat"),
                                .place = view.count("place")};
}

void MongoArchive::put_users(const std::vector<ArchivedUser>& users) {
  std::vector<Document> names;
  std::vector<Document> made;
  std::vector<Document> devices;
  std::vector<Document> contacts;
  std::vector<Document> blocks;
  for (const auto& user : users) {
    const auto id = user.user.id;
    names.push_back(document("_id", user.user.username, "userId", id));
    made.push_back(archived_user_document(user));
    for (const auto& each : user.devices) devices.push_back(archived_device_document(each));
    for (const auto& each : user.contacts) contacts.push_back(archived_person_document(id, each));
    for (const auto& each : user.blocks) blocks.push_back(archived_person_document(id, each));
  }
  put_all(session_, kUsernames, names);
  put_all(session_, kDevices, devices);
  put_all(session_, kContacts, contacts);
  put_all(session_, kBlocks, blocks);
  put_all(session_, kUsers, made);
}

void MongoArchive::put_entries(domain::ChatId chat, const ports::ArchivedEntries& entries) {
  std::vector<Document> log;
  std::vector<Document> reactions;
  for (const auto& each : entries.messages) {
    log.push_back(message_document(each.message));
    for (const auto& reaction : each.reactions) {
      reactions.push_back(archived_reaction_document(each.message, reaction));
    }
  }
  for (const auto& each : entries.changes) log.push_back(archived_change_document(chat, each));
  put_all(session_, kReactions, reactions);
  put_all(session_, kMessages, log);
}

void MongoArchive::put_chat(const ArchivedChat& chat) {
  std::vector<Document> states;
  std::vector<Document> hidden;
  for (const auto& each : chat.states) {
    states.push_back(archived_state_document(each));
    for (const auto& one : each.hidden) hidden.push_back(archived_hidden_document(each.state, one));
  }
  std::vector<Document> invites;
  for (const auto& each : chat.invites) invites.push_back(invite_document(each));
  put_all(session_, kStates, states);
  put_all(session_, kHidden, hidden);
  put_all(session_, kInvites, invites);
  put_all(session_, kChats, {archived_chat_document(chat)});
}

void MongoArchive::keep(const ports::ArchivePosition& position) {
  Document said;
  said.add_binary("source", source_epoch_);
  said.add("isDone", false)
      .add("hasAllUsers", position.has_all_users)
      .add("user", position.user)
      .add("chat", position.chat)
      .add("place", position.place);
  session_.update_one(kMeta, move_id(), document("$set", said), true);
}

void MongoArchive::finish(Time source_bound) {
  const auto first = read_clock(session_);
  if (source_bound - first > kWaitMax) {
    const auto behind = std::chrono::duration_cast<std::chrono::seconds>(source_bound - first);
    throw std::runtime_error("the target's clock is " + std::to_string(behind.count()) +
                             " seconds behind the source's last change: set it, and migrate again");
  }
  while (read_clock(session_) <= source_bound) std::this_thread::sleep_for(kWaitStep);
  // Cursors of the source stay good: they name its epoch, and times of changes were taken over.
  Document epoch;
  epoch.add_binary("value", source_epoch_);
  session_.update_one(kMeta, document("_id", "epoch"), document("$set", epoch), true);
  session_.update_one(kMeta, move_id(), document("$set", document("isDone", true)));
}

}  // namespace knotos::adapters::mongo
