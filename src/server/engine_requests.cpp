#include "server/engine_shard.hpp"

#include "base/digest.hpp"
#include "protocol/engineio/payload.hpp"
#include "protocol/websocket/encoder.hpp"
#include "protocol/websocket/handshake.hpp"
#include "server/counters.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace knotos::server {

using engineio::RequestFault;
using engineio::SessionEnd;
using engineio::Transport;
using engineio::Verdict;
using Role = WebSocketTransport::Role;

namespace {

/// `respond`, with what CORS wants beside it.
void respond(HttpExchange& exchange, const Options& options, http::Response response) {
  std::ranges::move(cors_headers(exchange.request(), options),
                    std::back_inserter(response.headers));
  exchange.respond(std::move(response));
}

bool is_octet_stream(const http::Request& request) {
  static constexpr std::string_view kType = "application/octet-stream";
  const auto type = request.header("content-type").value_or("");
  return type.size() >= kType.size() &&
         std::ranges::equal(type.substr(0, kType.size()), kType, {},
                            [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
}

http::Response draining_response() {
  auto response = empty_response(503);
  response.closes_connection = true;
  return response;
}

}  // namespace

void EngineShard::serve(std::shared_ptr<HttpExchange> exchange) {
  const auto& request = exchange->request();
  const auto& options = shared_.options;
  // `/socket.io/` is ours and `/socket.io` is not, whatever the mount point let through.
  if (!request.path().starts_with(options.path)) return exchange->respond(empty_response(404));
  if (is_preflight(request, options)) {
    return exchange->respond(preflight_response(request, options));
  }
  auto front = check_front(request, options);
  if (!front) return refuse(*exchange, front.error(), websocket::wants_upgrade(request));
  if (!front->sid.empty()) return forward(std::move(exchange), std::move(*front));
  if (!shared_.is_accepting.load(std::memory_order_relaxed)) {
    return respond(*exchange, options, draining_response());
  }
  if (front->wants_upgrade) return open_websocket(*exchange, *front);
  if (takes_address(*exchange)) open_polling(*exchange);
}

/// False: it has too many links already or opens them too fast, and the exchange has its answer.
bool EngineShard::takes_address(HttpExchange& exchange) {
  const auto outcome = shared_.addresses.take(exchange.request().remote_address, now());
  if (outcome.verdict == Addresses::Verdict::taken) return true;
  auto response = empty_response(429);
  response.closes_connection = true;
  if (outcome.verdict == Addresses::Verdict::too_fast) {
    counters::addresses_slowed.add();
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(outcome.retry_after).count();
    response.headers.push_back({"Retry-After", std::to_string(seconds)});
  } else {
    counters::addresses_refused.add();
  }
  respond(exchange, shared_.options, std::move(response));
  return false;
}

void EngineShard::open_polling(HttpExchange& exchange) {
  auto& link = add_link(Transport::polling, exchange.request());
  auto response = payload_response(open_packet(link));
  if (const auto& name = shared_.options.cookie_name; !name.empty()) {
    response.headers.push_back({"Set-Cookie", name + "=" + std::string(view(link.sid)) +
                                                  "; Path=/; HttpOnly; SameSite=Lax"});
  }
  respond(exchange, shared_.options, std::move(response));
}

void EngineShard::open_websocket(HttpExchange& exchange, const FrontRequest& front) {
  const auto opening = websocket::check_opening(exchange.request());
  if (!opening) {
    counters::refused(RequestFault::bad_request).add();
    return exchange.respond(websocket::refusal_response(opening.error()));
  }
  if (!takes_address(exchange)) return;
  auto stream = exchange.take_link();
  if (!stream) {
    shared_.addresses.give_back(exchange.request().remote_address);
    return;
  }
  auto& link = add_link(Transport::websocket, exchange.request());
  link.wants_base64 = front.wants_base64;
  link.websocket = make_transport(&link, std::move(stream), Role::session);
  push(link, PacketBuffer::make_raw(websocket::opening_response(*opening)));
  push(link, PacketBuffer::make(PacketClass::control, open_packet(link)));
}

void EngineShard::forward(std::shared_ptr<HttpExchange> exchange, FrontRequest front) {
  const auto place = place_of(front.sid);
  const bool is_upgrade = front.wants_upgrade;
  if (!place || place->shard >= shared_.engines.size()) {
    return refuse(*exchange, {.fault = RequestFault::session_unknown, .message = {}}, is_upgrade);
  }
  const auto& request = exchange->request();
  SessionRequest forwarded{
      .ticket = {.shard = index_, .is_upgrade = is_upgrade, .number = ++last_ticket_},
      .front = std::move(front),
      .method = request.method,
      .body = request.body,
      .opening = {},
      .is_octets = is_octet_stream(request)};
  if (is_upgrade) {
    const auto opening = websocket::check_opening(request);
    if (!opening) {
      counters::refused(RequestFault::bad_request).add();
      return exchange->respond(websocket::refusal_response(opening.error()));
    }
    forwarded.opening = websocket::opening_response(*opening);
  }
  auto& owner = *shared_.engines[place->shard];
  exchange->on_abort([this, ticket = forwarded.ticket, place = *place] {
    waiting_.erase(ticket.number);
    auto* const engine = shared_.engines[place.shard];
    if (engine == this) return peer_gone(place.slot, ticket);
    shared_.shards.post(place.shard,
                        [engine, ticket, place] { engine->peer_gone(place.slot, ticket); });
  });
  waiting_.emplace(forwarded.ticket.number, Waiting{std::move(exchange)});
  if (&owner == this) return receive(std::move(forwarded));
  shared_.shards.post(place->shard, [&owner, forwarded = std::move(forwarded)]() mutable {
    owner.receive(std::move(forwarded));
  });
}

void EngineShard::receive(SessionRequest request) {
  auto* const link = find_sid(request.front.sid);
  // A timer may be late, and the client that asks now must hear that its session is over.
  if (link != nullptr) step(*link, link->session.advance(now()));
  if (link == nullptr || link->is_over) {
    return refuse(request.ticket, RequestFault::session_unknown);
  }
  const bool is_for_websocket = request.front.transport == Transport::websocket;
  const bool is_misplaced =
      request.front.wants_upgrade
          ? !is_for_websocket
          : is_for_websocket || link->session.transport() == Transport::websocket;
  if (is_misplaced || !request.front.is_protocol_4) {
    return refuse(request.ticket, RequestFault::bad_request);
  }
  if (request.front.wants_upgrade) return receive_upgrade(*link, std::move(request));
  if (request.method == "GET") return receive_poll(*link, request);
  if (request.method == "POST") return receive_post(*link, request);
  auto response = empty_response(405);
  response.headers.push_back({"Allow", "GET, POST"});
  answer(request.ticket, std::move(response));
}

void EngineShard::receive_poll(EngineLink& link, const SessionRequest& request) {
  const auto outcome = link.session.begin_poll(now());
  if (outcome.verdict == Verdict::accepted) link.poll = request.ticket;
  step(link, outcome.actions);
  if (outcome.verdict != Verdict::accepted) return answer(request.ticket, empty_response(400));
  if (!link.is_over) flush(link);
  publish_many_bytes();
}

void EngineShard::receive_post(EngineLink& link, const SessionRequest& request) {
  counters::bytes_in.add(static_cast<std::int64_t>(request.body.size()));
  if (request.is_octets || request.body.size() > shared_.options.payload_bytes_max) {
    fail(link, request.is_octets ? SessionEnd::transport_error : SessionEnd::parse_error);
    auto response = empty_response(request.is_octets ? 400 : 413);
    response.closes_connection = true;
    return answer(request.ticket, std::move(response));
  }
  if (link.arrival != Ticket{}) {
    refuse_arrival(link.arrival);
    fail(link, SessionEnd::transport_error);
    return answer(request.ticket, empty_response(400));
  }
  const auto outcome = link.session.begin_post(now());
  step(link, outcome.actions);
  if (outcome.verdict != Verdict::accepted) return answer(request.ticket, empty_response(400));
  receive_payload(link, request);
  link.session.end_post();
  const auto reason = link.session.reason();
  const bool is_faulty =
      link.is_over && (reason == SessionEnd::parse_error || reason == SessionEnd::transport_error);
  answer(request.ticket, is_faulty ? empty_response(400) : post_response());
}

void EngineShard::receive_payload(EngineLink& link, const SessionRequest& request) {
  engineio::PayloadDecoder payload(request.body);
  while (auto packet = payload.next()) {
    step(link, link.session.packet(packet->type, now()), &*packet);
    if (link.is_over) return;
  }
  if (payload.is_malformed()) fail(link, SessionEnd::parse_error);
}

void EngineShard::receive_upgrade(EngineLink& link, SessionRequest request) {
  const auto outcome = link.session.begin_upgrade(now());
  step(link, outcome.actions);
  const auto ticket = request.ticket;
  auto* const home = shared_.engines[ticket.shard];
  if (outcome.verdict == Verdict::unknown) return refuse(ticket, RequestFault::session_unknown);
  if (outcome.verdict != Verdict::accepted) {
    // A second WebSocket: opened and closed, and the session never hears of it (WIRE 3.4).
    if (home == this) return turn_stream_away(ticket, std::move(request.opening));
    return shared_.shards.post(ticket.shard,
                               [home, ticket, opening = std::move(request.opening)]() mutable {
                                 home->turn_stream_away(ticket, std::move(opening));
                               });
  }
  link.upgrade = ticket;
  link.wants_base64 = request.front.wants_base64;
  if (home == this) {
    return hand_stream_over(ticket, link.key, index_, std::move(request.opening));
  }
  shared_.shards.post(ticket.shard, [home, ticket, key = link.key, owner = index_,
                                     opening = std::move(request.opening)]() mutable {
    home->hand_stream_over(ticket, key, owner, std::move(opening));
  });
}

void EngineShard::hand_stream_over(Ticket ticket, LinkKey key, std::uint32_t owner,
                                   std::string opening) {
  std::unique_ptr<Link> stream;
  if (auto waiting = waiting_.extract(ticket.number)) {
    stream = waiting.mapped().exchange->take_link();
  }
  auto* const engine = shared_.engines[owner];
  if (engine == this) return take_stream(key, ticket, std::move(stream), opening);
  shared_.shards.post(owner, [engine, key, ticket, opening = std::move(opening),
                              stream = std::move(stream)]() mutable {
    engine->take_stream(key, ticket, std::move(stream), opening);
  });
}

void EngineShard::turn_stream_away(Ticket ticket, std::string opening) {
  auto waiting = waiting_.extract(ticket.number);
  if (!waiting) return;
  auto stream = waiting.mapped().exchange->take_link();
  if (!stream) return;
  counters::refused(RequestFault::bad_request).add();
  websocket::append_close_frame(opening, 0);
  part_from(make_transport(nullptr, std::move(stream), Role::retired), opening);
}

void EngineShard::take_stream(LinkKey key, Ticket ticket, std::unique_ptr<Link> stream,
                              const std::string& opening) {
  auto* const link = links_.find(key);
  // The session may have ended, or given the upgrade up, while the stream was on its way.
  if (link == nullptr || link->upgrade != ticket) return;
  link->upgrade = {};
  if (!stream) {
    link->session.candidate_lost();
    return watch(*link);
  }
  link->candidate = make_transport(link, std::move(stream), Role::candidate);
  write_to_candidate(*link, opening);
  watch(*link);
}

void EngineShard::peer_gone(std::uint32_t slot, Ticket ticket) {
  auto* const link = links_.at(slot);
  if (link == nullptr || link->poll != ticket) return;
  // Where the answer was on its way already, what it held is lost: nothing to go on with.
  step(*link, link->session.poll_is_parked() ? link->session.poll_aborted()
                                             : link->session.fail(SessionEnd::transport_close));
}

void EngineShard::answer(Ticket ticket, http::Response response) {
  if (ticket.shard == index_) return answer_here(ticket.number, std::move(response));
  auto* const home = shared_.engines[ticket.shard];
  shared_.shards.post(ticket.shard,
                      [home, number = ticket.number, response = std::move(response)]() mutable {
                        home->answer_here(number, std::move(response));
                      });
}

void EngineShard::answer_here(std::uint64_t number, http::Response response) {
  // Empty: the peer has gone.
  if (auto waiting = waiting_.extract(number)) {
    respond(*waiting.mapped().exchange, shared_.options, std::move(response));
  }
}

void EngineShard::refuse(Ticket ticket, RequestFault fault) {
  counters::refused(fault).add();
  answer(ticket, ticket.is_upgrade ? websocket::refusal_response(engineio::describe(fault).message)
                                   : fault_response({.fault = fault, .message = {}}));
}

void EngineShard::refuse(HttpExchange& exchange, const FrontRefusal& refusal, bool is_upgrade) {
  counters::refused(refusal.fault).add();
  const auto text = refusal.message.empty() ? engineio::describe(refusal.fault).message
                                            : std::string_view(refusal.message);
  respond(exchange, shared_.options,
          is_upgrade ? websocket::refusal_response(text) : fault_response(refusal));
}

EngineLink* EngineShard::find_sid(std::string_view sid) const {
  const auto place = place_of(sid);
  if (!place || place->shard != index_) return nullptr;
  auto* const link = links_.at(place->slot);
  if (link == nullptr || !equal_in_constant_time(as_octets(sid), as_octets(view(link->sid)))) {
    return nullptr;
  }
  return link;
}

}  // namespace knotos::server
