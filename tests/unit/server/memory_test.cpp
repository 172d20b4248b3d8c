#include "server/engine_link.hpp"
#include "server/shard_server.hpp"

#include <gtest/gtest.h>

namespace knotos::server {
namespace {

/// What a heap adds to a piece of memory, roughly.
constexpr std::size_t kHeapBytes = 16;

TEST(MemoryTest, AnIdleLinkWithASocketIsSmall) {
  // Its opener, timers and the runtime's own come on top, and must find room in a kilobyte.
  constexpr auto kOurs = sizeof(EngineLink) + sizeof(WebSocketTransport) + sizeof(Socket) +
                         3 * kHeapBytes + 4 * sizeof(void*);
  EXPECT_LE(kOurs, 800U);
}

TEST(MemoryTest, AMembershipIsSixteenBytes) {
  EXPECT_EQ(sizeof(RoomTable::Member), 8U);  // And as much in the socket.
}

TEST(MemoryTest, ASessionForRecoveryIsSmallerThanTheSocketThatHasIt) {
  EXPECT_LE(sizeof(Session), 256U);
  EXPECT_LE(sizeof(RecoveryLog::Entry), 80U);
}

}  // namespace
}  // namespace knotos::server
