#include "server/shard_server.hpp"

#include "protocol/socketio/encoder.hpp"
#include "server/counters.hpp"
#include "server/opener.hpp"

#include <algorithm>
#include <utility>

namespace knotos::server {

namespace {

/// The answer that an admission owes. Dropped without one, it refuses.
class AdmissionDue {
 public:
  AdmissionDue(std::weak_ptr<ShardServer> shard, SocketHandle socket)
      : shard_(std::move(shard)), socket_(socket) {}
  AdmissionDue(AdmissionDue&&) = default;
  AdmissionDue& operator=(AdmissionDue&&) = delete;
  ~AdmissionDue() {
    const auto shard = shard_.lock();
    if (!shard) return;
    auto& shards = shard->shards();
    if (shards.current() == socket_.shard) {
      shard->finish_admission(socket_, Refusal{.message = "Not admitted", .data = {}});
      return;
    }
    // Whoever dropped it did so elsewhere.
    shards.post(socket_.shard, [weak = shard_, socket = socket_] {
      if (const auto late = weak.lock()) {
        late->finish_admission(socket, Refusal{.message = "Not admitted", .data = {}});
      }
    });
  }

  void operator()(std::optional<Refusal> refusal) {
    const auto shard = std::exchange(shard_, {}).lock();
    if (!shard) return;
    KN_ASSERT(shard->shards().current() == socket_.shard);
    shard->finish_admission(socket_, refusal);
  }

 private:
  std::weak_ptr<ShardServer> shard_;
  SocketHandle socket_;
};

}  // namespace

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

bool ShardServer::take_connect(EngineLink& link, LinkSockets& above) {
  const auto now = engine_.timers().now();
  if (now - above.connects_from >= shared_.options.connects_window) {
    above.connects_from = now;
    above.connects = 0;
  }
  if (++above.connects <= shared_.options.connects_max) return true;
  counters::connect_floods.add();
  engine_.fail(link, engineio::SessionEnd::transport_error);
  return false;
}

void ShardServer::on_connect(EngineLink& link, LinkSockets& above, const socketio::Packet& packet) {
  if (!take_connect(link, above)) return;
  const auto* const entry = find_entry(above, packet.name_space);
  if (entry != nullptr && entry->membership != Membership::closed) {
    // Joined, or pending: two sockets in one namespace are never meant.
    return engine_.fail(link, engineio::SessionEnd::parse_error);
  }
  if (entry == nullptr && above.entries.size() >= shared_.options.namespaces_per_link_max) {
    forget_closed(above);
  }
  if (entry == nullptr && above.entries.size() >= shared_.options.namespaces_per_link_max) {
    counters::namespaces_refused.add();
    return refuse_connect(link, above, packet.name_space,
                          {.message = "Too many namespaces", .data = {}});
  }
  auto* const name_space = make_namespace(packet.name_space);
  if (name_space == nullptr) {
    return refuse_connect(link, above, packet.name_space,
                          {.message = "Invalid namespace", .data = {}});
  }
  if (entry == nullptr) {
    name_space->add_user();
    above.entries.push_back({.name_space = name_space});
  }
  admit(link, *name_space, packet.payload);
}

/// What was closed by us long enough ago to make room.
void ShardServer::forget_closed(LinkSockets& above) {
  const auto closed = std::ranges::find(above.entries, Membership::closed, &Entry::membership);
  if (closed != above.entries.end()) erase_entry(above, *closed);
}

void ShardServer::admit(EngineLink& link, NamespaceShard& name_space, std::string_view auth) {
  auto owned = std::unique_ptr<Socket>(new Socket);
  auto& socket = *owned;
  const auto key = sockets_.add(std::move(owned));
  socket.shard_ = this;
  socket.namespace_ = &name_space;
  name_space.add_user();
  socket.link_ = &link;
  socket.handle_ = {.shard = engine_.index(), .slot = key.slot, .generation = key.generation};
  socket.id_ = make_sid({.shard = engine_.index(), .slot = key.slot}, shared_.random);
  socket.handshake_ = std::make_unique<Handshake>(
      Handshake{.auth = auth.empty() ? "{}" : std::string(auth),
                .remote_address = std::string(address_of_opener(link.opener)),
                .request = unpack_opener(link.opener)});
  auto& entry = *find_entry(above_of(link), name_space.name());
  entry.socket = &socket;
  entry.membership = Membership::pending;
  ask_admission(socket);
}

/// The next hook, or in.
void ShardServer::ask_admission(Socket& socket) {
  const auto& hooks = socket.namespace_->state().admissions;
  const Calling calling(*this);
  if (socket.admissions_ < hooks.size()) {
    return hooks[socket.admissions_](socket.handle_, *socket.handshake_,
                                     AdmissionDue(self_, socket.handle_));
  }
  if (socket.namespace_->log() != nullptr) {
    if (auto claim = socketio::read_claim(socket.handshake_->auth)) {
      return request_session(socket, *std::move(claim));
    }
  }
  begin_socket(socket);
}

void ShardServer::finish_admission(SocketHandle handle, const std::optional<Refusal>& refusal) {
  auto* const socket = find(handle);
  // It may have gone meanwhile, and with it the question.
  if (socket == nullptr || socket->is_connected_) return;
  const Calling calling(*this);
  if (!refusal) {
    ++socket->admissions_;
    return ask_admission(*socket);
  }
  auto& link = *socket->link_;
  auto& above = above_of(link);
  const auto name = socket->namespace_->name();
  end_socket(*socket, CloseReason::server_namespace_disconnect);
  erase_entry(above, *find_entry(above, name));
  if (refusal->ends_link) return engine_.close(link, CloseReason::forced_close);
  refuse_connect(link, above, name, *refusal);
}

/// `missed`: of a session that it has taken up.
void ShardServer::begin_socket(Socket& socket, const std::vector<Packet>& missed) {
  auto& link = *socket.link_;
  auto& name_space = *socket.namespace_;
  find_entry(above_of(link), name_space.name())->membership = Membership::joined;
  socket.is_connected_ = true;
  name_space.add_member(socket);
  counters::sockets_now.add(1);
  engine_.joined(link);
  if (name_space.log() != nullptr && socket.session_ == nullptr) begin_session(socket);
  std::string text = "4";
  socketio::append_connect(
      text, name_space.name(), view(socket.id_),
      socket.session_ == nullptr ? std::string_view() : view(socket.session_->pid));
  send_control(link, text);
  // Behind the answer: not every client keeps what comes before it.
  for (const auto& packet : missed) engine_.send(link, packet);
  const Calling calling(*this);
  if (const auto& on_connection = name_space.state().on_connection) on_connection(socket);
  // It may have ended in there, but it is not freed before the handler's caller returns.
  socket.handshake_.reset();
}

void ShardServer::refuse_connect(EngineLink& link, LinkSockets& above, std::string_view name_space,
                                 const Refusal& refusal) {
  counters::connects_refused.add();
  std::string text = "4";
  socketio::append_connect_error(text, name_space, refusal.message, refusal.data);
  send_control(link, text);
  if (++above.connects_refused > shared_.options.connects_refused_max) {
    counters::connect_floods.add();
    engine_.fail(link, engineio::SessionEnd::transport_error);
  }
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
