#include "protocol/socketio/encoder.hpp"
#include "server/counters.hpp"
#include "server/opener.hpp"
#include "server/shard_server.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace knotos::server {

/// Ends when everybody has answered or gone, or by its timer.
struct ShardServer::Poll {
  std::uint64_t id = 0;
  std::vector<SocketHandle> asked;
  std::size_t waiting = 0;
  Timers::Handle timer = 0;
  BroadcastReplies outcome;
  Replies answer;
};

BroadcastId ShardServer::begin_broadcast() {
  return {.origin = engine_.index(), .number = ++last_broadcast_};
}

Socket* ShardServer::find_by_id(const NamespaceShard& name_space, std::string_view id) const {
  // The id says where its socket began; of those that have moved there is a list.
  const auto place = place_of(id);
  if (!place) return nullptr;
  auto* socket = place->shard == engine_.index() ? sockets_.at(place->slot) : nullptr;
  if ((socket == nullptr || socket->id() != id) && !moved_ids_.empty()) {
    IdText key{};
    std::ranges::copy(id, key.begin());
    const auto moved = moved_ids_.find(key);
    socket = moved == moved_ids_.end() ? nullptr : sockets_.at(moved->second);
  }
  const bool is_it = socket != nullptr && socket->is_connected_ &&
                     socket->namespace_ == &name_space && socket->id() == id;
  return is_it ? socket : nullptr;
}

/// Visits each socket once. The visit must not change who is in which room.
template <class Visit>
void ShardServer::select(const NamespaceShard& name_space, const Broadcast& whom,
                         const Visit& visit) {
  if (++last_selection_ == 0) {
    for (std::uint32_t slot = 0; slot < sockets_.slots_end(); ++slot) {
      if (auto* const socket = sockets_.at(slot)) socket->selection_ = 0;
    }
    ++last_selection_;
  }
  const auto mark = [this](Socket& socket) {
    return std::exchange(socket.selection_, last_selection_) != last_selection_ &&
           socket.is_connected_;
  };
  const auto in_room = [this, &name_space](std::string_view room, const auto& call) {
    for (const auto& member : name_space.rooms().members(room)) call(*sockets_.at(member.socket));
    if (auto* const socket = find_by_id(name_space, room)) call(*socket);
  };
  for (const auto& room : whom.excepts_) in_room(room, mark);
  const auto take = [&](Socket& socket) {
    if (mark(socket)) visit(socket);
  };
  for (const auto& room : whom.rooms_) in_room(room, take);
  if (!whom.rooms_.empty()) return;
  for (const auto slot : name_space.members()) take(*sockets_.at(slot));
}

std::vector<NamespaceShard*> ShardServer::meant(const Broadcast& whom) const {
  std::vector<NamespaceShard*> found;
  if (whom.state_ == nullptr) {
    if (auto* const named = find_namespace(whom.name_space_)) found.push_back(named);
    return found;
  }
  for (const auto& [name, name_space] : namespaces_) {
    if (&name_space->state() == whom.state_) found.push_back(name_space.get());
  }
  return found;
}

std::vector<SocketHandle> ShardServer::selected(const Broadcast& whom) {
  std::vector<SocketHandle> handles;
  for (const auto* const name_space : meant(whom)) {
    select(*name_space, whom, [&](const Socket& socket) { handles.push_back(socket.handle_); });
  }
  return handles;
}

void ShardServer::broadcast(const Broadcast& whom, const EventBody& event, BroadcastId id) {
  if (id.number > 0) seen_[id.origin] = id.number;
  if (whom.state_ == nullptr) {
    // The road: no list for one.
    if (auto* const named = find_namespace(whom.name_space_)) {
      broadcast_in(*named, whom, event, id);
    }
    return;
  }
  for (auto* const name_space : meant(whom)) broadcast_in(*name_space, whom, event, id);
}

void ShardServer::broadcast_in(NamespaceShard& name_space, const Broadcast& whom,
                               const EventBody& event, BroadcastId id) {
  auto* const log = name_space.log();
  if (log == nullptr && name_space.members().empty()) return;
  const bool is_recorded = log != nullptr && is_kept(event);
  const auto packet = PacketBuffer::make_event(
      event, name_space.name(), log == nullptr ? std::string() : offset_for(*log, is_recorded));
  const auto sequence = is_recorded ? log->next() : 0;
  if (is_recorded) {
    log->append({.packet = packet,
                 .at = engine_.timers().now(),
                 .broadcast = id,
                 .audience = std::make_unique<Audience>(
                     Audience{.rooms = whom.rooms_, .excepts = whom.excepts_})});
  }
  const bool is_one_room = whom.rooms_.size() == 1 && whom.excepts_.empty() && !whom.is_volatile_;
  if (is_one_room && find_by_id(name_space, whom.rooms_.front()) == nullptr) {
    return tell_room(name_space, whom.rooms_.front(), packet, sequence);
  }
  // `EngineShard::send` ends no link and calls nobody, so the lists stand still.
  select(name_space, whom, [&](Socket& socket) {
    if (whom.is_volatile_ && !engine_.is_writable(*socket.link_)) {
      return counters::volatile_dropped.add();
    }
    if (is_recorded) socket.last_event_ = sequence;
    engine_.send(*socket.link_, packet);
  });
}

void ShardServer::send_to_room(std::string_view name_space, std::string_view room,
                               const Packet& packet) {
  auto* const found = find_namespace(name_space);
  if (found == nullptr || !packet) return;
  auto* const log = found->log();
  auto sent = packet;
  std::uint64_t sequence = 0;
  if (log != nullptr && packet->is_event()) {
    const bool is_recorded = is_kept(packet->packet_class());
    sent = PacketBuffer::make_stamped(*packet, offset_for(*log, is_recorded));
    if (is_recorded) {
      sequence = log->next();
      log->append({.packet = sent,
                   .at = engine_.timers().now(),
                   .broadcast = {},
                   .audience = std::make_unique<Audience>(
                       Audience{.rooms = {std::string(room)}, .excepts = {}})});
    }
  }
  tell_room(*found, room, sent, sequence);
}

/// `sequence`: in the log; 0: it is not there. The first packet of a turn goes to each member by
/// itself; with the second begins a run.
void ShardServer::tell_room(NamespaceShard& name_space, std::string_view name, const Packet& packet,
                            std::uint64_t sequence) {
  auto* const room = name_space.rooms().find(name);
  if (room == nullptr) return;
  const bool is_first = std::exchange(room->told, engine_.turn_number()) != engine_.turn_number();
  if (!is_first) {
    if (!room->run || !engine_.extend(*room->run, packet)) begin_run(name_space, *room, packet);
    if (sequence > 0) room->run->last_event = sequence;
    return;
  }
  for (const auto& member : room->members) {
    auto& socket = *sockets_.at(member.socket);
    if (!socket.is_connected_) continue;
    if (sequence > 0) socket.last_event_ = sequence;
    engine_.send(*socket.link_, packet);
  }
}

void ShardServer::begin_run(NamespaceShard& name_space, RoomTable::Room& room,
                            const Packet& packet) {
  name_space.rooms().end_run(room);
  room.run = engine_.begin_run(packet);
  runs_.push_back({.name_space = &name_space, .room = room.index, .run = room.run});
  for (const auto& member : room.members) {
    const auto& socket = *sockets_.at(member.socket);
    if (socket.is_connected_) engine_.follow(*socket.link_, room.run, packet);
  }
  engine_.check_total();
}

void ShardServer::on_turn() {
  for (const auto& [name_space, room, run] : runs_) {
    if (run->is_open()) name_space->rooms().end_run(name_space->rooms().at(room));
  }
  runs_.clear();
}

void ShardServer::ask_many(const Broadcast& whom, const EventBody& event,
                           std::chrono::milliseconds timeout, Replies answer) {
  auto poll = std::make_shared<Poll>();
  poll->id = ++last_ask_;
  poll->answer = std::move(answer);
  for (const auto* const name_space : meant(whom)) {
    std::string text = "4";
    socketio::append_event_start(text, name_space->name(), event.attachments.size());
    text += std::to_string(poll->id) + event.text + ']';
    const auto packet = PacketBuffer::make(event.packet_class, text, event.attachments);
    select(*name_space, whom, [&](Socket& socket) {
      ++poll->outcome.asked;
      if (!may_ask(socket)) return;
      engine_.send(*socket.link_, packet);
      poll->asked.push_back(socket.handle_);
      socket.asks_.push_back({.id = poll->id, .answer = [this, poll](std::optional<Reply> reply) {
                                if (reply) poll->outcome.replies.push_back(*std::move(reply));
                                if (--poll->waiting == 0) end_poll(poll);
                              }});
    });
  }
  poll->waiting = poll->asked.size();
  if (poll->waiting == 0) return end_poll(poll);
  poll->timer = engine_.timers().at(engine_.timers().now() + timeout, [this, poll] {
    poll->timer = 0;
    for (const auto handle : poll->asked) {
      auto* const socket = find(handle);
      if (socket == nullptr) continue;
      const auto gone =
          std::erase_if(socket->asks_, [&](const Socket::Ask& ask) { return ask.id == poll->id; });
      counters::asks_unanswered.add(static_cast<std::int64_t>(gone));
    }
    end_poll(poll);
  });
}

void ShardServer::end_poll(const std::shared_ptr<Poll>& poll) {
  if (!poll->answer) return;
  engine_.timers().cancel(std::exchange(poll->timer, 0));
  const Calling calling(*this);
  std::exchange(poll->answer, nullptr)(std::move(poll->outcome));
}

void ShardServer::join_all(const Broadcast& whom, std::string_view room) {
  for (const auto handle : selected(whom)) join(*find(handle), room);
}

void ShardServer::leave_all(const Broadcast& whom, std::string_view room) {
  for (const auto handle : selected(whom)) leave(*find(handle), room);
}

void ShardServer::disconnect_all(const Broadcast& whom, bool closes_links) {
  const Calling calling(*this);
  for (const auto handle : selected(whom)) {
    if (auto* const socket = find(handle)) disconnect(*socket, closes_links);
  }
  drop_kept(whom);
}

std::vector<SocketInfo> ShardServer::fetch(const Broadcast& whom) {
  std::vector<SocketInfo> found;
  for (const auto handle : selected(whom)) {
    const auto& socket = *find(handle);
    found.push_back({.handle = handle,
                     .id = std::string(socket.id()),
                     .remote_address = std::string(socket.remote_address()),
                     .rooms = socket.rooms()});
  }
  return found;
}

}  // namespace knotos::server
