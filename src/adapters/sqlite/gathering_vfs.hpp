#pragma once

namespace knotos::adapters::sqlite {

/// The name of a VFS for the connection that writes, over the one that is SQLite's default when
/// this is first called. SQLite writes each page of the write-ahead log by two system calls; here
/// they are gathered, and go out as one when the log is synced, read, or asked for anything else.
///
/// Only with `synchronous=FULL`, where each commit ends with a sync: other connections look at
/// what is committed alone, so they never miss what is held back. On a file that does not promise
/// SQLITE_IOCAP_POWERSAFE_OVERWRITE it holds nothing back. Any thread. Throws std::runtime_error.
[[nodiscard]] const char* gathering_vfs();

}  // namespace knotos::adapters::sqlite
