#include "adapters/redis/channel_names.hpp"

#include "base/names.hpp"

namespace knotos::adapters::redis {
namespace {

using ports::ChannelKind;

constexpr Names<ChannelKind, 3> kPrefixes{{
    {ChannelKind::chat, "channel:chat:"},
    {ChannelKind::user, "channel:user:"},
    {ChannelKind::presence, "channel:presence:"},
}};

}  // namespace

std::string name_of(const ports::BusChannel& channel) {
  return std::string(name_in(kPrefixes, channel.kind)) + channel.id.to_string();
}

std::optional<ports::BusChannel> parse_channel(std::string_view name) {
  for (const auto& [kind, prefix] : kPrefixes) {
    if (!name.starts_with(prefix)) continue;
    const auto id = Uuid::parse(name.substr(prefix.size()));
    if (!id) return std::nullopt;
    return ports::BusChannel{.kind = kind, .id = *id};
  }
  return std::nullopt;
}

}  // namespace knotos::adapters::redis
