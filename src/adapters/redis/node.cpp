#include "adapters/redis/node.hpp"

#include "base/log.hpp"

#include <utility>

namespace knotos::adapters::redis {

Node::Node(boost::asio::io_context& loop, boost::asio::ssl::context& tls, const Url& url,
           const Limits& limits, Subscriptions::Verbs verbs, Handlers handlers)
    : loop_(loop),
      handlers_(std::move(handlers)),
      commands_(loop, tls, url, limits.connection, limits.commands,
                Commands::Handlers{.on_open =
                                       [this] {
                                         are_commands_open_ = true;
                                         handlers_.on_change();
                                       },
                                   .on_lost =
                                       [this](const std::string& cause) {
                                         are_commands_open_ = false;
                                         handlers_.on_lost(cause);
                                       }}),
      subscriber_(loop, tls, url, limits.connection, "subscriber",
                  Line::Handlers{
                      .on_open =
                          [this] {
                            subscriptions_.connected();
                            send();
                            handlers_.on_change();
                          },
                      .on_reply = [this](Reply reply) { on_reply(std::move(reply)); },
                      .on_lost = [this](const std::string& cause) { on_subscriber_lost(cause); }}),
      subscriptions_(verbs) {}

void Node::start() {
  commands_.start();
  subscriber_.start();
}

void Node::stop() {
  commands_.stop();
  subscriber_.stop();
  subscriptions_.disconnected();
}

void Node::forget_channels() {
  subscriber_.stop();
  subscriptions_.disconnected();
  subscriptions_.clear();
  subscriber_.start();
}

void Node::join(const std::vector<std::string>& channels, Subscriptions::Done done) {
  subscriptions_.join(channels, std::move(done));
  send_later();
}

void Node::leave(std::string_view channel) {
  subscriptions_.leave(channel);
  send_later();
}

/// After what else has come in this turn, so that it goes out in one command.
void Node::send_later() {
  if (std::exchange(is_sending_later_, true)) return;
  boost::asio::post(loop_, [this] {
    is_sending_later_ = false;
    send();
  });
}

void Node::send() {
  const auto text = subscriptions_.take_commands();
  if (!text.empty()) subscriber_.send(text);
}

void Node::on_subscriber_lost(const std::string& cause) {
  subscriptions_.disconnected();
  handlers_.on_lost(cause);
}

void Node::on_reply(Reply reply) {
  if (reply.kind != Reply::Kind::list || reply.items.size() != 3) {
    if (reply.is_error()) {
      log::warning("Redis refused a channel", {{"cause", reply.text}});
      handlers_.on_refused(reply.text);
    }
    return;
  }
  const auto& kind = reply.items[0].text;
  const auto& channel = reply.items[1].text;
  if (kind == "message" || kind == "smessage") {
    return handlers_.on_message(channel, std::move(reply.items[2].text));
  }
  if (!kind.ends_with("subscribe")) return;
  if (!subscriptions_.confirmed(channel)) handlers_.on_refused(channel);
  handlers_.on_change();
}

}  // namespace knotos::adapters::redis
