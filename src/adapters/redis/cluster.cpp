// What `Servers` does of a cluster alone: finds its map of slots, follows it, and redirects.

#include "adapters/redis/servers.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"

#include <algorithm>
#include <iterator>
#include <ranges>
#include <utility>

namespace knotos::adapters::redis {
namespace {

metrics::Counter maps_followed("redis_slot_maps_total", "Maps of a cluster's slots that were new.");
metrics::Counter redirected("redis_commands_redirected_total",
                            "Commands that were another server's to do.");

/// How often a cluster is looked at, and how often its map is asked for without a cause.
constexpr std::chrono::milliseconds kTick{200};
constexpr std::size_t kTicksPerMap = 50;

}  // namespace

void Servers::tick() {
  const bool is_due = ++ticks_ % kTicksPerMap == 0;
  if (is_due || !is_whole()) ask_for_map();
  if (is_whole()) send_held();
  timer_.expires_after(kTick);
  timer_.async_wait([this](const boost::system::error_code& ec) {
    if (!ec) tick();
  });
}

/// One server after the other, of those that can be asked.
void Servers::ask_for_map() {
  if (is_asking_) return;
  std::vector<std::pair<const std::string*, Node*>> open;
  for (auto& [name, member] : members_) {
    if (member.is_used && member.node->are_commands_open()) {
      open.emplace_back(&name, member.node.get());
    }
  }
  if (open.empty()) return;
  is_asking_ = true;
  const auto& [name, node] = open[asked_++ % open.size()];
  const auto end_of_host = name->rfind(':');
  Endpoint asked{.host = name->substr(0, end_of_host)};
  Commands::Command command;
  append_command(command.text, {"CLUSTER", "SLOTS"});
  command.done = [this, asked](const Result<Reply>& reply) {
    is_asking_ = false;
    on_map(asked, reply);
  };
  node->commands().submit(std::move(command));
}

void Servers::on_map(const Endpoint& asked, const Result<Reply>& reply) {
  if (!reply) {
    const auto& cause = reply.error().cause;
    return handlers_.on_state(false, has_map_ ? std::string() : "it tells no slots: " + cause);
  }
  auto map = SlotMap::parse(*reply, asked);
  if (!map || !map->is_whole()) {
    return handlers_.on_state(false, "some slots of the cluster are served by nobody");
  }
  if (!has_map_ || must_rejoin_ || *map != map_) follow(std::move(*map));
  is_doubtful_ = false;
  look();
}

void Servers::follow(SlotMap map) {
  maps_followed.add();
  has_map_ = true;
  must_rejoin_ = false;
  map_ = std::move(map);
  for (const auto& master : map_.masters()) use(master);
  for (auto& [name, member] : members_) {
    const bool is_master = std::ranges::any_of(
        map_.masters(), [&name](const auto& master) { return master.to_string() == name; });
    if (!is_master) drop(member);
    if (is_master) member.node->forget_channels();
  }
  for (const auto& [name, count] : joins_) {
    auto* node = node_of(slot_of(name));
    for (std::size_t i = 0; node != nullptr && i < count; ++i) node->join({name}, [] {});
  }
  log::info("The map of the cluster's slots is new", {{"masters", map_.masters().size()}});
}

void Servers::route(Commands::Command command) {
  auto* node = node_of(command.slot);
  if (node == nullptr) {
    if (command.done) command.done(fail_because(Errc::store_unavailable, "Redis is away"));
    return;
  }
  Commands::Command sent{
      .text = command.text, .is_kept = command.is_kept, .done = {}, .slot = command.slot};
  sent.done = [this, command = std::move(command)](Result<Reply> reply) mutable {
    answer(std::move(command), std::move(reply));
  };
  node->commands().submit(std::move(sent));
}

/// A slot that has moved is asked of its new master, once. What is kept and nobody takes waits for
/// the next map.
void Servers::answer(Commands::Command command, Result<Reply> reply) {
  const std::string cause = reply ? std::string() : reply.error().cause;
  const auto moved = parse_moved(cause);
  const bool is_elsewhere = moved || cause.starts_with("CLUSTERDOWN");
  if (is_elsewhere) is_doubtful_ = true;
  if (moved) {
    redirected.add();
    auto& master = *use(moved->to).node;
    if (master.are_commands_open()) return master.commands().submit(std::move(command));
  }
  if (is_elsewhere && command.is_kept) return hold(std::move(command));
  if (command.done) command.done(std::move(reply));
}

void Servers::hold(Commands::Command command) {
  if (held_bytes_ + command.text.size() > limits_.commands.bytes_max) {
    if (command.done) command.done(fail_because(Errc::overloaded, "too many commands wait"));
    return;
  }
  held_bytes_ += command.text.size();
  held_.push_back(std::move(command));
}

void Servers::send_held() {
  held_bytes_ = 0;
  for (auto& command : std::exchange(held_, {})) route(std::move(command));
}

}  // namespace knotos::adapters::redis
