#include "base/digest.hpp"
#include "server/counters.hpp"
#include "server/shard_server.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace knotos::server {

namespace {

/// The answer that a recovery check owes. Dropped without one, it says no.
class RecoveryDue {
 public:
  RecoveryDue(std::weak_ptr<ShardServer> shard, SocketHandle socket,
              std::shared_ptr<Handover> handover)
      : shard_(std::move(shard)), socket_(socket), handover_(std::move(handover)) {}
  RecoveryDue(RecoveryDue&&) = default;
  RecoveryDue& operator=(RecoveryDue&&) = delete;
  ~RecoveryDue() { answer(false); }

  void operator()(bool is_allowed) { answer(is_allowed); }

 private:
  void answer(bool is_allowed) {
    const auto shard = std::exchange(shard_, {}).lock();
    if (!shard) return;
    if (shard->shards().current() == socket_.shard) {
      return shard->finish_recovery(socket_, std::move(*handover_), is_allowed);
    }
    // Only a check that was dropped comes from elsewhere.
    KN_ASSERT(!is_allowed);
    shard->shards().post(socket_.shard, [weak = std::weak_ptr(shard), socket = socket_,
                                         handover = std::move(handover_)] {
      if (const auto late = weak.lock()) {
        late->finish_recovery(socket, std::move(*handover), false);
      }
    });
  }

  std::weak_ptr<ShardServer> shard_;
  SocketHandle socket_;
  std::shared_ptr<Handover> handover_;
};

}  // namespace

void ShardServer::begin_session(Socket& socket) {
  auto owned = std::make_unique<Session>();
  auto& session = *owned;
  session.key = sessions_.add(std::move(owned));
  session.pid = make_sid({.shard = engine_.index(), .slot = session.key.slot}, shared_.random);
  session.id = socket.id_;
  session.name_space = socket.namespace_;
  session.socket = socket.handle_;
  session.start = socket.namespace_->log()->next();
  socket.session_ = &session;
}

void ShardServer::keep_session(Socket& socket, std::vector<std::string> rooms) {
  auto& session = *socket.session_;
  const auto& log = *socket.namespace_->log();
  const auto now = engine_.timers().now();
  const auto key = session.key;
  session.state = Session::State::kept;
  session.kept = std::make_unique<Session::Kept>(Session::Kept{
      .session = {.id = std::string(socket.id()), .rooms = std::move(rooms), .data = socket.data_},
      .at = now,
      .end = log.next(),
      .last = socket.last_event_});
  session.name_space->add_user();
  kept_.push_back({.key = session.key, .at = now});
  counters::sessions_kept.add(1);
  ++kept_count_;
  while (kept_count_ > shared_.options.recovery.sessions_max) {
    auto* const oldest = sessions_.find(kept_.front().key);
    const bool is_kept = oldest != nullptr && oldest->kept && oldest->kept->at == kept_.front().at;
    kept_.pop_front();
    if (!is_kept) continue;
    counters::sessions_evicted.add();
    end_session(*oldest, SessionOver::dropped);
  }
  socket.is_kept_ = sessions_.find(key) != nullptr;
  watch_kept();
}

/// A kept one: for good.
void ShardServer::end_session(Session& session, SessionOver why) {
  const auto kept = std::move(session.kept);
  auto& name_space = *session.name_space;
  forget_session(session);
  counters::sessions_kept.add(-1);
  --kept_count_;
  tell_session_over(name_space, kept->session, why);
  drop_user(name_space);
}

void ShardServer::forget_session(Session& session) {
  const auto pid = session.pid;
  static_cast<void>(sessions_.take(session.key.slot));
  say_where(pid, std::nullopt);
}

void ShardServer::tell_session_over(const NamespaceShard& name_space, const KeptSession& kept,
                                    SessionOver why) {
  const Calling calling(*this);
  if (const auto& handler = name_space.state().on_session_over) handler(kept, why);
}

/// The socket stays pending. Always by the mailbox, also at home: a link that is taken over must
/// have ended, and its handlers must have heard of it, before the socket begins.
void ShardServer::request_session(Socket& socket, socketio::RecoveryClaim claim) {
  const auto place = place_of(claim.pid);
  if (!place || place->shard >= shared_.servers.size()) {
    counters::recoveries_failed.add();
    return begin_socket(socket);
  }
  shared_.shards.post(place->shard,
                      [home = shared_.servers[place->shard],
                       request = SessionRequest{.claim = std::move(claim),
                                                .name_space = std::string(socket.name_space()),
                                                .socket = socket.handle_}]() mutable {
                        home->find_session(std::move(request));
                      });
}

/// At the session's home.
void ShardServer::find_session(SessionRequest request) {
  const auto place = place_of(request.claim.pid);
  auto* const session = sessions_.at(place->slot);
  if (session == nullptr ||
      !equal_in_constant_time(as_octets(request.claim.pid), as_octets(view(session->pid)))) {
    return answer_request(request.socket, std::nullopt);
  }
  if (session->state != Session::State::elsewhere) return hand_over(*session, std::move(request));
  shared_.shards.post(
      session->elsewhere_shard,
      [holder = shared_.servers[session->elsewhere_shard], key = session->elsewhere_key,
       request = std::move(request)]() mutable { holder->give_session(key, std::move(request)); });
}

void ShardServer::give_session(Session::Key key, SessionRequest request) {
  auto* const session = sessions_.find(key);
  if (session == nullptr || view(session->pid) != request.claim.pid) {
    return answer_request(request.socket, std::nullopt);
  }
  hand_over(*session, std::move(request));
}

/// Where the session is. A live one is taken over: its client has come back before we noticed that
/// it was gone.
void ShardServer::hand_over(Session& session, SessionRequest request) {
  const bool is_its_own = session.name_space != nullptr &&
                          session.name_space->name() == request.name_space &&
                          session.state != Session::State::in_transit;
  if (!is_its_own) return answer_request(request.socket, std::nullopt);
  if (session.state == Session::State::live) {
    counters::sessions_taken_over.add();
    const auto key = session.key;
    engine_.fail(*find(session.socket)->link_, engineio::SessionEnd::forced_close);
    // The end is heard before this returns: the session is kept now, unless a handler dropped it.
    return give_session(key, std::move(request));
  }
  answer_request(request.socket, pack(session, request));
}

/// On its way: on this shard in transit, else gone.
std::optional<Handover> ShardServer::pack(Session& session, const SessionRequest& request) {
  Handover handover{.pid = session.pid,
                    .id = session.id,
                    .offset = request.claim.offset,
                    .session = session.kept->session};
  if (request.socket.shard == engine_.index()) {
    handover.here = session.key;
    session.state = Session::State::in_transit;
    return handover;
  }
  const auto& log = *session.name_space->log();
  const auto missed = missed_events(session, log, engine_.index(), request.claim.offset);
  if (!missed) {
    end_session(session, SessionOver::dropped);
    return std::nullopt;
  }
  for (const auto sequence : *missed) {
    const auto& packet = *log.at(sequence).packet;
    Handover::Event event{.packet_class = packet.packet_class(),
                          .text = std::string(packet.event_text()),
                          .attachments = {}};
    for (std::size_t i = 1; i < packet.parts(); ++i) event.attachments.emplace_back(packet.part(i));
    handover.missed.push_back(std::move(event));
  }
  handover.seen = seen_;
  auto& name_space = *session.name_space;
  const auto kept = std::move(session.kept);
  counters::sessions_kept.add(-1);
  --kept_count_;
  const auto place = place_of(view(session.pid));
  if (place->shard == engine_.index() && place->slot == session.key.slot) {
    // This is its home: nobody knows where it is until it has arrived.
    session.name_space = nullptr;
    session.state = Session::State::in_transit;
  } else {
    static_cast<void>(sessions_.take(session.key.slot));
  }
  tell_session_over(name_space, kept->session, SessionOver::recovered);
  drop_user(name_space);
  return handover;
}

void ShardServer::answer_request(SocketHandle socket, std::optional<Handover> handover) {
  shared_.shards.post(socket.shard, [there = shared_.servers[socket.shard], socket,
                                     handover = std::move(handover)]() mutable {
    there->check_recovery(socket, std::move(handover));
  });
}

/// Back on the socket's shard.
void ShardServer::check_recovery(SocketHandle handle, std::optional<Handover> handover) {
  const Calling calling(*this);
  if (!handover) {
    counters::recoveries_failed.add();
    auto* const socket = find(handle);
    if (socket != nullptr && !socket->is_connected_) begin_socket(*socket);
    return;
  }
  const auto* const socket = find(handle);
  if (socket == nullptr || !socket->namespace_->state().on_recovery) {
    return finish_recovery(handle, *std::move(handover), true);
  }
  auto owned = std::make_shared<Handover>(*std::move(handover));
  auto& kept = owned->session;
  socket->namespace_->state().on_recovery(handle, kept,
                                          RecoveryDue(self_, handle, std::move(owned)));
}

void ShardServer::finish_recovery(SocketHandle handle, Handover handover, bool is_allowed) {
  auto* const socket = find(handle);
  const Calling calling(*this);
  if (socket == nullptr) {
    // Its link has gone again. Here the session waits on.
    auto* const session = handover.here ? sessions_.find(*handover.here) : nullptr;
    if (session != nullptr) {
      session->state = Session::State::kept;
    } else {
      say_where(handover.pid, std::nullopt);
    }
    return;
  }
  const bool is_resumed = is_allowed && (handover.here ? resume_here(*socket, handover)
                                                       : resume_from_elsewhere(*socket, handover));
  if (is_resumed) return counters::recoveries.add();
  counters::recoveries_failed.add();
  auto* const session = handover.here ? sessions_.find(*handover.here) : nullptr;
  if (session != nullptr) {
    end_session(*session, SessionOver::dropped);
  } else {
    say_where(handover.pid, std::nullopt);
  }
  begin_socket(*socket);
}

bool ShardServer::resume_here(Socket& socket, Handover& handover) {
  auto* const session = sessions_.find(*handover.here);
  if (session == nullptr) return false;
  const auto& log = *session->name_space->log();
  const auto missed = missed_events(*session, log, engine_.index(), handover.offset);
  if (!missed) return false;
  std::vector<Packet> packets;
  packets.reserve(missed->size());
  for (const auto sequence : *missed) packets.push_back(log.at(sequence).packet);
  if (!fits_outbox(packets)) return false;
  auto& name_space = *session->name_space;
  const auto kept = std::move(session->kept);
  counters::sessions_kept.add(-1);
  --kept_count_;
  socket.last_event_ = missed->empty() ? kept->last : missed->back();
  take_up(socket, *session, std::move(handover.session));
  begin_socket(socket, packets);
  tell_session_over(name_space, kept->session, SessionOver::recovered);
  drop_user(name_space);
  return true;
}

/// What it missed there, and what reached this shard and not that one, become events of this
/// shard's log: one order, one kind of offset from now on.
bool ShardServer::resume_from_elsewhere(Socket& socket, Handover& handover) {
  auto& log = *socket.namespace_->log();
  if (!log.holds_after(handover.seen)) return false;
  std::vector<Packet> packets;
  packets.reserve(handover.missed.size());
  for (const auto& event : handover.missed) {
    packets.push_back(
        PacketBuffer::make_event_again(event.packet_class, event.text, event.attachments, {}));
  }
  const auto end = log.next();
  for (auto sequence = log.first(); sequence < end; ++sequence) {
    const auto& entry = log.at(sequence);
    const auto& [origin, number] = entry.broadcast;
    if (!entry.audience || number == 0 || number <= handover.seen[origin]) continue;
    if (!is_meant(*entry.audience, handover.session.rooms, view(handover.id))) continue;
    packets.push_back(entry.packet);
  }
  if (!fits_outbox(packets)) return false;

  auto owned = std::make_unique<Session>();
  auto& session = *owned;
  session.key = sessions_.add(std::move(owned));
  session.pid = handover.pid;
  session.id = handover.id;
  session.name_space = socket.namespace_;
  session.start = log.next();
  session.base = handover.offset;
  take_up(socket, session, std::move(handover.session));
  for (auto& packet : packets) {
    packet = PacketBuffer::make_stamped(*packet, log.next_offset());
    record(socket, packet);
  }
  say_where(session.pid, session.key);
  begin_socket(socket, packets);
  return true;
}

void ShardServer::take_up(Socket& socket, Session& session, KeptSession kept) {
  session.state = Session::State::live;
  session.socket = socket.handle_;
  socket.id_ = session.id;
  socket.is_recovered_ = true;
  socket.data_ = std::move(kept.data);
  moved_ids_.insert_or_assign(socket.id_, socket.handle_.slot);
  for (const auto& room : kept.rooms)
    static_cast<void>(socket.namespace_->rooms().join(socket, room));
  socket.session_ = &session;
}

/// A replay that would be dropped as too much for a slow reader is none.
bool ShardServer::fits_outbox(const std::vector<Packet>& packets) const {
  std::size_t bytes = 0;
  for (const auto& packet : packets) bytes += packet->frames().size();
  return bytes <= shared_.options.outbox_bytes_max;
}

/// Tells the session's home that it is on this shard now, or nowhere any more.
void ShardServer::say_where(const IdText& pid, std::optional<Session::Key> key) {
  const auto place = place_of(view(pid));
  if (place->shard == engine_.index()) return learn_where(place->slot, pid, engine_.index(), key);
  shared_.shards.post(place->shard,
                      [home = shared_.servers[place->shard], slot = place->slot, pid,
                       shard = engine_.index(), key] { home->learn_where(slot, pid, shard, key); });
}

void ShardServer::learn_where(std::uint32_t slot, const IdText& pid, std::uint32_t shard,
                              std::optional<Session::Key> key) {
  auto* const session = sessions_.at(slot);
  // A session that is here itself knows better.
  if (session == nullptr || session->pid != pid || session->name_space != nullptr) return;
  if (!key) return static_cast<void>(sessions_.take(slot));
  session->state = Session::State::elsewhere;
  session->elsewhere_shard = shard;
  session->elsewhere_key = *key;
}

void ShardServer::drop_kept(const Broadcast& whom) {
  for (const auto& place : std::deque(kept_)) {
    auto* const session = sessions_.find(place.key);
    if (session == nullptr || session->state != Session::State::kept) continue;
    const auto& name_space = *session->name_space;
    const bool is_there = whom.state_ == nullptr ? name_space.name() == whom.name_space_
                                                 : &name_space.state() == whom.state_;
    if (!is_there || !is_meant({.rooms = whom.rooms_, .excepts = whom.excepts_},
                               session->kept->session.rooms, view(session->id))) {
      continue;
    }
    end_session(*session, SessionOver::dropped);
  }
}

void ShardServer::watch_kept() {
  if (kept_timer_ != 0 || kept_.empty()) return;
  kept_timer_ = engine_.timers().at(kept_.front().at + shared_.options.recovery.disconnection_max,
                                    [this] { expire_kept(); });
}

void ShardServer::expire_kept() {
  kept_timer_ = 0;
  const auto now = engine_.timers().now();
  while (!kept_.empty() && kept_.front().at + shared_.options.recovery.disconnection_max <= now) {
    const auto place = kept_.front();
    kept_.pop_front();
    auto* const session = sessions_.find(place.key);
    // In transit it is being taken up; if that fails, it comes back to nothing.
    if (session == nullptr || !session->kept || session->kept->at != place.at) continue;
    session->name_space->log()->trim(now);
    end_session(*session, SessionOver::expired);
  }
  watch_kept();
}

}  // namespace knotos::server
