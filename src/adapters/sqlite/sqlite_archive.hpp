#pragma once

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/data_directory.hpp"
#include "ports/archive.hpp"

#include <string>

namespace knotos::adapters::sqlite {

/// All that a data directory holds, which nobody serves meanwhile: its lock is held.
class SqliteArchive final : public ports::Archive {
 public:
  /// Brings an older database to this version's schema. Throws std::runtime_error with one clear
  /// sentence.
  explicit SqliteArchive(const std::string& directory);

  [[nodiscard]] ports::ArchiveCounts counts() override;
  [[nodiscard]] std::string epoch() override;
  [[nodiscard]] Time time_bound() override;
  [[nodiscard]] std::vector<ports::ArchivedUser> users(std::optional<domain::UserId> after,
                                                       std::size_t limit) override;
  [[nodiscard]] std::vector<ports::ArchivedChat> chats(std::optional<domain::ChatId> after,
                                                       std::size_t limit) override;
  [[nodiscard]] ports::ArchivedEntries entries(domain::ChatId chat, domain::Rev after,
                                               domain::Rev last) override;

 private:
  DataDirectory directory_;
  Connection connection_;
};

}  // namespace knotos::adapters::sqlite
