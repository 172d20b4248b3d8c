// Sends every event back, binary included, and acks it. `socketio-echo [PORT]`

#include "runtime/socketio_host.hpp"

#include <cstdlib>

using knotos::server::Event;
using knotos::server::PacketClass;
using knotos::server::Socket;

int main(int argc, char** argv) {
  const auto port = argc > 1 ? std::atoi(argv[1]) : 3000;
  knotos::runtime::SocketIoHost host({.port = static_cast<std::uint16_t>(port)});

  host.io().of("/").on_any([](Socket& socket, Event event) {
    socket.emit(event.name, event.arguments(), PacketClass::durable, event.attachments);
    event.ack.reply(event.arguments(), event.attachments);
  });

  host.run();
}
