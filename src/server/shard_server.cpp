#include "server/shard_server.hpp"

#include "protocol/socketio/encoder.hpp"
#include "server/counters.hpp"
#include "server/opener.hpp"

#include <algorithm>
#include <utility>

namespace knotos::server {

ShardServer::ShardServer(ServerShared& shared, std::uint32_t index, Timers& timers)
    : shared_(shared),
      seen_(shared.shards.count(), 0),
      engine_(shared, index, timers, *this),
      self_(this, [](ShardServer*) {}) {}

ShardServer::~ShardServer() {
  engine_.timers().cancel(kept_timer_);
  for (std::uint32_t slot = 0; slot < sockets_.slots_end(); ++slot) {
    const auto* const socket = sockets_.at(slot);
    if (socket == nullptr) continue;
    for (const auto& ask : socket->asks_) engine_.timers().cancel(ask.timer);
  }
}

Socket* ShardServer::find(SocketHandle handle) const {
  if (handle.shard != engine_.index()) return nullptr;
  return sockets_.find({.slot = handle.slot, .generation = handle.generation});
}

std::size_t ShardServer::room_size(std::string_view name_space, std::string_view room) const {
  const auto* const found = find_namespace(name_space);
  return found == nullptr ? 0 : found->rooms().members(room).size();
}

void ShardServer::close_links(CloseReason reason) {
  const Calling calling(*this);
  for (const auto key : engine_.keys()) {
    if (auto* const link = engine_.find(key)) engine_.close(*link, reason);
  }
}

void ShardServer::for_each(std::string_view name_space, const std::function<void(Socket&)>& visit) {
  const auto* const wanted = find_namespace(name_space);
  if (wanted == nullptr) return;
  std::vector<SocketHandle> handles;
  handles.reserve(wanted->members().size());
  for (const auto slot : wanted->members()) handles.push_back(sockets_.at(slot)->handle_);
  const Calling calling(*this);
  for (const auto handle : handles) {
    if (auto* const socket = find(handle)) visit(*socket);
  }
}

void ShardServer::with(SocketHandle handle, std::move_only_function<void(Socket&)>& work) {
  auto* const socket = find(handle);
  if (socket == nullptr) return;
  const Calling calling(*this);
  work(*socket);
}

void ShardServer::on_disconnect(EngineLink& link, LinkSockets& above, std::string_view name_space) {
  auto* const entry = find_entry(above, name_space);
  if (entry == nullptr) return engine_.fail(link, engineio::SessionEnd::parse_error);
  // Both said so at once.
  if (entry->membership == Membership::closed) return;
  auto& socket = *entry->socket;
  erase_entry(above, *entry);
  end_socket(socket, CloseReason::client_namespace_disconnect);
}

void ShardServer::on_end(EngineLink& link, CloseReason reason) {
  if (!link.above) return;
  const Calling calling(*this);
  auto& above = above_of(link);
  above.assembler.reset();
  for (auto& entry : std::exchange(above.entries, {})) {
    if (entry.socket != nullptr) end_socket(*entry.socket, reason);
    drop_user(*entry.name_space);
  }
}

bool ShardServer::on_overflow(EngineLink& link) {
  if (!link.above) return false;
  const Calling calling(*this);
  bool is_told = false;
  std::vector<SocketHandle> handles;
  for (const auto& entry : above_of(link).entries) {
    if (entry.membership != Membership::joined) continue;
    // What was dropped cannot be had again: the client's next offset will be beyond it.
    if (auto* const session = entry.socket->session_) {
      session->trusted_from = entry.name_space->log()->next();
    }
    if (!entry.name_space->state().on_overflow) return false;
    handles.push_back(entry.socket->handle_);
  }
  for (const auto handle : handles) {
    auto* const socket = find(handle);
    if (socket == nullptr) continue;
    socket->namespace_->state().on_overflow(*socket);
    is_told = true;
  }
  return is_told;
}

void ShardServer::end_socket(Socket& socket, CloseReason reason) {
  auto& name_space = *socket.namespace_;
  std::vector<std::string> rooms;
  if (socket.is_connected_ && (socket.session_ != nullptr || name_space.state().on_disconnecting)) {
    rooms = name_space.rooms().names_of(socket);
  }
  name_space.rooms().leave_all(socket);
  socket.link_ = nullptr;
  if (socket.is_connected_) {
    counters::sockets_now.add(-1);
    name_space.drop_member(socket);
  }
  if (socket.is_recovered_) moved_ids_.erase(socket.id_);
  if (socket.session_ != nullptr) {
    const bool is_final = reason == CloseReason::client_namespace_disconnect ||
                          reason == CloseReason::server_namespace_disconnect;
    if (is_final) {
      forget_session(*socket.session_);
    } else {
      keep_session(socket, rooms);
    }
    socket.session_ = nullptr;
  }
  ended_.push_back({sockets_.take(socket.handle_.slot), reason, std::move(rooms)});
  if (calls_running_ == 0) run_ends();
}

void ShardServer::run_ends() {
  // What ends while one is told waits for its turn.
  ++calls_running_;
  for (std::size_t i = 0; i < ended_.size(); ++i) {
    auto ended = std::move(ended_[i]);
    tell_end(ended);
    to_free_.push_back(std::move(ended));
  }
  ended_.clear();
  --calls_running_;
  if (!to_free_.empty()) schedule_free();
}

void ShardServer::tell_end(Ended& ended) {
  auto& socket = *ended.socket;
  for (auto& ask : std::exchange(socket.asks_, {})) {
    engine_.timers().cancel(ask.timer);
    ask.answer(std::nullopt);
  }
  const auto& state = socket.namespace_->state();
  if (socket.is_connected_) {
    if (state.on_disconnecting) state.on_disconnecting(socket, ended.reason, ended.rooms);
    if (state.on_end) state.on_end(socket, ended.reason);
  }
  socket.data_.reset();
}

void ShardServer::schedule_free() {
  if (std::exchange(free_is_posted_, true)) return;
  shared_.shards.post(engine_.index(), [this] {
    free_is_posted_ = false;
    for (auto& ended : std::exchange(to_free_, {})) {
      auto& name_space = *ended.socket->namespace_;
      ended.socket.reset();
      drop_user(name_space);
    }
  });
}

ShardServer::LinkSockets& ShardServer::above_of(EngineLink& link) const {
  if (!link.above) link.above = std::make_unique<LinkSockets>();
  return static_cast<LinkSockets&>(*link.above);
}

ShardServer::Entry* ShardServer::find_entry(LinkSockets& above, std::string_view name) const {
  const auto found = std::ranges::find_if(
      above.entries, [name](const Entry& entry) { return entry.name_space->name() == name; });
  return found == above.entries.end() ? nullptr : &*found;
}

void ShardServer::erase_entry(LinkSockets& above, Entry& entry) {
  auto* const name_space = entry.name_space;
  above.entries.erase(above.entries.begin() + (&entry - above.entries.data()));
  drop_user(*name_space);
}

NamespaceShard* ShardServer::find_namespace(std::string_view name) const {
  const auto found = namespaces_.find(name);
  return found == namespaces_.end() ? nullptr : found->second.get();
}

NamespaceShard* ShardServer::make_namespace(std::string_view name) {
  if (auto* const found = find_namespace(name)) return found;
  const NamespaceState* state = nullptr;
  bool is_dynamic = false;
  if (const auto named = shared_.namespaces.find(name); named != shared_.namespaces.end()) {
    state = &named->second->state();
  } else {
    for (const auto& [matches, matching] : shared_.matching) {
      if (!matches(name)) continue;
      state = &matching->state();
      is_dynamic = true;
      break;
    }
  }
  if (state == nullptr) return nullptr;
  std::unique_ptr<RecoveryLog> log;
  if (const auto& chosen = shared_.options.recovery; chosen.is_on) {
    // Until a loss is noticed and the time to come back is over.
    const auto age_max =
        chosen.disconnection_max + shared_.options.ping_interval + shared_.options.ping_timeout;
    log = std::make_unique<RecoveryLog>(engine_.index(),
                                        RecoveryLog::Limits{.events_max = chosen.log_events_max,
                                                            .bytes_max = chosen.log_bytes_max,
                                                            .age_max = age_max},
                                        seen_);
  }
  auto made = std::make_unique<NamespaceShard>(*state, name, is_dynamic, sockets_, std::move(log));
  auto* const pointer = made.get();
  namespaces_.emplace(pointer->name(), std::move(made));
  return pointer;
}

void ShardServer::drop_user(NamespaceShard& name_space) {
  if (name_space.drop_user()) namespaces_.erase(namespaces_.find(name_space.name()));
}

}  // namespace knotos::server
