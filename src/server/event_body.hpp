#pragma once

#include "server/packet.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace knotos::server {

/// What a stock client takes of one packet: with more it closes.
inline constexpr std::size_t kAttachmentsMax = 10;

/// An event to be encoded for namespaces. nullopt, counted and logged: the name is reserved or the
/// attachments are too many, either of which a client would answer by closing.
[[nodiscard]] std::optional<EventBody> make_body(std::string_view event,
                                                 std::span<const std::string_view> arguments,
                                                 PacketClass packet_class,
                                                 std::span<const std::string> attachments);

}  // namespace knotos::server
