#include "base/assert.hpp"
#include "runtime/request_reader.hpp"
#include "server/server.hpp"
#include "support/fake_client.hpp"

#include "fuzz/input.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace knotos::fuzz {
namespace {

using runtime::RequestReader;
using test::FakeExchange;
using test::FakeWorld;

/// Longer than any session lasts that nobody answers for, or any request that waits.
constexpr auto kSilence = std::chrono::minutes(5);
/// In a request it stands for the sid that was given last, which no fuzzer would guess.
constexpr std::string_view kLastSid = "@SID";
constexpr std::size_t kRequestsMax = 64;

runtime::HttpLimits limits() {
  runtime::HttpLimits limits;
  limits.header_bytes_max = 2'048;
  limits.headers_max = 16;
  limits.body_bytes_max = 4'096;
  return limits;
}

server::Options options() {
  server::Options options;
  options.payload_bytes_max = 4'096;
  options.cors_origins = {"https://a.example"};
  options.links_per_address_max = 8;
  return options;
}

/// What a reader made of bytes: as many requests as there were, and how it ended.
struct Reading {
  std::vector<http::Request> requests;
  unsigned failure_status = 0;
  std::string rest;  ///< After a request that leaves the connection to others.
};

bool is_upgrade(const http::Request& request) {
  return request.header_has_token("Connection", "Upgrade");
}

/// `sizes` of the pieces that come, from the input; empty: all at once.
Reading read_all(std::string_view bytes, std::string_view sizes) {
  Reading reading;
  std::string kept;
  auto reader = std::make_unique<RequestReader>(limits());
  Input cuts(reinterpret_cast<const std::uint8_t*>(sizes.data()), sizes.size());
  while (!bytes.empty() && reading.requests.size() < kRequestsMax) {
    const auto size = cuts.is_empty() ? bytes.size() : 1 + cuts.byte();
    kept += bytes.substr(0, size);
    bytes.remove_prefix(std::min(size, bytes.size()));
    bool is_begun = false;  // A request without a body is done once its head is, with no byte more.
    while ((is_begun || !kept.empty()) && reading.requests.size() < kRequestsMax) {
      std::string_view rest = kept;
      const auto status = reader->read(rest);
      kept = std::string(rest);
      is_begun = status == RequestReader::Status::head_done;
      if (status == RequestReader::Status::needs_more) break;
      if (status == RequestReader::Status::head_done && reader->limit_body(limits().body_bytes_max))
        continue;
      if (status != RequestReader::Status::done) {
        reading.failure_status = reader->failure_status();
        KN_ASSERT(reading.failure_status >= 400 && reading.failure_status < 600);
        KN_ASSERT(!reader->failure_text().empty());
        return reading;
      }
      reading.requests.push_back(reader->take_request());
      reader = std::make_unique<RequestReader>(limits());
      if (is_upgrade(reading.requests.back())) {
        reading.rest = kept + std::string(bytes);
        return reading;
      }
    }
  }
  return reading;
}

/// Of two faults of one head, too long and malformed, the one that is found first is told.
bool same(const Reading& one, const Reading& other) {
  const bool have_both_failed = one.failure_status != 0 && other.failure_status != 0;
  if (one.failure_status != other.failure_status && !have_both_failed) return false;
  if (one.rest != other.rest) return false;
  if (one.requests.size() != other.requests.size()) return false;
  for (std::size_t at = 0; at < one.requests.size(); ++at) {
    const auto& left = one.requests[at];
    const auto& right = other.requests[at];
    if (left.method != right.method || left.target != right.target || left.body != right.body ||
        left.headers.size() != right.headers.size())
      return false;
  }
  return true;
}

/// A Socket.IO server that echoes, and the connections to it that are open.
class Front {
 public:
  Front() : world_(1, options()) {
    world_.server.of("/").on("echo", [](server::Socket& socket, server::Event event) {
      socket.emit("echo", event.arguments(), server::PacketClass::durable, event.attachments);
      event.ack.reply(event.size() > 0 ? event.argument(0) : "null");
    });
  }

  void ask(http::Request request, std::string_view rest) {
    request.remote_address = "192.0.2.1";
    if (!request.path().starts_with("/socket.io/")) request.target.insert(0, "/socket.io/");
    if (const auto at = request.target.find(kLastSid); at != std::string::npos)
      request.target.replace(at, kLastSid.size(), sid_);
    const auto exchange = world_.ask(std::move(request));
    world_.shards.run();
    learn_sid(*exchange);
    if (exchange->link_is_taken()) {
      exchange->peer()->send(rest);
      world_.shards.run();
    }
    open_.push_back(exchange);
  }

  void pass(Milliseconds time) { world_.clock.advance(time); }

  /// Nobody waits for ever, and nothing is left.
  void expect_an_end() {
    world_.clock.advance(kSilence);
    world_.shards.run();
    for (const auto& exchange : open_) {
      const auto& response = exchange->response();
      KN_ASSERT(response.has_value() != exchange->link_is_taken());
      KN_ASSERT(!response || (response->status >= 200 && response->status < 600));
      KN_ASSERT(response || exchange->peer()->is_closed());
    }
    world_.shards.on(0, [this] { KN_ASSERT(world_.server.links() == 0); });
  }

 private:
  void learn_sid(const FakeExchange& exchange) {
    const auto& response = exchange.response();
    if (response && response->status == 200 && response->body.contains(R"("sid":")"))
      sid_ = FakeWorld::sid_in(response->body);
  }

  FakeWorld world_;
  std::vector<std::shared_ptr<FakeExchange>> open_;
  std::string sid_ = "none";
};

}  // namespace
}  // namespace knotos::fuzz

/// The front door: HTTP by the reader of requests, then the Socket.IO server. The first byte says
/// how many bytes after it are the sizes of the pieces that the rest comes in, and the milliseconds
/// that pass between requests. Cut anywhere, the same bytes make the same requests; each is
/// answered, or becomes a link, and in the end nothing is left.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace knotos::fuzz;
  Input input(data, size);
  const auto sizes = input.bytes(input.below(16));
  // A head that does not end is not judged yet where it came in pieces.
  const auto bytes = std::string(input.rest()) + "\r\n\r\n";
  const auto whole = read_all(bytes, {});
  KN_ASSERT(same(whole, read_all(bytes, sizes)));

  Front front;
  for (const auto& request : whole.requests) {
    front.ask(request, whole.rest);
    if (!sizes.empty()) front.pass(knotos::Milliseconds(static_cast<unsigned char>(sizes[0])));
  }
  front.expect_an_end();
  return 0;
}
