#include "server/session.hpp"

#include "protocol/socketio/recovery.hpp"

#include <algorithm>
#include <functional>

namespace knotos::server {

namespace {

enum class Answer : std::uint8_t { no, yes, unknown };

Answer was_in(const Session& session, std::string_view room, std::uint64_t sequence) {
  if (room == view(session.id)) return Answer::yes;
  if (sequence < session.changes_from) return Answer::unknown;
  bool is_in = std::ranges::binary_search(session.kept->session.rooms, room);
  const auto hash = std::hash<std::string_view>{}(room);
  // What was changed after the event is taken back, the latest first.
  for (auto change = session.changes.rbegin(); change != session.changes.rend(); ++change) {
    if (change->sequence <= sequence) break;
    if (change->room == hash) is_in = !change->is_join;
  }
  return is_in ? Answer::yes : Answer::no;
}

Answer was_in_any(const Session& session, const std::vector<std::string>& rooms,
                  std::uint64_t sequence) {
  auto answer = Answer::no;
  for (const auto& room : rooms) {
    const auto one = was_in(session, room, sequence);
    if (one == Answer::yes) return one;
    if (one == Answer::unknown) answer = one;
  }
  return answer;
}

Answer was_meant(const Session& session, const RecoveryLog::Entry& entry, std::uint64_t sequence) {
  if (!entry.audience) return entry.socket == session.id ? Answer::yes : Answer::no;
  const auto& [rooms, excepts] = *entry.audience;
  const auto is_in = rooms.empty() ? Answer::yes : was_in_any(session, rooms, sequence);
  if (is_in == Answer::no) return Answer::no;
  const auto is_out = was_in_any(session, excepts, sequence);
  if (is_out == Answer::yes) return Answer::no;
  return is_out == Answer::unknown ? Answer::unknown : is_in;
}

/// The first event that the client may not have had.
std::optional<std::uint64_t> resume_point(const Session& session, const RecoveryLog& log,
                                          std::uint32_t shard,
                                          const std::optional<std::string>& offset) {
  // It has had nothing since it came here, or nothing at all.
  if (offset == session.base) return session.start;
  if (!offset) return std::nullopt;
  const auto place = socketio::read_offset(*offset);
  if (!place || place->shard != shard) return std::nullopt;
  const auto from = place->sequence + 1;
  if (from < session.start || from > log.next()) return std::nullopt;
  return from;
}

}  // namespace

void note_room_change(Session& session, std::uint64_t next, std::string_view room, bool is_join) {
  // Nothing was there to be heard before it.
  if (next == session.start || next == session.changes_from) return;
  if (session.changes.size() >= kRoomChangesMax) {
    session.changes = {};
    session.changes_from = next;
    return;
  }
  session.changes.push_back(
      {.sequence = next, .room = std::hash<std::string_view>{}(room), .is_join = is_join});
}

std::optional<std::vector<std::uint64_t>> missed_events(const Session& session,
                                                        const RecoveryLog& log, std::uint32_t shard,
                                                        const std::optional<std::string>& offset) {
  const auto& kept = *session.kept;
  const auto resumed = resume_point(session, log, shard, offset);
  if (!resumed || *resumed < session.trusted_from) return std::nullopt;
  // An old offset is as good as a new one if nothing was for the session since.
  const auto from = kept.last < *resumed ? std::max(kept.end, *resumed) : *resumed;
  if (from < log.first()) return std::nullopt;
  std::vector<std::uint64_t> missed;
  for (auto sequence = from; sequence < log.next(); ++sequence) {
    const auto answer = was_meant(session, log.at(sequence), sequence);
    if (answer == Answer::unknown) return std::nullopt;
    if (answer == Answer::yes) missed.push_back(sequence);
  }
  return missed;
}

bool is_meant(const Audience& audience, const std::vector<std::string>& rooms,
              std::string_view id) {
  const auto is_in = [&](const std::string& room) {
    return room == id || std::ranges::binary_search(rooms, room);
  };
  if (std::ranges::any_of(audience.excepts, is_in)) return false;
  return audience.rooms.empty() || std::ranges::any_of(audience.rooms, is_in);
}

}  // namespace knotos::server
