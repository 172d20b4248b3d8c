#include "conformance/echo_namespaces.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <utility>

namespace knotos::conformance {

using server::Event;
using server::Handshake;
using server::Namespace;
using server::PacketClass;
using server::Refusal;
using server::Socket;
using server::SocketHandle;

namespace {

using Done = std::move_only_function<void(std::optional<Refusal>)>;

constexpr std::size_t kBurstMax = 1'000'000;
constexpr std::size_t kBigMax = 256UL * 1024 * 1024;
constexpr std::size_t kReasonsMax = 10'000;
constexpr std::chrono::milliseconds kAskTimeout{300};
constexpr std::chrono::milliseconds kSlowAdmission{300};

std::size_t number_of(const Event& event, std::size_t max) {
  std::size_t number = 0;
  if (event.size() > 0) {
    const auto text = event.argument(0);
    std::from_chars(text.data(), text.data() + text.size(), number);
  }
  return std::min(number, max);
}

bool holds_secret(const std::string& auth) {
  boost::system::error_code ec;
  const auto value = boost::json::parse(auth, ec);
  if (ec || !value.is_object()) return false;
  const auto* const token = value.get_object().if_contains("token");
  return token != nullptr && token->is_string() && token->get_string() == "secret";
}

bool is_dynamic(std::string_view name) {
  static constexpr std::string_view kPrefix = "/dyn-";
  if (!name.starts_with(kPrefix) || name.size() == kPrefix.size()) return false;
  return std::ranges::all_of(name.substr(kPrefix.size()),
                             [](char c) { return c >= '0' && c <= '9'; });
}

void emit_bytes(Socket& socket) {
  const std::vector<std::string> attachments{"\x01\x02\x03", "\x04", ""};
  const std::vector<std::string_view> arguments{
      R"({"_placeholder":true,"num":0})",
      R"({"k":[{"_placeholder":true,"num":1},{"_placeholder":true,"num":2}]})"};
  socket.emit("bindata", arguments, PacketClass::durable, attachments);
}

}  // namespace

void EchoNamespaces::configure() {
  add_events(server_.of("/"));
  add_events(server_.of("/custom"));
  add_events(server_.of_matching(is_dynamic));

  auto& auth = server_.of("/auth");
  auth.admit([](SocketHandle, const Handshake& handshake, Done done) {
    if (holds_secret(handshake.auth)) return done(std::nullopt);
    done(Refusal{.message = "Not authorized", .data = R"({"code":401,"retry":false})"});
  });
  add_events(auth);

  auto& refusing = server_.of("/auth-nodata");
  refusing.admit([](SocketHandle, const Handshake&, Done done) {
    done(Refusal{.message = "nope", .data = {}});
  });

  auto& slow = server_.of("/slow");
  slow.admit([this](SocketHandle handle, const Handshake&, Done done) {
    auto& timers = *timers_[handle.shard];
    static_cast<void>(timers.at(timers.now() + kSlowAdmission,
                                [done = std::move(done)]() mutable { done(std::nullopt); }));
  });
  add_events(slow);
}

void EchoNamespaces::add_events(Namespace& name_space) {
  name_space.on_connection(
      [](Socket& socket) { socket.emit("auth", std::string_view(socket.handshake().auth)); });
  name_space.on_end([this](Socket&, server::CloseReason reason) {
    const std::scoped_lock lock(mutex_);
    if (reasons_.size() < kReasonsMax) reasons_.push_back(reason);
  });
  add_echoes(name_space);
  add_rooms(name_space);
  add_bursts(name_space);
}

void EchoNamespaces::add_echoes(Namespace& name_space) {
  name_space.on("message", [](Socket& socket, Event event) {
    socket.emit("message-back", event.arguments(), PacketClass::durable, event.attachments);
  });
  name_space.on("message-with-ack", [](Socket&, Event event) {
    event.ack.reply(event.arguments(), event.attachments);
  });
  name_space.on("twice-ack", [](Socket&, Event event) {
    event.ack.reply(R"("first")");
    event.ack.reply(R"("second")");
  });
  name_space.on("ask-me", [this](Socket& socket, Event) { ask(socket); });
  name_space.on("reasons", [this](Socket&, Event event) { event.ack.reply(reasons()); });
  name_space.on("error", [](Socket&, Event) {});
}

void EchoNamespaces::add_rooms(Namespace& name_space) {
  name_space.on("kick", [](Socket& socket, Event event) {
    socket.disconnect(event.size() > 0 && event.argument(0) == "true");
  });
  // A room is named by the JSON text of its name, which is as good a name as any.
  name_space.on("join", [](Socket& socket, Event event) {
    if (event.size() == 0) return;
    socket.join(event.argument(0));
    event.ack.reply(R"("ok")");
  });
  name_space.on("say", [this](Socket& socket, Event event) {
    if (event.size() == 0) return;
    server_.in(socket.name_space())
        .to(event.argument(0))
        .emit("said", event.arguments(1), event.attachments);
  });
}

void EchoNamespaces::add_bursts(Namespace& name_space) {
  name_space.on("volatile-me", [](Socket& socket, Event event) {
    const auto count = number_of(event, kBurstMax);
    for (std::size_t i = 0; i < count; ++i) {
      socket.emit_volatile("vol", std::to_string(i));
    }
  });
  name_space.on("burst", [](Socket& socket, Event event) {
    const auto count = number_of(event, kBurstMax);
    for (std::size_t i = 0; i < count; ++i) socket.emit("b", std::to_string(i));
  });
  name_space.on("big", [](Socket& socket, Event event) {
    socket.emit("bigdata", '"' + std::string(number_of(event, kBigMax), 'x') + '"');
  });
  name_space.on("bin", [](Socket& socket, Event) { emit_bytes(socket); });
}

void EchoNamespaces::ask(Socket& socket) {
  const std::string_view argument = "1";
  socket.ask("question", std::span(&argument, 1), kAskTimeout,
             [this, handle = socket.handle()](std::optional<server::Reply> reply) {
               auto* const asked = server_.find(handle);
               if (asked == nullptr) return;
               const bool is_answered = reply && reply->size() > 0;
               asked->emit("answer",
                           is_answered ? reply->argument(0) : R"("operation has timed out")");
             });
}

std::string EchoNamespaces::reasons() const {
  const std::scoped_lock lock(mutex_);
  std::string list = "[";
  for (const auto reason : reasons_) {
    if (list.size() > 1) list += ',';
    list.append(1, '"').append(server::name_of(reason)).append(1, '"');
  }
  return list + ']';
}

}  // namespace knotos::conformance
