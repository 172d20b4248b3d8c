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
    : shared_(shared), engine_(shared, index, timers, *this), self_(this, [](ShardServer*) {}) {}

ShardServer::~ShardServer() {
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

void ShardServer::send_to_room(std::string_view name_space, std::string_view room,
                               const Packet& packet,
                               const std::function<bool(const Socket&)>& is_meant) {
  const auto* const found = find_namespace(name_space);
  if (found == nullptr) return;
  // `EngineShard::send` ends no link and calls nobody, so the list stands still.
  for (const auto& member : found->rooms().members(room)) {
    auto& socket = *sockets_.at(member.socket);
    if (!is_meant || is_meant(socket)) send(socket, packet);
  }
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
  for (std::uint32_t slot = 0; slot < sockets_.slots_end(); ++slot) {
    const auto* const socket = sockets_.at(slot);
    if (socket == nullptr || !socket->is_connected_ || socket->namespace_ != wanted) continue;
    handles.push_back(socket->handle_);
  }
  const Calling calling(*this);
  for (const auto handle : handles) {
    if (auto* const socket = find(handle)) visit(*socket);
  }
}

void ShardServer::send(Socket& socket, Packet packet) {
  if (socket.link_ == nullptr || !socket.is_connected_) return;
  engine_.send(*socket.link_, std::move(packet));
}

void ShardServer::send_control(EngineLink& link, std::string_view text) {
  engine_.send(link, PacketBuffer::make(PacketClass::control, text));
}

void ShardServer::disconnect(Socket& socket, bool closes_link) {
  auto* const link = socket.link_;
  if (link == nullptr) return;
  const Calling calling(*this);
  auto& above = above_of(*link);
  for (auto& entry : above.entries) {
    if (entry.socket == nullptr || (entry.socket != &socket && !closes_link)) continue;
    std::string text = "4";
    socketio::append_disconnect(text, entry.name_space->name());
    send_control(*link, text);
    entry.membership = Membership::closed;
    end_socket(*std::exchange(entry.socket, nullptr), CloseReason::server_namespace_disconnect);
  }
  if (closes_link) engine_.close(*link, CloseReason::forced_server_close);
}

void ShardServer::on_connect(EngineLink& link, LinkSockets& above, const socketio::Packet& packet) {
  const auto* const entry = find_entry(above, packet.name_space);
  if (entry != nullptr && entry->membership != Membership::closed) {
    // Joined, or pending: two sockets in one namespace are never meant.
    return engine_.fail(link, engineio::SessionEnd::parse_error);
  }
  if (entry == nullptr && above.entries.size() >= shared_.options.namespaces_per_link_max) {
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

void ShardServer::admit(EngineLink& link, NamespaceShard& name_space, std::string_view auth) {
  auto owned = std::unique_ptr<Socket>(new Socket);
  auto& socket = *owned;
  const auto key = sockets_.add(std::move(owned));
  socket.shard_ = this;
  socket.namespace_ = &name_space;
  name_space.add_user();
  socket.link_ = &link;
  socket.handle_ = {.shard = engine_.index(), .slot = key.slot, .generation = key.generation};
  socket.id_ = make_socket_id(shared_.random);
  socket.handshake_ = std::make_unique<Handshake>(
      Handshake{.auth = auth.empty() ? "{}" : std::string(auth),
                .remote_address = std::string(address_of_opener(link.opener)),
                .request = unpack_opener(link.opener)});
  auto& entry = *find_entry(above_of(link), name_space.name());
  entry.socket = &socket;
  entry.membership = Membership::pending;
  if (!name_space.state().admission) return finish_admission(socket.handle_, std::nullopt);
  const Calling calling(*this);
  name_space.state().admission(socket.handle_, *socket.handshake_,
                               AdmissionDue(self_, socket.handle_));
}

void ShardServer::finish_admission(SocketHandle handle, const std::optional<Refusal>& refusal) {
  auto* const socket = find(handle);
  // It may have gone meanwhile, and with it the question.
  if (socket == nullptr || socket->is_connected_) return;
  auto& link = *socket->link_;
  auto& above = above_of(link);
  auto& entry = *find_entry(above, socket->namespace_->name());
  const Calling calling(*this);
  if (!refusal) return begin_socket(*socket, entry);
  const auto name = socket->namespace_->name();
  end_socket(*socket, CloseReason::server_namespace_disconnect);
  erase_entry(above, entry);
  if (refusal->ends_link) return engine_.close(link, CloseReason::forced_close);
  refuse_connect(link, above, name, *refusal);
}

void ShardServer::begin_socket(Socket& socket, Entry& entry) {
  entry.membership = Membership::joined;
  socket.is_connected_ = true;
  counters::sockets_now.add(1);
  auto& link = *socket.link_;
  engine_.joined(link);
  std::string text = "4";
  socketio::append_connect(text, entry.name_space->name(), view(socket.id_));
  send_control(link, text);
  if (const auto& on_connection = entry.name_space->state().on_connection) on_connection(socket);
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
  socket.namespace_->rooms().leave_all(socket);
  socket.link_ = nullptr;
  if (socket.is_connected_) counters::sockets_now.add(-1);
  ended_.push_back({sockets_.take(socket.handle_.slot), reason});
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
  const auto& on_end = socket.namespace_->state().on_end;
  if (socket.is_connected_ && on_end) on_end(socket, ended.reason);
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
  auto made = std::make_unique<NamespaceShard>(*state, name, is_dynamic, sockets_);
  auto* const pointer = made.get();
  namespaces_.emplace(pointer->name(), std::move(made));
  return pointer;
}

void ShardServer::drop_user(NamespaceShard& name_space) {
  if (name_space.drop_user()) namespaces_.erase(namespaces_.find(name_space.name()));
}

}  // namespace knotos::server
