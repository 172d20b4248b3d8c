#include "adapters/redis/connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>

#include <utility>

namespace knotos::adapters::redis {
namespace {

using boost::system::error_code;

/// What PING answers where channels are subscribed to, and where not.
bool is_pong(const Reply& reply) {
  if (reply.kind == Reply::Kind::text) return reply.text == "PONG";
  return reply.kind == Reply::Kind::list && !reply.items.empty() && reply.items[0].text == "pong";
}

}  // namespace

Connection::Connection(boost::asio::io_context& loop, boost::asio::ssl::context& tls, Url url,
                       ConnectionLimits limits, Handlers handlers)
    : url_(std::move(url)),
      limits_(limits),
      handlers_(std::move(handlers)),
      resolver_(loop),
      stream_(loop, tls),
      timer_(loop),
      replies_(limits.reply_bytes_max) {}

void Connection::open() {
  heard_at_ = std::chrono::steady_clock::now();
  timer_.expires_after(limits_.open_time);
  timer_.async_wait([self = shared_from_this()](const error_code& ec) {
    if (!ec && !self->is_open_)
      self->end(self->url_.is_tls ? "it took too long to answer by TLS"
                                  : "it took too long to answer");
  });
  resolver_.async_resolve(
      url_.endpoint.host, std::to_string(url_.endpoint.port),
      [self = shared_from_this()](const error_code& ec, const Tcp::resolver::results_type& found) {
        if (self->is_over_) return;
        if (ec) return self->end("its name could not be looked up: " + ec.message());
        self->on_resolved(found);
      });
}

void Connection::on_resolved(const Tcp::resolver::results_type& found) {
  boost::asio::async_connect(
      stream_.next_layer(), found,
      [self = shared_from_this()](const error_code& ec, const Tcp::endpoint&) {
        if (self->is_over_) return;
        if (ec) return self->end("it could not be reached: " + ec.message());
        self->on_connected();
      });
}

void Connection::on_connected() {
  error_code ignored;
  stream_.next_layer().set_option(Tcp::no_delay(true), ignored);
  if (!url_.is_tls) return greet();
  stream_.set_verify_mode(boost::asio::ssl::verify_peer);
  stream_.set_verify_callback(boost::asio::ssl::host_name_verification(url_.endpoint.host));
  stream_.async_handshake(boost::asio::ssl::stream_base::client,
                          [self = shared_from_this()](const error_code& ec) {
                            if (self->is_over_) return;
                            if (ec) return self->end("no TLS with it: " + ec.message());
                            self->greet();
                          });
}

/// Signs in, chooses the database, and asks for one answer at least: a server that loads its data,
/// or is none, says so here.
void Connection::greet() {
  if (!url_.password.empty()) {
    if (url_.user.empty()) {
      append_command(waiting_, {"AUTH", url_.password});
    } else {
      append_command(waiting_, {"AUTH", url_.user, url_.password});
    }
    ++greetings_left_;
  }
  if (url_.database != 0) {
    append_command(waiting_, {"SELECT", std::to_string(url_.database)});
    ++greetings_left_;
  }
  append_command(waiting_, {"PING"});
  ++greetings_left_;
  write();
  read();
}

void Connection::send(std::string_view commands) {
  if (is_over_) return;
  waiting_ += commands;
  if (is_open_ && writing_.empty()) write();
}

void Connection::abandon() {
  handlers_.on_end = nullptr;
  end({});
}

void Connection::write() {
  if (waiting_.empty()) return;
  writing_ = std::exchange(waiting_, {});
  const auto done = [self = shared_from_this()](const error_code& ec, std::size_t) {
    if (self->is_over_) return;
    if (ec) return self->end("it cannot be written to: " + ec.message());
    self->writing_.clear();
    self->write();
  };
  if (url_.is_tls) {
    boost::asio::async_write(stream_, boost::asio::buffer(writing_), done);
  } else {
    boost::asio::async_write(stream_.next_layer(), boost::asio::buffer(writing_), done);
  }
}

void Connection::read() {
  const auto done = [self = shared_from_this()](const error_code& ec, std::size_t bytes) {
    if (self->is_over_) return;
    if (ec) return self->end("it closed the connection: " + ec.message());
    self->on_read(bytes);
  };
  if (url_.is_tls) {
    stream_.async_read_some(boost::asio::buffer(scratch_), done);
  } else {
    stream_.next_layer().async_read_some(boost::asio::buffer(scratch_), done);
  }
}

void Connection::on_read(std::size_t bytes) {
  heard_at_ = std::chrono::steady_clock::now();
  replies_.feed({scratch_.data(), bytes});
  while (true) {
    auto reply = replies_.next();
    if (!reply) return end("it speaks no Redis: " + reply.error());
    if (!*reply) break;
    if (!take(std::move(**reply)) || is_over_) return;
  }
  read();
}

bool Connection::take(Reply reply) {
  if (greetings_left_ > 0) return take_greeting(reply);
  if (is_pong(reply)) return true;
  handlers_.on_reply(std::move(reply));
  return true;
}

bool Connection::take_greeting(const Reply& reply) {
  if (reply.is_error()) {
    end("it refused: " + reply.text);
    return false;
  }
  if (--greetings_left_ > 0) return true;
  is_open_ = true;
  watch();
  handlers_.on_open();
  if (!is_over_ && writing_.empty()) write();
  return true;
}

/// A connection that is cut without a word is noticed by its silence.
void Connection::watch() {
  timer_.expires_after(limits_.ping_after);
  timer_.async_wait([self = shared_from_this()](const error_code& ec) {
    if (ec || self->is_over_) return;
    const auto silence = std::chrono::steady_clock::now() - self->heard_at_;
    if (silence > self->limits_.silence_max) return self->end("it has fallen silent");
    std::string ping;
    append_command(ping, {"PING"});
    self->send(ping);
    self->watch();
  });
}

void Connection::end(std::string cause) {
  if (std::exchange(is_over_, true)) return;
  error_code ignored;
  timer_.cancel();
  resolver_.cancel();
  stream_.next_layer().close(ignored);
  if (handlers_.on_end) handlers_.on_end(std::move(cause));
}

}  // namespace knotos::adapters::redis
