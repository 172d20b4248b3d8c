// The server that the tests of the official client expect on port 3210. `client_suite_server
// [PORT]` README.md beside this file says how they are run.

#include "protocol/http/message.hpp"
#include "runtime/socketio_host.hpp"

#include <boost/json.hpp>

#include <array>
#include <chrono>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

using namespace knotos::server;

namespace {

constexpr std::uint16_t kPort = 3210;
constexpr auto kAckTime = std::chrono::seconds(5);
constexpr std::string_view kDate = R"("2026-11-26T08:00:00.000Z")";
constexpr std::string_view kFirstAttachment = R"({"_placeholder":true,"num":0})";

/// What a browser would call the handshake: query and auth.
std::string handshake_text(const Handshake& handshake) {
  boost::json::object query;
  const knotos::http::Query parameters(handshake.request.query());
  for (const auto& [name, value] : parameters.all()) query[name] = value;
  boost::json::object text{{"query", query}, {"auth", boost::json::parse(handshake.auth)}};
  return boost::json::serialize(text);
}

const std::string& kept_handshake(const Socket& socket) {
  return *std::static_pointer_cast<std::string>(socket.data());
}

bool is_buffer(const Event& event) { return event.attachments.size() == 1; }

/// Answers an event by another one.
void answer(Namespace& io, std::string_view event, std::string_view with,
            std::initializer_list<std::string_view> arguments) {
  std::vector<std::string> texts(arguments.begin(), arguments.end());
  io.on(std::string(event), [with, texts = std::move(texts)](Socket& socket, Event) {
    std::vector<std::string_view> views(texts.begin(), texts.end());
    socket.emit(with, views, PacketClass::durable);
  });
}

/// Answers a buffer, alone or in an object, by an event without arguments.
void answer_buffer(Namespace& io, std::string_view event, std::string_view with) {
  io.on(std::string(event), [with](Socket& socket, Event received) {
    if (is_buffer(received)) socket.emit(with);
  });
}

void send_buffer(Namespace& io, std::string_view event, std::string_view with) {
  io.on(std::string(event), [with](Socket& socket, Event) {
    const std::array<std::string_view, 1> arguments{kFirstAttachment};
    const std::array<std::string, 1> attachments{"asdfasdf"};
    socket.emit(with, arguments, PacketClass::durable, attachments);
  });
}

void listen_to_acks(Server& server, Namespace& io) {
  io.on("echo", [](Socket&, Event event) { event.ack.reply(event.argument(0)); });
  io.on("getAckDate", [](Socket&, Event event) { event.ack.reply(kDate); });
  io.on("getId", [](Socket& socket, Event event) { event.ack.reply(json_string(socket.id())); });
  io.on("getHandshake",
        [](Socket& socket, Event event) { event.ack.reply(kept_handshake(socket)); });
  io.on("ack", [&server](Socket& socket, Event) {
    socket.ask("ack", {}, kAckTime,
               [&server, handle = socket.handle()](std::optional<Reply> reply) {
                 if (!reply || reply->size() != 2 || reply->argument(0) != "5") return;
                 server.with(handle, [](Socket& asked) { asked.emit("got it"); });
               });
  });
}

void listen_to_binary(Namespace& io) {
  send_buffer(io, "doge", "doge");
  send_buffer(io, "getbin", "takebin");
  answer_buffer(io, "buffa", "buffack");
  answer_buffer(io, "jsonbuff", "jsonbuff-ack");
  // The second follows a buffer and is none itself.
  answer(io, "abuff2", "abuff2-ack", {});
  answer_buffer(io, "blob", "back");
  answer_buffer(io, "jsonblob", "jsonblob-ack");
  answer_buffer(io, "blob3", "blob3-ack");
}

}  // namespace

int main(int argc, char** argv) {
  knotos::runtime::SocketIoHost::Options options{
      .port = argc > 1 ? static_cast<std::uint16_t>(std::atoi(argv[1])) : kPort};
  options.socketio.ping_interval = std::chrono::seconds(2);
  options.socketio.recovery.is_on = true;
  knotos::runtime::SocketIoHost host(options);

  auto& io = host.io().of("/");
  io.admit([](SocketHandle, const Handshake& handshake, auto done) {
    const knotos::http::Query query(handshake.request.query());
    if (query.get("fail")) return done(Refusal{.message = "Auth failed (main namespace)"});
    done(std::nullopt);
  });
  io.on_connection([](Socket& socket) {
    socket.set_data(std::make_shared<std::string>(handshake_text(socket.handshake())));
  });
  answer(io, "hi", "hi", {});
  answer(io, "false", "false", {"false"});
  answer(io, "getDate", "takeDate", {kDate});
  answer(io, "getDateObj", "takeDateObj", {R"({"date":"2026-11-26T08:00:00.000Z"})"});
  io.on("getUtf8", [](Socket& socket, Event) {
    for (const auto* text : {R"("てすと")", R"("Я Б Г Д Ж Й")", R"("Ä ä Ü ü ß")",
                             R"("utf8 — string")", R"("utf8 — string")"})
      socket.emit("takeUtf8", text);
  });
  listen_to_acks(host.io(), io);
  listen_to_binary(io);

  for (const auto* name : {"/timeout_socket", "/valid", "/asd"}) (void)host.io().of(name);
  host.io().of("/foo").on(
      "getId", [](Socket& socket, Event event) { event.ack.reply(json_string(socket.id())); });
  host.io().of("/abc").on_connection(
      [](Socket& socket) { socket.emit("handshake", handshake_text(socket.handshake())); });
  host.io().of("/no").admit([](SocketHandle, const Handshake&, auto done) {
    done(Refusal{.message = "Auth failed (custom namespace)"});
  });
  host.run();
  return EXIT_SUCCESS;
}
