#include "adapters/redis/servers.hpp"

#include <boost/asio/associated_executor.hpp>

#include <algorithm>
#include <ranges>
#include <utility>

namespace knotos::adapters::redis {
namespace {}  // namespace

Servers::Servers(boost::asio::io_context& loop, boost::asio::ssl::context& tls, const Url& url,
                 const Node::Limits& limits, Handlers handlers)
    : loop_(loop),
      tls_(tls),
      url_(url),
      limits_(limits),
      handlers_(std::move(handlers)),
      timer_(loop) {
  if (!is_cluster()) only_ = use(url_.endpoint).node.get();
}

void Servers::start() {
  if (!is_cluster()) return only_->start();
  for (const auto& seed : url_.seeds) use(seed);
  tick();
}

void Servers::stop() {
  timer_.cancel();
  for (auto& member : members_ | std::views::values) member.node->stop();
}

Servers::Member& Servers::use(const Endpoint& endpoint) {
  auto& member = members_[endpoint.to_string()];
  if (member.is_used) return member;
  member.is_used = true;
  member.has_failed = false;
  if (!member.node) {
    auto url = url_;
    url.endpoint = endpoint;
    url.seeds.clear();
    member.node = std::make_unique<Node>(
        loop_, tls_, url, limits_, is_cluster() ? Subscriptions::kSharded : Subscriptions::kPlain,
        Node::Handlers{
            .on_change = [this] { look(); },
            .on_lost = [this, &member](const std::string& cause) { on_lost(member, cause); },
            .on_message = [this](
                              std::string_view channel,
                              std::string text) { handlers_.on_message(channel, std::move(text)); },
            .on_refused =
                [this](const std::string&) {
                  is_doubtful_ = true;
                  must_rejoin_ = true;
                }});
  }
  if (is_cluster()) member.node->start();
  return member;
}

void Servers::drop(Member& member) {
  if (!std::exchange(member.is_used, false)) return;
  member.node->stop();
  for (auto& command : member.node->commands().take_kept()) hold(std::move(command));
}

Node* Servers::node_of(std::uint16_t slot) {
  if (only_ != nullptr) return only_;
  const auto* master = map_.master_of(slot);
  return master == nullptr ? nullptr : use(*master).node.get();
}

bool Servers::is_whole() const {
  if (only_ != nullptr) return only_->is_whole();
  return has_map_ && !is_doubtful_ && map_.is_whole() &&
         std::ranges::all_of(members_ | std::views::values, [](const Member& member) {
           return !member.is_used || member.node->is_whole();
         });
}

void Servers::look() { handlers_.on_state(is_whole(), {}); }

/// Of a cluster's seeds one suffices, until its map is known.
void Servers::on_lost(Member& member, const std::string& cause) {
  if (!member.is_used) return;
  member.has_failed = true;
  const bool is_alone = std::ranges::all_of(members_ | std::views::values, [](const Member& each) {
    return !each.is_used || each.has_failed;
  });
  is_doubtful_ = is_doubtful_ || is_cluster();
  handlers_.on_state(is_whole(), has_map_ || is_alone ? cause : std::string());
}

void Servers::join(const std::vector<std::string>& channels, Subscriptions::Done done) {
  for (const auto& name : channels) ++joins_[name];
  if (only_ != nullptr) return only_->join(channels, std::move(done));
  std::map<Node*, std::vector<std::string>> by_node;
  for (const auto& name : channels) {
    // What nobody serves is joined when the next map is followed.
    if (auto* node = node_of(slot_of(name))) by_node[node].push_back(name);
  }
  auto left = std::make_shared<std::size_t>(by_node.size());
  if (*left == 0) return done();
  auto last = std::make_shared<Subscriptions::Done>(std::move(done));
  for (auto& [node, names] : by_node) {
    node->join(names, [left, last] {
      if (--*left == 0) (*last)();
    });
  }
}

void Servers::leave(const std::string& channel) {
  const auto at = joins_.find(channel);
  if (at == joins_.end()) return;
  if (--at->second == 0) joins_.erase(at);
  if (auto* node = node_of(slot_of(channel))) node->leave(channel);
}

void Servers::submit(std::string_view key, Commands::Command command) {
  if (only_ != nullptr) return only_->commands().submit(std::move(command));
  command.slot = slot_of(key);
  boost::asio::post(loop_,
                    [this, command = std::move(command)]() mutable { route(std::move(command)); });
}

Task<std::vector<Result<Reply>>> Servers::ask_all(std::vector<Ask> asks) {
  using Replies = std::vector<Result<Reply>>;
  if (asks.empty()) co_return Replies();
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&,
                                                 void(Replies)>(
      [this, &asks](auto handler) {
        auto executor = boost::asio::get_associated_executor(handler);
        // Answers come on the loop's thread one after the other; the last one ends the wait.
        auto replies = std::make_shared<Replies>(asks.size());
        auto left = std::make_shared<std::size_t>(asks.size());
        auto answer = std::make_shared<decltype(handler)>(std::move(handler));
        for (std::size_t i = 0; i < asks.size(); ++i) {
          submit(asks[i].key, {.text = std::move(asks[i].text),
                               .is_kept = false,
                               .done = [executor, replies, left, answer, i](Result<Reply> reply) {
                                 (*replies)[i] = std::move(reply);
                                 if (--*left > 0) return;
                                 boost::asio::post(executor, [replies, answer]() mutable {
                                   std::move (*answer)(std::move(*replies));
                                 });
                               }});
        }
      },
      boost::asio::use_awaitable);
}

}  // namespace knotos::adapters::redis
