#include "json/private_cursors.hpp"

#include "json/seal.hpp"

#include <array>

namespace knotos::json {
namespace {

constexpr char kMembers = 'm';
constexpr char kPeople = 'p';
constexpr char kSync = 's';

constexpr std::size_t kPlaceBytes = 8 + 16;  ///< A time and an id.
constexpr std::size_t kEpochBytes = 16;

/// What follows the epoch and the two times of a sync cursor.
enum class Stage : std::uint8_t { whole, chats, receipts };
constexpr std::array<std::size_t, 3> kStageBytes{0, 8 + 16, 8 + 16 + 16};

std::string place_text(Time time, const Uuid& id) {
  std::string text;
  append_time(text, time);
  append_bytes(text, id);
  return text;
}

}  // namespace

std::string encode_cursor(const ports::MemberPosition& position) {
  return seal(kMembers, place_text(position.joined_at, position.user_id.uuid()));
}

Result<ports::MemberPosition> decode_member_cursor(std::string_view text) {
  const auto position = unseal(kMembers, text);
  if (!position || position->size() != kPlaceBytes) return refuse_cursor();
  std::string_view rest = *position;
  const auto joined_at = take_time(rest);
  return ports::MemberPosition{.joined_at = joined_at, .user_id = domain::UserId(take_uuid(rest))};
}

std::string encode_cursor(const ports::AcquaintancePosition& position) {
  return seal(kPeople, place_text(position.since, position.user_id.uuid()));
}

Result<ports::AcquaintancePosition> decode_acquaintance_cursor(std::string_view text) {
  const auto position = unseal(kPeople, text);
  if (!position || position->size() != kPlaceBytes) return refuse_cursor();
  std::string_view rest = *position;
  const auto since = take_time(rest);
  return ports::AcquaintancePosition{.since = since, .user_id = domain::UserId(take_uuid(rest))};
}

std::string encode_cursor(const services::SyncCursor& cursor) {
  auto stage = Stage::whole;
  if (cursor.chats_after) stage = Stage::chats;
  if (cursor.receipts_after) stage = Stage::receipts;
  std::string text;
  append_number(text, static_cast<std::uint64_t>(stage), 1);
  text += cursor.epoch;
  append_time(text, cursor.since);
  append_time(text, cursor.until);
  if (stage == Stage::chats) {
    text += place_text(cursor.chats_after->changed_at, cursor.chats_after->chat_id.uuid());
  } else if (stage == Stage::receipts) {
    text += place_text(cursor.receipts_after->moved_at, cursor.receipts_after->chat_id.uuid());
    append_bytes(text, cursor.receipts_after->user_id.uuid());
  }
  return seal(kSync, text);
}

Result<services::SyncCursor> decode_sync_cursor(std::string_view text) {
  const auto sealed = unseal(kSync, text);
  constexpr std::size_t kFixedBytes = 1 + kEpochBytes + 8 + 8;
  if (!sealed || sealed->size() < kFixedBytes) return refuse_cursor();
  std::string_view rest = *sealed;
  const auto stage = take_number(rest, 1);
  if (stage >= kStageBytes.size() || sealed->size() != kFixedBytes + kStageBytes.at(stage)) {
    return refuse_cursor();
  }
  services::SyncCursor cursor;
  cursor.epoch = rest.substr(0, kEpochBytes);
  rest.remove_prefix(kEpochBytes);
  cursor.since = take_time(rest);
  cursor.until = take_time(rest);
  if (stage == static_cast<std::uint64_t>(Stage::chats)) {
    const auto changed_at = take_time(rest);
    cursor.chats_after = {.changed_at = changed_at, .chat_id = domain::ChatId(take_uuid(rest))};
  } else if (stage == static_cast<std::uint64_t>(Stage::receipts)) {
    const auto moved_at = take_time(rest);
    const auto chat = take_uuid(rest);
    cursor.receipts_after = {.moved_at = moved_at,
                             .chat_id = domain::ChatId(chat),
                             .user_id = domain::UserId(take_uuid(rest))};
  }
  return cursor;
}

}  // namespace knotos::json
