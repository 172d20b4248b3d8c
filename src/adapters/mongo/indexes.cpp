#include "adapters/mongo/indexes.hpp"

#include "adapters/mongo/documents.hpp"

#include <algorithm>

namespace knotos::adapters::mongo {

const std::vector<Index>& all_indexes() {
  static const std::vector<Index> indexes{
      // The log: a place, a number and a sender's id are given once (SEMANTICS section 12).
      {kMessages, {{"chatId", 1}, {"rev", 1}}, true},
      {kMessages, {{"chatId", 1}, {"seq", 1}}, true},
      {kMessages, {{"chatId", 1}, {"senderId", 1}, {"clientMessageId", 1}}, true},
      {kMessages, {{"chatId", 1}, {"changedRev", 1}}},
      {kMessages, {{"chatId", 1}, {"senderId", 1}, {"seq", 1}}},
      // Of all that a look for what was left behind asks for.
      {kMessages, {{"createdAt", 1}, {"chatId", 1}, {"rev", 1}}},
      {kChats, {{"changedAt", 1}}},
      {kChats, {{"createdAt", 1}}},
      {kStates, {{"userId", 1}, {"isMember", 1}}},
      {kStates, {{"chatId", 1}, {"isMember", 1}, {"joinedAt", 1}, {"userId", 1}}},
      {kStates, {{"chatId", 1}, {"markedAt", 1}}},
      {kStates, {{"changedAt", 1}}},
      {kUsers, {{"username", 1}}},
      {kUsers, {{"changedAt", 1}}},
      {kDevices, {{"userId", 1}, {"createdAt", -1}}},
      {kDevices, {{"refreshHash", 1}}},
      {kDevices, {{"usedTokens.hash", 1}}},
      {kContacts, {{"ownerId", 1}, {"since", 1}, {"otherId", 1}}},
      {kBlocks, {{"ownerId", 1}, {"since", 1}, {"otherId", 1}}},
      {kReactions, {{"chatId", 1}, {"messageId", 1}, {"createdAt", 1}}},
      {kHidden, {{"userId", 1}, {"chatId", 1}}},
      {kInvites, {{"chatId", 1}, {"createdAt", -1}}},
  };
  return indexes;
}

std::string name_of(const Index& index) {
  std::string name;
  for (const auto& [field, direction] : index.keys) {
    if (!name.empty()) name += '_';
    name += field + '_' + std::to_string(direction);
  }
  return name;
}

void make_indexes(Session& session) {
  std::vector<std::string> collections;
  for (const auto& index : all_indexes()) {
    if (std::ranges::find(collections, index.collection) == collections.end()) {
      collections.emplace_back(index.collection);
    }
  }
  for (const auto& collection : collections) {
    std::vector<Document> specs;
    for (const auto& index : all_indexes()) {
      if (collection != index.collection) continue;
      Document keys;
      for (const auto& [field, direction] : index.keys) keys.add(field, direction);
      auto spec = document("key", keys, "name", name_of(index));
      if (index.is_unique) spec.add("unique", true);
      specs.push_back(std::move(spec));
    }
    session.command(document("createIndexes", collection, "indexes", specs));
  }
}

}  // namespace knotos::adapters::mongo
