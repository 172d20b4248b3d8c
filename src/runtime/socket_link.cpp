#include "runtime/socket_link.hpp"

#include "base/assert.hpp"
#include "base/metrics.hpp"
#include "runtime/lingering_close.hpp"
#include "runtime/shard_pool.hpp"

#include <boost/asio/post.hpp>

#include <optional>
#include <utility>

namespace knotos::runtime {
namespace {

using boost::system::error_code;
using server::LinkEnd;

metrics::Gauge links_open("links", "Links that are open.");

}  // namespace

class SocketLink::State : public std::enable_shared_from_this<State> {
 public:
  State(ShardPool& shards, Parts parts) : shards_(shards), parts_(std::move(parts)) {
    links_open.add();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { links_open.add(-1); }

  void start(server::LinkEvents& events) {
    KN_ASSERT(!watched_ && shards_.current() < shards_.count());
    shard_ = shards_.current();
    events_ = &events;
    if (!parts_.descriptor.is_open()) return;  // Closed before it began.
    watched_.emplace(shards_.loop(shard_), parts_.descriptor.release());
    // Posted: nothing is told inside a call of the owner.
    boost::asio::post(shards_.loop(shard_), [self = shared_from_this()] { self->begin(); });
    if (wants_writable_) wait_writable();
  }

  std::size_t write(std::span<const Piece> pieces) {
    if (!is_open()) return 0;
    if (wants_writable_) {
      owner_waits_ = true;
      return 0;
    }
    const auto [bytes, flow] = parts_.channel.send(descriptor(), pieces);
    if (flow == Flow::would_block) {
      std::size_t asked = 0;
      for (const auto& piece : pieces) asked += piece.size();
      owner_waits_ = bytes < asked;
      want_writable();
    }
    // Before the start the first read will find the same end.
    if (flow == Flow::failed && watched_) {
      boost::asio::post(shards_.loop(shard_),
                        [self = shared_from_this()] { self->end(LinkEnd::failed); });
    }
    return bytes;
  }

  void set_reading(bool is_on) {
    if (std::exchange(is_reading_, is_on) == is_on || !is_on || !watched_) return;
    // Early bytes come first, and not inside this call.
    if (parts_.early_bytes.empty()) return wait_readable();
    boost::asio::post(shards_.loop(shard_), [self = shared_from_this()] { self->begin(); });
  }

  void close() {
    events_ = nullptr;
    if (!is_open()) return;
    auto descriptor = take_descriptor();
    close_lingering(shards_, std::move(descriptor), std::move(parts_.channel),
                    std::move(parts_.place), {});
  }

  void close_at_once() {
    events_ = nullptr;
    if (!is_open()) return;
    take_descriptor().reset();
    parts_.place.leave();
  }

  std::string_view remote_address() const { return parts_.remote_address; }

 private:
  [[nodiscard]] bool is_open() const {
    return watched_ ? watched_->is_open() : parts_.descriptor.is_open();
  }
  [[nodiscard]] int descriptor() {
    return watched_ ? watched_->native_handle() : parts_.descriptor.number();
  }
  /// Ends all waits: their handlers find the link closed.
  [[nodiscard]] Descriptor take_descriptor() {
    return watched_ ? Descriptor(watched_->release()) : std::move(parts_.descriptor);
  }

  void begin() {
    if (!is_open() || !is_reading_) return;
    if (!parts_.early_bytes.empty()) {
      const auto bytes = std::exchange(parts_.early_bytes, {});
      show({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
      return;
    }
    wait_readable();
  }

  /// The owner may close or destroy the link in here; the caller's handler keeps this alive.
  void show(std::span<const std::uint8_t> bytes) {
    if (events_ != nullptr) events_->on_bytes(bytes);
    if (is_open() && is_reading_) wait_readable();
  }

  void wait_readable() {
    if (std::exchange(is_waiting_readable_, true)) return;
    watched_->async_wait(Watched::wait_read, [self = shared_from_this()](const error_code& ec) {
      self->is_waiting_readable_ = false;
      if (!ec) self->read();
    });
  }

  void read() {
    if (!is_open() || !is_reading_) return;
    const auto scratch = shards_.scratch(shard_);
    const auto [bytes, flow] = parts_.channel.receive(descriptor(), scratch);
    // To answer may be the peer's demand, not the owner's wish.
    if (parts_.channel.has_unsent()) want_writable();
    switch (flow) {
      case Flow::ok:
        return show(scratch.first(bytes));
      case Flow::would_block:
        return wait_readable();
      case Flow::ended:
        return end(LinkEnd::closed_by_peer);
      case Flow::failed:
        return end(LinkEnd::failed);
    }
  }

  void want_writable() {
    if (!std::exchange(wants_writable_, true) && watched_) wait_writable();
  }

  void wait_writable() {
    watched_->async_wait(Watched::wait_write, [self = shared_from_this()](const error_code& ec) {
      if (!ec && self->is_open()) self->on_writable();
    });
  }

  void on_writable() {
    const auto flow = parts_.channel.flush(descriptor());
    if (flow == Flow::would_block) return wait_writable();
    if (flow == Flow::failed) return end(LinkEnd::failed);
    wants_writable_ = false;
    if (std::exchange(owner_waits_, false) && events_ != nullptr) events_->on_writable();
  }

  void end(LinkEnd why) {
    auto* const events = std::exchange(events_, nullptr);
    close_at_once();
    if (events != nullptr) events->on_end(why);
  }

  ShardPool& shards_;
  std::size_t shard_ = 0;
  server::LinkEvents* events_ = nullptr;
  Parts parts_;
  std::optional<Watched> watched_;
  bool is_reading_ = true;
  bool is_waiting_readable_ = false;
  bool wants_writable_ = false;  ///< A wait for it is under way, or will be at the start.
  bool owner_waits_ = false;     ///< It was told of less than it wrote.
};

SocketLink::SocketLink(ShardPool& shards, Parts parts)
    : state_(std::make_shared<State>(shards, std::move(parts))) {}

SocketLink::~SocketLink() { state_->close_at_once(); }

void SocketLink::start(server::LinkEvents& events) { state_->start(events); }

std::size_t SocketLink::write(std::span<const Piece> pieces) { return state_->write(pieces); }

void SocketLink::set_reading(bool is_on) { state_->set_reading(is_on); }

void SocketLink::close() { state_->close(); }

std::string_view SocketLink::remote_address() const { return state_->remote_address(); }

}  // namespace knotos::runtime
