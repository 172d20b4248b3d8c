#include "adapters/sqlite/gathering_vfs.hpp"

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>

namespace knotos::adapters::sqlite {
namespace {

/// Some thirty pages and their headers. SQLite's VFS for Unix writes no 128 KiB at once.
constexpr std::size_t kGatheredMax = 124UL * 1024;

/// The log. The file of the VFS below lies behind it, in the room that SQLite gives us for both.
struct LogFile {
  sqlite3_file base;  ///< First: SQLite knows nothing else of us.
  std::uint8_t* gathered;
  std::size_t size;
  std::size_t size_max;  ///< 0: nothing is held back.
  sqlite3_int64 offset;  ///< Where what is gathered belongs.

  [[nodiscard]] sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }

  /// What cannot be written is forgotten: its transaction fails, and nothing of an earlier one is
  /// here, since each ended with a sync.
  [[nodiscard]] int flush() {
    if (size == 0) return SQLITE_OK;
    const auto count = static_cast<int>(size);
    size = 0;
    return below()->pMethods->xWrite(below(), gathered, count, offset);
  }
};

LogFile& log_of(sqlite3_file* file) { return *reinterpret_cast<LogFile*>(file); }

int write(sqlite3_file* file, const void* data, int count, sqlite3_int64 offset) {
  auto& log = log_of(file);
  const auto bytes = static_cast<std::size_t>(count);
  const bool follows = offset == log.offset + static_cast<sqlite3_int64>(log.size);
  if (!follows || log.size + bytes > log.size_max) {
    if (const int code = log.flush(); code != SQLITE_OK) return code;
  }
  if (bytes > log.size_max) return log.below()->pMethods->xWrite(log.below(), data, count, offset);
  if (log.size == 0) log.offset = offset;
  std::memcpy(log.gathered + log.size, data, bytes);
  log.size += bytes;
  return SQLITE_OK;
}

/// Any other call finds the file as if nothing had been held back.
template <auto Member, class... Arguments>
int after_flush(sqlite3_file* file, Arguments... arguments) {
  auto& log = log_of(file);
  if (const int code = log.flush(); code != SQLITE_OK) return code;
  return (log.below()->pMethods->*Member)(log.below(), arguments...);
}

template <auto Member>
int ask(sqlite3_file* file) {
  auto* const below = log_of(file).below();
  return (below->pMethods->*Member)(below);
}

int close(sqlite3_file* file) {
  auto& log = log_of(file);
  const int flushed = log.flush();
  const int closed = log.below()->pMethods->xClose(log.below());
  delete[] log.gathered;
  return flushed != SQLITE_OK ? flushed : closed;
}

/// Version 1: SQLite neither maps a log into memory nor shares memory by it.
constexpr sqlite3_io_methods kLogMethods{
    .iVersion = 1,
    .xClose = close,
    .xRead = after_flush<&sqlite3_io_methods::xRead, void*, int, sqlite3_int64>,
    .xWrite = write,
    .xTruncate = after_flush<&sqlite3_io_methods::xTruncate, sqlite3_int64>,
    .xSync = after_flush<&sqlite3_io_methods::xSync, int>,
    .xFileSize = after_flush<&sqlite3_io_methods::xFileSize, sqlite3_int64*>,
    .xLock = after_flush<&sqlite3_io_methods::xLock, int>,
    .xUnlock = after_flush<&sqlite3_io_methods::xUnlock, int>,
    .xCheckReservedLock = after_flush<&sqlite3_io_methods::xCheckReservedLock, int*>,
    .xFileControl = after_flush<&sqlite3_io_methods::xFileControl, int, void*>,
    .xSectorSize = ask<&sqlite3_io_methods::xSectorSize>,
    .xDeviceCharacteristics = ask<&sqlite3_io_methods::xDeviceCharacteristics>,
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

sqlite3_vfs* below_of(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

/// On a file of which a torn write may damage what was there before, SQLite fills a commit up to
/// the next sector, and syncs in the midst of that: what comes after must be there at once.
bool ends_with_sync(sqlite3_file* below) {
  const int promises = below->pMethods->xDeviceCharacteristics(below);
  return (promises & SQLITE_IOCAP_POWERSAFE_OVERWRITE) != 0;
}

int open_log(sqlite3_vfs* below, sqlite3_filename name, sqlite3_file* file, int flags,
             int* flags_out) {
  file->pMethods = nullptr;
  std::unique_ptr<std::uint8_t[]> gathered(new (std::nothrow) std::uint8_t[kGatheredMax]);
  if (!gathered) return SQLITE_NOMEM;
  auto& log = log_of(file);
  const int code = below->xOpen(below, name, log.below(), flags, flags_out);
  if (code != SQLITE_OK) {
    // A file that was opened in part must be closed, and SQLite does not know of it.
    if (log.below()->pMethods != nullptr) log.below()->pMethods->xClose(log.below());
    return code;
  }
  log.gathered = gathered.release();
  log.size = 0;
  log.size_max = ends_with_sync(log.below()) ? kGatheredMax : 0;
  log.offset = 0;
  file->pMethods = &kLogMethods;
  return SQLITE_OK;
}

/// Files that are no log are the other VFS's, as if we were not there.
int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) {
  auto* const below = below_of(vfs);
  if ((flags & SQLITE_OPEN_WAL) == 0) return below->xOpen(below, name, file, flags, flags_out);
  return open_log(below, name, file, flags, flags_out);
}

template <auto Member, class Answer, class... Arguments>
Answer pass(sqlite3_vfs* vfs, Arguments... arguments) {
  auto* const below = below_of(vfs);
  return (below->*Member)(below, arguments...);
}

sqlite3_vfs make(sqlite3_vfs* below) {
  sqlite3_vfs vfs = *below;
  vfs.iVersion = 2;
  vfs.zName = "knotos-gathering";
  vfs.pNext = nullptr;
  vfs.pAppData = below;
  vfs.szOsFile += static_cast<int>(sizeof(LogFile));
  vfs.xOpen = open;
  vfs.xDelete = pass<&sqlite3_vfs::xDelete, int, const char*, int>;
  vfs.xAccess = pass<&sqlite3_vfs::xAccess, int, const char*, int, int*>;
  vfs.xFullPathname = pass<&sqlite3_vfs::xFullPathname, int, const char*, int, char*>;
  vfs.xDlOpen = nullptr;
  vfs.xDlError = nullptr;
  vfs.xDlSym = nullptr;
  vfs.xDlClose = nullptr;
  vfs.xRandomness = pass<&sqlite3_vfs::xRandomness, int, int, char*>;
  vfs.xSleep = pass<&sqlite3_vfs::xSleep, int, int>;
  vfs.xCurrentTime = pass<&sqlite3_vfs::xCurrentTime, int, double*>;
  vfs.xGetLastError = pass<&sqlite3_vfs::xGetLastError, int, int, char*>;
  vfs.xCurrentTimeInt64 = pass<&sqlite3_vfs::xCurrentTimeInt64, int, sqlite3_int64*>;
  return vfs;
}

}  // namespace

const char* gathering_vfs() {
  // Registered for good: connections may outlive whatever is destroyed at the end.
  static auto* const vfs = [] {
    auto* const made = new sqlite3_vfs(make(sqlite3_vfs_find(nullptr)));
    if (sqlite3_vfs_register(made, 0) != SQLITE_OK) {
      throw std::runtime_error("SQLite does not take another VFS");
    }
    return made;
  }();
  return vfs->zName;
}

}  // namespace knotos::adapters::sqlite
