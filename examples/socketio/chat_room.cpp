// Rooms to talk in. `socketio-chat_room [PORT]`
//
//   client                          everybody else in the room
//   connect with auth {"name"}      -
//   join "room"        → ack [ids]  "joined" id
//   say "room", text   → ack "ok"   "said" room, id, text
//   typing "room"                   "typing" room, id    (dropped for whoever is slow)
//   leave "room", or a lost link    "left" room, id
//
// Arguments are JSON texts: a room is named by the text of its name, quotes and all, and what a
// client says is passed on as it came.

#include "runtime/socketio_host.hpp"

#include <cstdlib>
#include <string>

using namespace knotos::server;

namespace {

std::string own_id(const Socket& socket) { return json_string(socket.id()); }

void join(Socket& socket, Event event) {
  if (event.size() != 1) return;
  const std::string room(event.argument(0));
  socket.join(room);
  socket.to(room).emit("joined", own_id(socket));
  socket.broadcast().to(room).fetch_sockets(
      [ack = std::move(event.ack)](std::vector<SocketInfo> others) mutable {
        std::string ids = "[";
        for (const auto& other : others) ids += (ids.size() > 1 ? "," : "") + json_string(other.id);
        ack.reply(ids + "]");
      });
}

void say(Socket& socket, Event event) {
  if (event.size() != 2) return;
  socket.to(event.argument(0)).emit("said", {event.argument(0), own_id(socket), event.argument(1)});
  event.ack.reply(R"("ok")");
}

void typing(Socket& socket, Event event) {
  if (event.size() != 1) return;
  socket.to(event.argument(0)).as_volatile().emit("typing", {event.argument(0), own_id(socket)});
}

void leave(Socket& socket, Event event) {
  if (event.size() != 1) return;
  socket.leave(event.argument(0));
  socket.to(event.argument(0)).emit("left", {event.argument(0), own_id(socket)});
}

}  // namespace

int main(int argc, char** argv) {
  const auto port = argc > 1 ? std::atoi(argv[1]) : 3000;
  knotos::runtime::SocketIoHost::Options options{.port = static_cast<std::uint16_t>(port)};
  options.socketio.recovery.is_on = true;
  knotos::runtime::SocketIoHost host(options);
  auto& chat = host.io().of("/");

  chat.admit([](SocketHandle, const Handshake& handshake, auto done) {
    if (handshake.auth.contains(R"("name":)")) return done(std::nullopt);
    done(Refusal{.message = "Say who you are.", .data = R"({"missing":"name"})"});
  });
  chat.on("join", join);
  chat.on("say", say);
  chat.on("typing", typing);
  chat.on("leave", leave);
  chat.on_disconnecting([&](Socket& socket, CloseReason, std::span<const std::string> rooms) {
    for (const auto& room : rooms) chat.to(room).emit("left", {room, own_id(socket)});
  });

  host.run();
}
