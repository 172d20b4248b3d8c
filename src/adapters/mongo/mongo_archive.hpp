#pragma once

#include "adapters/mongo/client.hpp"
#include "ports/archive.hpp"

#include <optional>
#include <string>
#include <vector>

namespace knotos::adapters::mongo {

/// A move into this database was begun and has not ended. Throws Failure.
[[nodiscard]] bool is_half_moved(Session& session);

/// A database that takes a copy of another store, or is read to compare. One thread.
class MongoArchive final : public ports::ArchiveTarget {
 public:
  /// Throws std::runtime_error with one clear sentence where the deployment cannot be used.
  explicit MongoArchive(const std::string& url);

  [[nodiscard]] ports::ArchiveCounts counts() override;
  [[nodiscard]] std::string epoch() override;
  [[nodiscard]] Time time_bound() override;
  [[nodiscard]] std::vector<ports::ArchivedUser> users(std::optional<domain::UserId> after,
                                                       std::size_t limit) override;
  [[nodiscard]] std::vector<ports::ArchivedChat> chats(std::optional<domain::ChatId> after,
                                                       std::size_t limit) override;
  [[nodiscard]] ports::ArchivedEntries entries(domain::ChatId chat, domain::Rev after,
                                               domain::Rev last) override;

  [[nodiscard]] std::optional<ports::ArchivePosition> begin(
      const std::string& source_epoch) override;
  void put_users(const std::vector<ports::ArchivedUser>& users) override;
  void put_entries(domain::ChatId chat, const ports::ArchivedEntries& entries) override;
  void put_chat(const ports::ArchivedChat& chat) override;
  void keep(const ports::ArchivePosition& position) override;
  void finish(Time source_bound) override;

 private:
  Clients clients_;
  Session session_;
  std::string source_epoch_;
};

}  // namespace knotos::adapters::mongo
