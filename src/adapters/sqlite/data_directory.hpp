#pragma once

#include <string>

namespace knotos::adapters::sqlite {

/// The database, in a data directory.
inline constexpr const char* kDatabaseName = "knotos.db";

/// The data directory, made with mode 0700 where it is not there, and held by this process alone: a
/// lock on `knotos.lock` in it, which the kernel drops with the process.
class DataDirectory {
 public:
  /// Throws std::runtime_error with one clear sentence.
  explicit DataDirectory(std::string path);
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;
  ~DataDirectory();

  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  int lock_ = -1;
};

}  // namespace knotos::adapters::sqlite
