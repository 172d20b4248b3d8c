#pragma once

#include "ports/bus.hpp"
#include "ports/chat_state_store.hpp"

/// What is told of a private change, once it is stored. Nothing where nothing moved.
namespace knotos::services {

inline constexpr std::size_t kReceiptMembersMax = 100;

/// To the user's devices: their state of the chat.
void tell_state(ports::Bus& bus, const ports::StateChange& change);
/// To the user's devices: how far they have read.
void tell_read(ports::Bus& bus, const ports::StateChange& change);
/// To the other members: how far the user has got. Not in chats of more than `members_max`, nor to
/// a peer who has blocked them.
void tell_receipts(ports::Bus& bus, const ports::StateChange& change, std::size_t members_max,
                   Time at);

}  // namespace knotos::services
