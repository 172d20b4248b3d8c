#include "protocol/socketio/encoder.hpp"
#include "server/counters.hpp"
#include "server/opener.hpp"
#include "server/shard_server.hpp"

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
  // What they were told so far was not for it.
  name_space.rooms().end_runs(socket);
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

}  // namespace knotos::server
