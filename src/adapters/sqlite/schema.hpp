#pragma once

#include "adapters/sqlite/connection.hpp"

#include <string>

namespace knotos::adapters::sqlite {

/// The schema that this program knows.
inline constexpr int kSchemaVersion = 1;
/// "KNOT": tells our files from those of others.
inline constexpr int kApplicationId = 0x4b4e4f54;

/// Brings the file to `kSchemaVersion`, each version in one transaction. Throws std::runtime_error
/// with one clear sentence where the file is newer than this program, or somebody else's; Failure
/// where SQLite fails.
void migrate(Connection& connection);

// What the file says of itself. After `migrate`.

/// Another one after a restore. Throws std::runtime_error where there is none.
[[nodiscard]] std::string read_epoch(Connection& connection);
/// No change in it has a later time.
[[nodiscard]] Time read_time_bound(Connection& connection);

}  // namespace knotos::adapters::sqlite
