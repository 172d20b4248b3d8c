#include "conformance/echo_namespaces.hpp"
#include "conformance/websocket_echo.hpp"
#include "runtime/http_server.hpp"
#include "runtime/shard_pool.hpp"
#include "server/server.hpp"

#include <sodium.h>
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace knotos::conformance {
namespace {

/// Autobahn sends 4 MiB in frames of 64 bytes.
constexpr std::size_t kEchoFragmentsMax = 1'000'000;

struct Flags {
  std::string host = "127.0.0.1";
  std::uint16_t port = 3000;
  std::size_t shards = 1;
  std::string path = "/socket.io/";
  unsigned ping_interval = 25'000;
  unsigned ping_timeout = 20'000;
  unsigned connect_timeout = 45'000;
  unsigned upgrade_timeout = 10'000;
  std::size_t max_payload = 1'000'000;
  std::vector<std::string> cors;
  std::size_t links_per_address = 0;
  std::uint32_t handshakes = 0;
  bool echoes_engine = false;
  bool echoes_websocket = false;
  bool sets_cookie = false;
  bool recovers = false;
};

void declare(CLI::App& app, Flags& flags) {
  app.add_option("--host", flags.host);
  app.add_option("--port", flags.port);
  app.add_option("--shards", flags.shards)->check(CLI::Range(1, 64));
  app.add_option("--path", flags.path);
  app.add_option("--ping-interval", flags.ping_interval, "milliseconds");
  app.add_option("--ping-timeout", flags.ping_timeout, "milliseconds");
  app.add_option("--connect-timeout", flags.connect_timeout, "milliseconds");
  app.add_option("--upgrade-timeout", flags.upgrade_timeout, "milliseconds");
  app.add_option("--max-payload", flags.max_payload, "bytes");
  app.add_option("--cors", flags.cors, "origins, or *")->delimiter(',');
  app.add_option("--links-per-address", flags.links_per_address, "open at a time; 0: no limit");
  app.add_option("--handshakes", flags.handshakes, "of an address, a minute; 0: no limit");
  app.add_flag("--engine-echo", flags.echoes_engine, "Engine.IO without Socket.IO");
  app.add_flag("--ws-echo", flags.echoes_websocket, "bare RFC 6455 on every path");
  app.add_flag("--cookie", flags.sets_cookie);
  app.add_flag("--recovery", flags.recovers, "connection state recovery");
}

server::Options options_of(const Flags& flags) {
  server::Options options;
  options.path = flags.path;
  options.ping_interval = std::chrono::milliseconds(flags.ping_interval);
  options.ping_timeout = std::chrono::milliseconds(flags.ping_timeout);
  options.connect_timeout = std::chrono::milliseconds(flags.connect_timeout);
  options.upgrade_timeout = std::chrono::milliseconds(flags.upgrade_timeout);
  options.payload_bytes_max = flags.max_payload;
  options.cors_origins = flags.cors;
  if (flags.sets_cookie) options.cookie_name = "io";
  options.recovery.is_on = flags.recovers;
  options.links_per_address_max = flags.links_per_address;
  options.links_per_address_rate = {.count = flags.handshakes, .window = std::chrono::minutes(1)};
  // Attachments are of the size of messages, also where that was chosen.
  options.attachment_bytes_max = options.attachments_max * flags.max_payload;
  options.allow_request = [](const http::Request& request) -> std::optional<std::string> {
    if (request.header("x-block")) return "blocked by policy";
    return std::nullopt;
  };
  return options;
}

void wait_for_signal() {
  boost::asio::io_context loop(1);
  boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
  signals.async_wait([](const boost::system::error_code&, int) {});
  loop.run();
}

int run(const Flags& flags) {
  runtime::ShardPool shards(flags.shards);
  server::Server server(shards, shards.all_timers(), options_of(flags),
                        [](auto bytes) { randombytes_buf(bytes.data(), bytes.size()); });
  EchoNamespaces namespaces(server, shards.all_timers());
  namespaces.configure();
  if (flags.echoes_engine) {
    server.use_engine_only([](std::string_view data, bool is_binary,
                              const server::EngineReply& reply) { reply(data, is_binary); });
  }
  WebSocketEcho echo(shards,
                     {.message_bytes_max = flags.max_payload, .fragments_max = kEchoFragmentsMax});

  runtime::HttpServer http(shards, {});
  if (flags.echoes_websocket) {
    http.mount("/", [&echo](const auto& exchange) { echo.serve(exchange); });
  } else {
    http.mount(
        flags.path, [&server](auto exchange) { server.serve(std::move(exchange)); },
        flags.max_payload,
        [&server](const http::Request& head, unsigned status, auto) {
          return server.refuse_body(head, status);
        },
        [&server](auto arrival) { server.arrive(std::move(arrival)); });
  }
  shards.start();
  const auto port = http.listen(flags.host, flags.port);
  std::fprintf(stderr, "listening on %s:%u\n", flags.host.c_str(), unsigned{port});
  wait_for_signal();
  http.stop_accepting();
  http.close_all();
  shards.stop();
  return 0;
}

}  // namespace
}  // namespace knotos::conformance

int main(int argc, char** argv) {
  try {
    knotos::conformance::Flags flags;
    CLI::App app("The Socket.IO server library by itself, for tests that drive it from outside.");
    knotos::conformance::declare(app, flags);
    CLI11_PARSE(app, argc, argv);
    if (sodium_init() < 0) return 1;
    return knotos::conformance::run(flags);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sio-conformance: %s\n", error.what());
    return 1;
  }
}
