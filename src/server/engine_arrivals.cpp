#include "protocol/websocket/handshake.hpp"
#include "server/counters.hpp"
#include "server/engine_shard.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace knotos::server {

using engineio::SessionEnd;
using engineio::Transport;

/// nullopt: it is for no session that could take a body.
std::optional<FrontRequest> EngineShard::session_of(const http::Request& head) const {
  auto front = check_front(head, shared_.options);
  const bool is_of_session = front && front->transport == Transport::polling &&
                             !front->wants_upgrade && front->is_protocol_4 && !front->sid.empty();
  if (!is_of_session) return std::nullopt;
  const auto place = place_of(front->sid);
  if (!place || place->shard >= shared_.engines.size()) return std::nullopt;
  return std::move(*front);
}

http::Response EngineShard::refuse_body(const http::Request& head, unsigned status) {
  auto response = empty_response(status);
  std::ranges::move(cors_headers(head, shared_.options), std::back_inserter(response.headers));
  // Who is slow may be on a bad network; the heartbeat judges that.
  if (status != 413) return response;
  if (auto front = session_of(head)) {
    const auto shard = place_of(front->sid)->shard;
    shared_.shards.post(shard, [owner = shared_.engines[shard], sid = std::move(front->sid)] {
      owner->receive_too_much(sid);
    });
  }
  return response;
}

void EngineShard::receive_too_much(std::string_view sid) {
  auto* const link = find_sid(sid);
  if (link != nullptr && link->session.transport() == Transport::polling) {
    fail(*link, SessionEnd::parse_error);
  }
}

void EngineShard::arrive(std::shared_ptr<HttpArrival> arrival) {
  if (arrival->head().method != "POST") return;
  auto front = session_of(arrival->head());
  if (!front) return;
  auto* const owner = shared_.engines[place_of(front->sid)->shard];
  const Ticket ticket{.shard = index_, .is_upgrade = false, .number = ++last_ticket_};
  arrival->on_over([this, owner, ticket, sid = front->sid] {
    arriving_.erase(ticket.number);
    if (owner == this) return end_arrival(sid, ticket);
    shared_.shards.post(owner->index_, [owner, ticket, sid] { owner->end_arrival(sid, ticket); });
  });
  arriving_.emplace(ticket.number, std::move(arrival));
  // Not at once: the connection is in the midst of reading.
  shared_.shards.post(owner->index_, [owner, ticket, sid = std::move(front->sid)] {
    owner->begin_arrival(sid, ticket);
  });
}

void EngineShard::begin_arrival(std::string_view sid, Ticket ticket) {
  auto* const link = find_sid(sid);
  if (link == nullptr || link->session.transport() != Transport::polling) return;
  if (link->arrival == Ticket{}) {
    link->arrival = ticket;
    return;
  }
  refuse_arrival(link->arrival);
  refuse_arrival(ticket);
  fail(*link, SessionEnd::transport_error);
}

void EngineShard::end_arrival(std::string_view sid, Ticket ticket) {
  auto* const link = find_sid(sid);
  if (link != nullptr && link->arrival == ticket) link->arrival = {};
}

void EngineShard::refuse_arrival(Ticket ticket) {
  auto* const home = shared_.engines[ticket.shard];
  shared_.shards.post(ticket.shard, [home, number = ticket.number] {
    const auto arriving = home->arriving_.extract(number);
    if (!arriving) return;
    auto response = empty_response(400);
    std::ranges::move(cors_headers(arriving.mapped()->head(), home->shared_.options),
                      std::back_inserter(response.headers));
    arriving.mapped()->refuse(std::move(response));
  });
}

}  // namespace knotos::server
