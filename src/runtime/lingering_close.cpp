#include "runtime/lingering_close.hpp"

#include "runtime/shard_pool.hpp"

#include <sys/socket.h>

#include <memory>

namespace knotos::runtime {
namespace {

class LingeringClose : public std::enable_shared_from_this<LingeringClose> {
 public:
  LingeringClose(ShardPool& shards, Descriptor descriptor, Channel channel, ConnectionPlace place,
                 std::size_t bytes_max)
      : shards_(shards),
        shard_(shards.current()),
        watched_(shards.loop(shard_), descriptor.release()),
        channel_(std::move(channel)),
        place_(std::move(place)),
        bytes_left_(bytes_max) {}

  void start(std::chrono::milliseconds time) {
    channel_.finish(watched_.native_handle());
    send_rest();
    auto& timers = shards_.timers(shard_);
    deadline_ = timers.at(timers.now() + time, [self = shared_from_this()] { self->close(); });
    wait();
  }

 private:
  void send_rest() {
    if (channel_.flush(watched_.native_handle()) != Flow::would_block) {
      ::shutdown(watched_.native_handle(), SHUT_WR);
      return;
    }
    watched_.async_wait(Watched::wait_write,
                        [self = shared_from_this()](const boost::system::error_code& ec) {
                          if (!ec && self->watched_.is_open()) self->send_rest();
                        });
  }

  void wait() {
    watched_.async_wait(Watched::wait_read,
                        [self = shared_from_this()](const boost::system::error_code& ec) {
                          if (!ec) self->discard();
                        });
  }

  void discard() {
    const auto [bytes, flow] = receive_now(watched_.native_handle(), shards_.scratch(shard_));
    const bool is_over = flow == Flow::ended || flow == Flow::failed || bytes > bytes_left_;
    if (is_over) return close();
    bytes_left_ -= bytes;
    wait();
  }

  void close() {
    shards_.timers(shard_).cancel(deadline_);
    boost::system::error_code ignored;
    watched_.close(ignored);
    place_.leave();
  }

  ShardPool& shards_;
  const std::size_t shard_;
  Watched watched_;
  Channel channel_;
  ConnectionPlace place_;
  std::size_t bytes_left_;
  server::Timers::Handle deadline_ = 0;
};

}  // namespace

void close_lingering(ShardPool& shards, Descriptor descriptor, Channel channel,
                     ConnectionPlace place, LingerLimits limits) {
  // After the shards have stopped nobody waits any more: the descriptor closes here.
  if (shards.current() == shards.count()) return;
  std::make_shared<LingeringClose>(shards, std::move(descriptor), std::move(channel),
                                   std::move(place), limits.bytes)
      ->start(limits.time);
}

}  // namespace knotos::runtime
