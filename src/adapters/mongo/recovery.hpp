#pragma once

#include "adapters/mongo/client.hpp"

#include <cstddef>

namespace knotos::adapters::mongo {

/// Completes the chats that were begun, or got an entry, at `since` or later by the clock of
/// whoever wrote it, and are behind. One that is damaged is logged, counted and passed over.
/// Answers how many were completed. Throws Failure.
std::size_t complete_since(Session& session, Time since);

}  // namespace knotos::adapters::mongo
