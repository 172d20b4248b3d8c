#include "support/power_cut_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <random>
#include <stdexcept>
#include <vector>

namespace knotos::fault {
namespace {

constexpr std::int64_t kSector = 512;

/// What one file was since its last sync: for each sector written since then all states that it
/// had, the synced one first.
struct Unsynced {
  std::map<std::int64_t, std::vector<std::string>> sectors;
  std::vector<std::int64_t> sizes;
};

struct Disk {
  std::mutex mutex;
  sqlite3_vfs* base = nullptr;
  sqlite3_vfs vfs{};
  sqlite3_io_methods methods{};
  std::uint64_t operations = 0;
  std::uint64_t cut_at = 0;
  bool is_cut = false;
  bool is_full = false;
  bool is_sync_failing = false;
  std::atomic<int> promises = 0;
  std::map<std::string, Unsynced> files;
};

Disk& disk() {
  static Disk instance;
  return instance;
}

/// Ours, with the base VFS's own file behind it.
struct File {
  sqlite3_file base;
  const char* name;
  [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& ours(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

/// With the mutex. True: the power is gone.
bool counts_as_cut() {
  auto& all = disk();
  ++all.operations;
  if (all.cut_at != 0 && all.operations >= all.cut_at) all.is_cut = true;
  return all.is_cut;
}

std::int64_t size_of(sqlite3_file* real) {
  sqlite3_int64 size = 0;
  real->pMethods->xFileSize(real, &size);
  return size;
}

std::string read_sector(sqlite3_file* real, std::int64_t sector) {
  std::string bytes(kSector, '\0');
  // A short read fills the rest with zeros, which is what is there.
  real->pMethods->xRead(real, bytes.data(), static_cast<int>(kSector), sector * kSector);
  return bytes;
}

Unsynced& remember(File& file) {
  auto& unsynced = disk().files[file.name];
  if (unsynced.sizes.empty()) unsynced.sizes.push_back(size_of(file.real()));
  return unsynced;
}

int write(sqlite3_file* opened, const void* data, int count, sqlite3_int64 offset) {
  auto& file = ours(opened);
  auto* real = file.real();
  const std::scoped_lock lock(disk().mutex);
  if (disk().is_cut) return SQLITE_IOERR_WRITE;
  if (disk().is_full) return SQLITE_FULL;
  auto& unsynced = remember(file);
  const auto first = offset / kSector;
  const auto last = (offset + count - 1) / kSector;
  for (auto sector = first; sector <= last; ++sector) {
    auto& states = unsynced.sectors[sector];
    if (states.empty()) states.push_back(read_sector(real, sector));
  }
  const int code = real->pMethods->xWrite(real, data, count, offset);
  for (auto sector = first; sector <= last; ++sector)
    unsynced.sectors[sector].push_back(read_sector(real, sector));
  unsynced.sizes.push_back(size_of(real));
  return counts_as_cut() ? SQLITE_IOERR_WRITE : code;
}

int truncate(sqlite3_file* opened, sqlite3_int64 size) {
  auto& file = ours(opened);
  auto* real = file.real();
  const std::scoped_lock lock(disk().mutex);
  if (disk().is_cut) return SQLITE_IOERR_TRUNCATE;
  remember(file);
  const int code = real->pMethods->xTruncate(real, size);
  disk().files[file.name].sizes.push_back(size_of(real));
  return counts_as_cut() ? SQLITE_IOERR_TRUNCATE : code;
}

int sync(sqlite3_file* opened, int flags) {
  auto& file = ours(opened);
  const std::scoped_lock lock(disk().mutex);
  if (disk().is_cut || disk().is_sync_failing || counts_as_cut()) return SQLITE_IOERR_FSYNC;
  disk().files.erase(file.name);
  (void)flags;  // The files need not survive this machine, only this test.
  return SQLITE_OK;
}

int close(sqlite3_file* opened) {
  auto* real = ours(opened).real();
  return real->pMethods->xClose(real);
}

int read(sqlite3_file* opened, void* into, int count, sqlite3_int64 offset) {
  auto* real = ours(opened).real();
  return real->pMethods->xRead(real, into, count, offset);
}

template <auto Member, class... Arguments>
int forward(sqlite3_file* opened, Arguments... arguments) {
  auto* real = ours(opened).real();
  return (real->pMethods->*Member)(real, arguments...);
}

void shm_barrier(sqlite3_file* opened) {
  auto* real = ours(opened).real();
  real->pMethods->xShmBarrier(real);
}

int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* opened, int flags, int* out_flags) {
  auto& all = disk();
  auto& file = ours(opened);
  file.name = name != nullptr ? name : "";  // Temporary files have none.
  file.base.pMethods = nullptr;
  if (all.is_cut) return SQLITE_CANTOPEN;
  const int code = all.base->xOpen(all.base, name, file.real(), flags, out_flags);
  if (code == SQLITE_OK) file.base.pMethods = &all.methods;
  return code;
}

int remove(sqlite3_vfs*, const char* name, int sync_directory) {
  auto& all = disk();
  const std::scoped_lock lock(all.mutex);
  if (all.is_cut) return SQLITE_IOERR_DELETE;
  all.files.erase(name);
  return all.base->xDelete(all.base, name, sync_directory);
}

void fill_methods(sqlite3_io_methods& methods) {
  methods.iVersion = 2;
  methods.xClose = close;
  methods.xRead = read;
  methods.xWrite = write;
  methods.xTruncate = truncate;
  methods.xSync = sync;
  methods.xFileSize = forward<&sqlite3_io_methods::xFileSize, sqlite3_int64*>;
  methods.xLock = forward<&sqlite3_io_methods::xLock, int>;
  methods.xUnlock = forward<&sqlite3_io_methods::xUnlock, int>;
  methods.xCheckReservedLock = forward<&sqlite3_io_methods::xCheckReservedLock, int*>;
  methods.xFileControl = forward<&sqlite3_io_methods::xFileControl, int, void*>;
  methods.xSectorSize = forward<&sqlite3_io_methods::xSectorSize>;
  methods.xDeviceCharacteristics = [](sqlite3_file*) { return disk().promises.load(); };
  methods.xShmMap = forward<&sqlite3_io_methods::xShmMap, int, int, int, void volatile**>;
  methods.xShmLock = forward<&sqlite3_io_methods::xShmLock, int, int, int>;
  methods.xShmBarrier = shm_barrier;
  methods.xShmUnmap = forward<&sqlite3_io_methods::xShmUnmap, int>;
}

}  // namespace

PowerCutDisk& PowerCutDisk::instance() {
  static PowerCutDisk one;
  return one;
}

PowerCutDisk::PowerCutDisk() {
  auto& all = disk();
  all.base = sqlite3_vfs_find(nullptr);
  all.vfs = *all.base;
  all.vfs.zName = "power-cut";
  all.vfs.pNext = nullptr;
  all.vfs.szOsFile = static_cast<int>(sizeof(File)) + all.base->szOsFile;
  all.vfs.xOpen = open;
  all.vfs.xDelete = remove;
  fill_methods(all.methods);
  if (sqlite3_vfs_register(&all.vfs, 1) != SQLITE_OK)
    throw std::runtime_error("the VFS was not taken");
}

void PowerCutDisk::cut_at(std::uint64_t operation) {
  auto& all = disk();
  const std::scoped_lock lock(all.mutex);
  all.operations = 0;
  all.cut_at = operation;
  all.is_cut = false;
  all.files.clear();
}

std::uint64_t PowerCutDisk::operations() const {
  const std::scoped_lock lock(disk().mutex);
  return disk().operations;
}

bool PowerCutDisk::is_cut() const {
  const std::scoped_lock lock(disk().mutex);
  return disk().is_cut;
}

void PowerCutDisk::promise_safe_overwrites(bool is_on) {
  disk().promises = is_on ? SQLITE_IOCAP_POWERSAFE_OVERWRITE : 0;
}

void PowerCutDisk::set_full(bool is_on) {
  const std::scoped_lock lock(disk().mutex);
  disk().is_full = is_on;
}

void PowerCutDisk::set_sync_failing(bool is_on) {
  const std::scoped_lock lock(disk().mutex);
  disk().is_sync_failing = is_on;
}

void PowerCutDisk::lose(std::uint64_t seed) {
  auto& all = disk();
  const std::scoped_lock lock(all.mutex);
  std::mt19937_64 random(seed);
  for (const auto& [name, unsynced] : all.files) {
    if (!std::filesystem::exists(name)) continue;
    std::fstream file(name, std::ios::in | std::ios::out | std::ios::binary);
    for (const auto& [sector, states] : unsynced.sectors) {
      const auto& kept = states[random() % states.size()];
      file.seekp(sector * kSector);
      file.write(kept.data(), static_cast<std::streamsize>(kept.size()));
    }
    file.close();
    // A file is at least as long as it was when it was synced, and no longer than it ever was.
    const auto size = unsynced.sizes[random() % unsynced.sizes.size()];
    std::filesystem::resize_file(name, static_cast<std::uintmax_t>(size));
  }
  all.files.clear();
  all.cut_at = 0;
  all.is_cut = false;
}

}  // namespace knotos::fault
