#include "server/broadcast.hpp"

#include "server/event_body.hpp"
#include "server/shard_server.hpp"
#include "server/wait_for.hpp"

#include <iterator>
#include <memory>
#include <utility>

namespace knotos::server {

namespace {

/// Answers of several shards that make one, where they are waited for.
template <class T>
struct Gathered {
  std::size_t waiting = 0;
  T sum;
  std::move_only_function<void(T)> answer;
};

void add(std::vector<SocketInfo>& sum, std::vector<SocketInfo> part) {
  std::ranges::move(part, std::back_inserter(sum));
}

void add(BroadcastReplies& sum, BroadcastReplies part) {
  sum.asked += part.asked;
  std::ranges::move(part.replies, std::back_inserter(sum.replies));
}

/// Hands each shard's part to whoever waits on `origin`, always by its mailbox.
template <class T>
std::function<void(T)> gather_on(Shards& shards, std::size_t origin, std::size_t parts,
                                 std::move_only_function<void(T)> answer) {
  auto gathered = std::make_shared<Gathered<T>>(
      Gathered<T>{.waiting = parts, .sum = {}, .answer = std::move(answer)});
  return [&shards, origin, gathered = std::move(gathered)](T part) {
    shards.post(origin, [gathered, part = std::move(part)]() mutable {
      add(gathered->sum, std::move(part));
      if (--gathered->waiting == 0) gathered->answer(std::move(gathered->sum));
    });
  };
}

}  // namespace

Broadcast::Broadcast(ServerShared& server, std::string_view name_space)
    : server_(&server), name_space_(name_space) {}

Broadcast::Broadcast(ServerShared& server, const NamespaceState& state)
    : server_(&server), state_(&state) {}

Broadcast Broadcast::to(std::string_view room) && {
  rooms_.emplace_back(room);
  return std::move(*this);
}

Broadcast Broadcast::to(std::string_view room) const& { return Broadcast(*this).to(room); }

Broadcast Broadcast::except(std::string_view room) && {
  excepts_.emplace_back(room);
  return std::move(*this);
}

Broadcast Broadcast::except(std::string_view room) const& { return Broadcast(*this).except(room); }

Broadcast Broadcast::as_volatile() && {
  is_volatile_ = true;
  class_ = PacketClass::ephemeral;
  return std::move(*this);
}

Broadcast Broadcast::in_class(PacketClass packet_class) && {
  class_ = packet_class;
  return std::move(*this);
}

Broadcast Broadcast::local() && {
  is_local_ = true;
  return std::move(*this);
}

Broadcast Broadcast::on_shards(std::vector<std::size_t> shards) && {
  shards_ = std::move(shards);
  return std::move(*this);
}

std::vector<std::size_t> Broadcast::shards() const {
  auto& all = server_->shards;
  if (is_local_) {
    KN_ASSERT(all.current() < all.count());
    return {all.current()};
  }
  if (!shards_.empty()) return shards_;
  std::vector<std::size_t> every;
  for (std::size_t shard = 0; shard < all.count(); ++shard) every.push_back(shard);
  return every;
}

void Broadcast::run(const std::function<void(ShardServer&)>& work) const {
  auto& all = server_->shards;
  const auto here = all.current();
  for (const auto shard : shards()) {
    auto* const server = server_->servers[shard];
    if (shard == here) {
      work(*server);
    } else {
      all.post(shard, [server, work] { work(*server); });
    }
  }
}

bool Broadcast::emit(std::string_view event, std::span<const std::string_view> arguments,
                     std::span<const std::string> attachments) const {
  auto body = make_body(event, arguments, class_, attachments);
  if (!body) return false;
  auto shared = std::make_shared<const std::pair<Broadcast, EventBody>>(*this, *std::move(body));
  const auto send = [](const std::shared_ptr<const std::pair<Broadcast, EventBody>>& what,
                       BroadcastId id) {
    what->first.run(
        [what, id](ShardServer& shard) { shard.broadcast(what->first, what->second, id); });
  };
  auto& all = server_->shards;
  if (all.current() < all.count()) {
    auto* const origin = server_->servers[all.current()];
    send(shared, is_local_ ? BroadcastId{} : origin->begin_broadcast());
    return true;
  }
  // A foreign thread has no number and no order of its own: it speaks through the first shard.
  all.post(0, [origin = server_->servers[0], shared = std::move(shared), send] {
    send(shared, origin->begin_broadcast());
  });
  return true;
}

bool Broadcast::emit(std::string_view event,
                     std::initializer_list<std::string_view> arguments) const {
  return emit(event, std::span(arguments.begin(), arguments.size()));
}

bool Broadcast::emit(std::string_view event, std::string_view argument) const {
  return emit(event, std::span(&argument, 1));
}

void Broadcast::ask(std::string_view event, std::span<const std::string_view> arguments,
                    std::chrono::milliseconds timeout, BroadcastReplyHandler answer) const {
  auto& all = server_->shards;
  KN_ASSERT(all.current() < all.count());
  auto body = make_body(event, arguments, class_, {});
  if (!body) {
    return all.post(all.current(),
                    [answer = std::move(answer)]() mutable { answer(BroadcastReplies{}); });
  }
  const auto part =
      gather_on<BroadcastReplies>(all, all.current(), shards().size(), std::move(answer));
  const auto shared =
      std::make_shared<const std::pair<Broadcast, EventBody>>(*this, *std::move(body));
  run([shared, timeout, part](ShardServer& shard) {
    shard.ask_many(shared->first, shared->second, timeout, part);
  });
}

Task<BroadcastReplies> Broadcast::ask(std::string_view event,
                                      std::span<const std::string_view> arguments,
                                      std::chrono::milliseconds timeout) const {
  auto answer = std::make_shared<OneShot<BroadcastReplies>>();
  ask(event, arguments, timeout,
      [answer](BroadcastReplies replies) { answer->deliver(std::move(replies)); });
  return wait_for(std::move(answer));
}

void Broadcast::sockets_join(std::string_view room) const {
  run([whom = *this, owned = std::string(room)](ShardServer& shard) {
    shard.join_all(whom, owned);
  });
}

void Broadcast::sockets_leave(std::string_view room) const {
  run([whom = *this, owned = std::string(room)](ShardServer& shard) {
    shard.leave_all(whom, owned);
  });
}

void Broadcast::disconnect_sockets(bool closes_links) const {
  run([whom = *this, closes_links](ShardServer& shard) {
    shard.disconnect_all(whom, closes_links);
  });
}

void Broadcast::fetch_sockets(FetchHandler answer) const {
  auto& all = server_->shards;
  KN_ASSERT(all.current() < all.count());
  const auto part =
      gather_on<std::vector<SocketInfo>>(all, all.current(), shards().size(), std::move(answer));
  run([whom = *this, part](ShardServer& shard) { part(shard.fetch(whom)); });
}

Task<std::vector<SocketInfo>> Broadcast::fetch_sockets() const {
  auto answer = std::make_shared<OneShot<std::vector<SocketInfo>>>();
  fetch_sockets([answer](std::vector<SocketInfo> found) { answer->deliver(std::move(found)); });
  return wait_for(std::move(answer));
}

}  // namespace knotos::server
