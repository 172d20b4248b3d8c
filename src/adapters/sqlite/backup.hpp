#pragma once

#include <cstdint>
#include <string>

namespace knotos::adapters::sqlite {

/// What a database file holds.
struct Contents {
  std::int64_t schema = 0;
  std::uint64_t users = 0;
  std::uint64_t chats = 0;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::int64_t time_bound_ms = 0;  ///< No change in it has a later time (milliseconds since 1970).
};

/// Copies the database of the data directory `from`, as it is at one moment, to the data directory
/// `to`, which is made where it is not there and must hold no database yet. Another process may
/// serve `from` meanwhile. The copy has an epoch of its own, so that sync cursors from before a
/// restore are refused (SEMANTICS section 4). It is checked, and on the disk, before it gets its
/// name. Throws std::runtime_error with one clear sentence.
Contents back_up(const std::string& from, const std::string& to);

/// Reads the database of a data directory from end to end, whoever serves it meanwhile. Throws
/// std::runtime_error with one clear sentence where it is not there, of another program or broken.
[[nodiscard]] Contents inspect(const std::string& directory);

}  // namespace knotos::adapters::sqlite
