#pragma once

#include <cstdint>
#include <string>

namespace knotos::fault {

/// A disk that forgets: a SQLite VFS over the default one, where what was written and not yet
/// synced may be lost when the power goes, whole or in sectors of 512 bytes, as disks and their
/// caches do. Registered as the default VFS; one a process; any thread.
///
/// What it does not model: names. Files are made at the start of a run, and a directory that
/// forgets an entry is not played.
class PowerCutDisk {
 public:
  /// Registers the VFS, at the first call.
  static PowerCutDisk& instance();

  /// From now on writes and syncs are counted; at number `operation` (from 1) the power goes: it
  /// and all that follow fail. 0: never.
  void cut_at(std::uint64_t operation);
  [[nodiscard]] std::uint64_t operations() const;
  [[nodiscard]] bool is_cut() const;

  /// Whether it promises that a write harms no byte beside it, which it keeps either way. SQLite's
  /// VFS for Unix promises it; at first this one does not.
  void promise_safe_overwrites(bool is_on);
  /// While on, there is no room left: writes fail with SQLITE_FULL.
  void set_full(bool is_on);
  /// While on, syncs fail, as a disk that breaks does.
  void set_sync_failing(bool is_on);

  /// After the cut, with all files closed: makes the files what the disk kept, each unsynced sector
  /// in some state that it had since its last sync. Then the power is back.
  void lose(std::uint64_t seed);

 private:
  PowerCutDisk();
};

}  // namespace knotos::fault
