#include "runtime/http_connection.hpp"

#include "base/metrics.hpp"
#include "runtime/connection_exchange.hpp"
#include "runtime/lingering_close.hpp"
#include "runtime/response_text.hpp"
#include "runtime/shard_pool.hpp"
#include "runtime/socket_link.hpp"

#include <boost/asio/post.hpp>

#include <array>
#include <utility>

namespace knotos::runtime {
namespace {

using boost::system::error_code;

metrics::Gauge connections_open("http_connections",
                                "HTTP connections that are open, links not counted.");
metrics::Counter requests_seen("http_requests_total", "HTTP requests handed on.");
metrics::Counter requests_aborted("http_requests_aborted_total",
                                  "Requests whose peer went away before the answer.");
metrics::Counter handshakes_late("tls_handshakes_late_total",
                                 "TLS handshakes that took longer than their time-out.");
metrics::Counter requests_late("http_requests_late_total",
                               "Requests that took longer than their time-out to arrive.");
metrics::Counter responses_late("http_responses_late_total",
                                "Responses that the peer did not take in time.");

/// A peer in the midst of a body that is refused sends on until it reads the answer, and a reset
/// would take the answer away from it. What it sends is thrown away unread.
constexpr LingerLimits kLinger{.time = std::chrono::milliseconds(2'000),
                               .bytes = 128UL * 1024 * 1024};

server::Link::Piece octets(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

const HttpService::Mount* HttpService::find(std::string_view path) const {
  for (const auto& mount : mounts) {
    if (path.starts_with(mount.prefix)) return &mount;
  }
  return nullptr;
}

HttpConnection::HttpConnection(ShardPool& shards, std::shared_ptr<const HttpService> service,
                               HttpConnections& siblings, Descriptor descriptor, Channel channel,
                               std::string remote_address, ConnectionPlace place)
    : shards_(shards),
      shard_(shards.current()),
      service_(std::move(service)),
      siblings_(siblings),
      watched_(shards.loop(shard_), descriptor.release()),
      channel_(std::move(channel)),
      remote_address_(std::move(remote_address)),
      place_(std::move(place)) {
  siblings_.open.insert(this);
  connections_open.add();
}

HttpConnection::~HttpConnection() {
  // Whoever is destroyed with the stopped shards has siblings no more.
  if (is_here()) close();
  connections_open.add(-1);
}

bool HttpConnection::is_here() const { return shards_.current() == shard_; }

void HttpConnection::start() {
  if (siblings_.is_stopping) return close();
  is_established_ = channel_.is_established();
  if (is_established_) {
    deadline(service_->limits.keep_alive_timeout, &HttpConnection::close);
  } else {
    deadline(service_->limits.tls_handshake_timeout, &HttpConnection::on_handshake_late);
  }
  wait_readable();
}

void HttpConnection::stop() {
  is_stopping_ = true;
  if (phase_ == Phase::idle) close();
}

void HttpConnection::cut() { close(); }

void HttpConnection::wait_readable() {
  if (phase_ == Phase::closed || is_half_closed_ || std::exchange(is_waiting_readable_, true))
    return;
  watched_.async_wait(Watched::wait_read, [self = shared_from_this()](const error_code& ec) {
    self->is_waiting_readable_ = false;
    if (!ec && self->phase_ != Phase::closed) self->on_readable();
  });
}

void HttpConnection::on_readable() {
  const auto scratch = shards_.scratch(shard_);
  const auto [size, flow] = channel_.receive(watched_.native_handle(), scratch);
  if (!is_established_ && channel_.is_established()) {
    is_established_ = true;
    deadline(service_->limits.keep_alive_timeout, &HttpConnection::close);
  }
  if (channel_.has_unsent()) wait_to_flush();
  if (flow == Flow::would_block) return wait_readable();
  if (flow != Flow::ok) return on_peer_gone(flow == Flow::failed);
  feed({reinterpret_cast<const char*>(scratch.data()), size});
}

/// For what TLS has to say by itself; a response in the writing takes it along.
void HttpConnection::wait_to_flush() {
  if (std::exchange(is_waiting_to_flush_, true)) return;
  watched_.async_wait(Watched::wait_write, [self = shared_from_this()](const error_code& ec) {
    self->is_waiting_to_flush_ = false;
    if (ec || self->phase_ == Phase::closed || self->phase_ == Phase::writing) return;
    const auto flow = self->channel_.flush(self->watched_.native_handle());
    if (flow == Flow::failed) return self->close();
    if (flow == Flow::would_block) self->wait_to_flush();
  });
}

void HttpConnection::feed(std::string_view bytes) {
  if (phase_ == Phase::answering || phase_ == Phase::writing) {
    keep(bytes);
    if (kept_.size() < kReadAheadMax) wait_readable();
    return;
  }
  if (!kept_.empty()) {
    kept_ += bytes;
    const auto together = std::exchange(kept_, {});
    std::string_view rest = together;
    read_request(rest);
    keep(rest);
  } else {
    read_request(bytes);
    keep(bytes);
  }
  if (phase_ == Phase::body) announce();
  if (phase_ == Phase::head || phase_ == Phase::body) wait_readable();
}

/// Once a request, and only for a body that did not come with its head.
void HttpConnection::announce() {
  if (mount_ == nullptr || !mount_->on_arrival || std::exchange(is_announced_, true)) return;
  auto head = reader_->head();
  head.remote_address = service_->proxies.client_address(remote_address_, head);
  mount_->on_arrival(std::make_shared<ConnectionArrival>(shared_from_this(), std::move(head)));
}

void HttpConnection::end_arrival() {
  is_announced_ = false;
  if (auto call = std::exchange(arrival_over_call_, nullptr)) call();
}

void HttpConnection::refuse_arrival(http::Response response) {
  if (phase_ != Phase::body || !is_announced_) return;
  reader_.reset();
  phase_ = Phase::answering;
  keeps_alive_ = false;
  mount_ = nullptr;
  end_arrival();
  respond(std::move(response));
}

void HttpConnection::on_arrival_over(std::move_only_function<void()> call) {
  if (is_announced_) arrival_over_call_ = std::move(call);
}

/// Leaves in `bytes` what belongs to no request yet.
void HttpConnection::read_request(std::string_view& bytes) {
  if (phase_ == Phase::idle) {
    phase_ = Phase::head;
    reader_ = std::make_unique<RequestReader>(service_->limits);
    deadline(service_->limits.header_timeout, &HttpConnection::on_head_late);
  }
  while (true) {
    switch (reader_->read(bytes)) {
      case RequestReader::Status::needs_more:
        return;
      case RequestReader::Status::head_done:
        if (!begin_body()) return;
        break;
      case RequestReader::Status::done:
        // Answered on the loop's next step, when what was read ahead has been put aside.
        phase_ = Phase::answering;
        boost::asio::post(shards_.loop(shard_), [self = shared_from_this()] { self->dispatch(); });
        return;
      case RequestReader::Status::failed:
        refuse(reader_->failure_status(), reader_->failure_text());
        return;
    }
  }
}

/// False: refused.
bool HttpConnection::begin_body() {
  mount_ = service_->find(reader_->path());
  const auto bytes_max =
      mount_ == nullptr ? service_->limits.body_bytes_max : mount_->body_bytes_max;
  keeps_alive_ = reader_->keeps_alive();
  if (!reader_->limit_body(bytes_max)) {
    refuse(reader_->failure_status(), reader_->failure_text());
    return false;
  }
  phase_ = Phase::body;
  deadline(service_->limits.body_timeout, &HttpConnection::on_body_late);
  if (reader_->expects_continue()) {
    const std::array<server::Link::Piece, 1> pieces{octets("HTTP/1.1 100 Continue\r\n\r\n")};
    // Twenty-five bytes into an empty buffer: if they do not fit, the client sends its body after a
    // while all the same.
    (void)channel_.send(watched_.native_handle(), pieces);
  }
  return true;
}

void HttpConnection::dispatch() {
  if (phase_ != Phase::answering) return;
  auto request = reader_->take_request();
  reader_.reset();
  end_arrival();
  shards_.timers(shard_).cancel(std::exchange(timer_, 0));
  request.remote_address = service_->proxies.client_address(remote_address_, request);
  is_http_1_0_ = request.version == 10;
  is_head_request_ = request.method == "HEAD";
  requests_seen.add();
  const auto* const mount = std::exchange(mount_, nullptr);
  // The peer is watched while it waits: a long poll whose peer has gone must not be answered into
  // nothing.
  if (kept_.size() < kReadAheadMax) wait_readable();
  if (mount == nullptr) {
    return respond({.status = 404,
                    .headers = {{"Content-Type", "text/plain; charset=UTF-8"}},
                    .body = "Nothing is served here.\n"});
  }
  mount->handler(std::make_shared<ConnectionExchange>(shared_from_this(), std::move(request)));
}

void HttpConnection::keep(std::string_view bytes) {
  if (phase_ != Phase::closed) kept_.append(bytes);
}

void HttpConnection::on_peer_gone(bool is_reset) {
  const bool is_waiting = phase_ == Phase::answering;
  // A FIN after the request may only mean that no further request comes; a long poll, which asked
  // to be told, is over.
  if (!is_reset && (phase_ == Phase::writing || (is_waiting && !abort_call_))) {
    is_half_closed_ = true;
    keeps_alive_ = false;
    return;
  }
  auto abort_call = std::exchange(abort_call_, nullptr);
  close();
  if (is_waiting) requests_aborted.add();
  if (abort_call) abort_call();
}

void HttpConnection::refuse(unsigned status, std::string_view text) {
  // `text` is a constant: it outlives the reader.
  const auto reader = std::exchange(reader_, nullptr);
  phase_ = Phase::answering;
  end_arrival();
  keeps_alive_ = false;
  const auto* const mount = std::exchange(mount_, nullptr);
  const bool is_about_body = status == 408 || status == 413;
  if (mount != nullptr && mount->refuse && is_about_body) {
    auto head = reader->head();
    head.remote_address = service_->proxies.client_address(remote_address_, head);
    return respond(mount->refuse(head, status, text));
  }
  respond({.status = status,
           .headers = {{"Content-Type", "text/plain; charset=UTF-8"}},
           .body = std::string(text) + "\n"});
}

void HttpConnection::respond(http::Response response) {
  if (phase_ != Phase::answering) return;
  abort_call_ = nullptr;
  if (response.closes_connection || is_stopping_) keeps_alive_ = false;
  const auto head = response_head(
      response, {.is_http_1_0 = is_http_1_0_, .closes = !keeps_alive_, .date = http_date()});
  phase_ = Phase::writing;
  write(head, is_head_request_ ? std::string_view() : response.body);
}

void HttpConnection::write(std::string_view head, std::string_view body) {
  const std::array<server::Link::Piece, 2> pieces{octets(head), octets(body)};
  const auto [sent, flow] = channel_.send(watched_.native_handle(), pieces);
  if (flow == Flow::failed) return close();
  if (flow == Flow::ok) return on_written();
  out_.clear();
  if (sent < head.size()) out_ += head.substr(sent);
  out_ += body.substr(sent > head.size() ? sent - head.size() : 0);
  out_sent_ = 0;
  wait_writable();
}

void HttpConnection::wait_writable() {
  deadline(service_->limits.write_timeout, &HttpConnection::on_write_late);
  watched_.async_wait(Watched::wait_write, [self = shared_from_this()](const error_code& ec) {
    if (!ec && self->phase_ == Phase::writing) self->on_writable();
  });
}

void HttpConnection::on_writable() {
  const std::array<server::Link::Piece, 1> pieces{octets(std::string_view(out_).substr(out_sent_))};
  const auto [sent, flow] = channel_.send(watched_.native_handle(), pieces);
  if (flow == Flow::failed) return close();
  out_sent_ += sent;
  if (flow == Flow::would_block) return wait_writable();
  std::exchange(out_, {});
  on_written();
}

void HttpConnection::on_written() {
  is_head_request_ = false;
  if (!keeps_alive_) return close();
  phase_ = Phase::idle;
  deadline(service_->limits.keep_alive_timeout, &HttpConnection::close);
  if (kept_.empty()) return wait_readable();
  // Posted: a client that sends a thousand requests ahead must not nest a thousand answers.
  boost::asio::post(shards_.loop(shard_), [self = shared_from_this()] { self->next_request(); });
}

void HttpConnection::next_request() {
  if (phase_ != Phase::idle) return;
  const auto bytes = std::exchange(kept_, {});
  feed(bytes);
}

void HttpConnection::on_abort(std::move_only_function<void()> call) {
  abort_call_ = std::move(call);
  if (!is_half_closed_ || phase_ != Phase::answering) return;
  boost::asio::post(shards_.loop(shard_), [self = shared_from_this()] {
    if (self->phase_ == Phase::answering) self->on_peer_gone(true);
  });
}

std::unique_ptr<server::Link> HttpConnection::take_link() {
  if (phase_ != Phase::answering) return nullptr;
  abort_call_ = nullptr;
  phase_ = Phase::closed;
  siblings_.open.erase(this);
  shards_.timers(shard_).cancel(std::exchange(timer_, 0));
  return std::make_unique<SocketLink>(
      shards_, SocketLink::Parts{.descriptor = Descriptor(watched_.release()),
                                 .channel = std::move(channel_),
                                 .remote_address = remote_address_,
                                 .early_bytes = std::exchange(kept_, {}),
                                 .place = std::move(place_)});
}

void HttpConnection::deadline(std::chrono::milliseconds after, void (HttpConnection::*then)()) {
  auto& timers = shards_.timers(shard_);
  timers.cancel(timer_);
  timer_ = timers.at(timers.now() + after, [weak = weak_from_this(), then] {
    const auto self = weak.lock();
    if (!self) return;
    self->timer_ = 0;
    (self.get()->*then)();
  });
}

void HttpConnection::on_handshake_late() {
  handshakes_late.add();
  close();
}

void HttpConnection::on_head_late() {
  requests_late.add();
  refuse(408, "The request's headers took too long.");
}

void HttpConnection::on_body_late() {
  requests_late.add();
  refuse(408, "The request's body took too long.");
}

void HttpConnection::on_write_late() {
  responses_late.add();
  close();
}

void HttpConnection::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  siblings_.open.erase(this);
  shards_.timers(shard_).cancel(std::exchange(timer_, 0));
  end_arrival();
  reader_.reset();
  kept_ = {};
  out_ = {};
  close_lingering(shards_, Descriptor(watched_.release()), std::move(channel_), std::move(place_),
                  kLinger);
}

}  // namespace knotos::runtime
