#pragma once

#include "ports/archive.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace knotos::app {

/// Told after every step: what is done of what, and how much of it.
using MigrationProgress =
    std::function<void(const char* what, std::uint64_t done, std::uint64_t of)>;

/// Copies all of `source` into `target`, goes on where an earlier run ended, and then compares all
/// that both hold. False: an earlier run had done it all. Throws std::runtime_error with one clear
/// sentence; then the target is not to be served.
bool copy_store(ports::Archive& source, ports::ArchiveTarget& target,
                const MigrationProgress& progress);

/// `knotos migrate`: `from` is `sqlite:DIR`, `to` a mongodb:// URL. Answers the exit code; throws
/// as above.
[[nodiscard]] int migrate(const std::string& from, const std::string& to);

}  // namespace knotos::app
