#include "adapters/redis/subscriptions.hpp"

#include "adapters/redis/resp.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace knotos::adapters::redis {
namespace {

void append_commands(std::string& out, std::string_view verb, std::size_t per_command,
                     const std::vector<std::string_view>& channels) {
  for (std::size_t begin = 0; begin < channels.size(); begin += per_command) {
    const auto count = std::min(per_command, channels.size() - begin);
    std::vector<std::string_view> words{verb};
    const auto part = std::span(channels).subspan(begin, count);
    words.insert(words.end(), part.begin(), part.end());
    append_command(out, words);
  }
}

}  // namespace

void Subscriptions::join(const std::vector<std::string>& channels, Done done) {
  auto waiting = std::make_shared<Waiting>();
  for (const auto& name : channels) {
    const auto at = channels_.try_emplace(name).first;
    auto& channel = at->second;
    if (++channel.joins == 1) mark(at);
    const bool is_there = channel.is_subscribed && channel.unconfirmed == 0;
    if (!is_connected_ || is_there) continue;
    ++waiting->left;
    channel.waiting.push_back(waiting);
  }
  if (waiting->left == 0) return done();
  waiting->done = std::move(done);
}

void Subscriptions::leave(std::string_view name) {
  const auto at = channels_.find(std::string(name));
  if (at == channels_.end() || at->second.joins == 0) return;
  if (--at->second.joins == 0) mark(at);
}

void Subscriptions::connected() {
  is_connected_ = true;
  dirty_.clear();
  for (auto at = channels_.begin(); at != channels_.end(); ++at) {
    at->second.is_subscribed = false;
    at->second.unconfirmed = 0;
    at->second.is_dirty = false;
    mark(at);
  }
  unrestored_ = dirty_.size();
}

void Subscriptions::disconnected() {
  is_connected_ = false;
  unrestored_ = 0;
  dirty_.clear();
  std::vector<Done> ready;
  for (auto at = channels_.begin(); at != channels_.end();) {
    auto& channel = at->second;
    channel.is_subscribed = false;
    channel.is_dirty = false;
    channel.unconfirmed = 0;
    answer(channel, ready);
    at = channel.joins == 0 ? channels_.erase(at) : std::next(at);
  }
  for (auto& done : ready) done();
}

std::string Subscriptions::take_commands() {
  std::string out;
  if (!is_connected_) return out;
  std::vector<std::string_view> wanted;
  std::vector<std::string_view> unwanted;
  const auto dirty = std::exchange(dirty_, {});
  std::vector<Done> ready;
  for (const auto& name : dirty) {
    const auto at = channels_.find(name);
    auto& channel = at->second;
    channel.is_dirty = false;
    const bool is_wanted = channel.joins > 0;
    if (is_wanted == channel.is_subscribed) {
      // It was left and joined again before anybody was told.
      if (channel.unconfirmed == 0) answer(channel, ready);
      forget_if_done(at);
      continue;
    }
    channel.is_subscribed = is_wanted;
    ++channel.unconfirmed;
    (is_wanted ? wanted : unwanted).push_back(at->first);
  }
  append_commands(out, verbs_.join, verbs_.channels_per_command, wanted);
  append_commands(out, verbs_.leave, verbs_.channels_per_command, unwanted);
  for (auto& done : ready) done();
  return out;
}

bool Subscriptions::confirmed(std::string_view name) {
  const auto at = channels_.find(std::string(name));
  if (at == channels_.end() || at->second.unconfirmed == 0) return false;
  auto& channel = at->second;
  if (unrestored_ > 0) --unrestored_;
  if (--channel.unconfirmed > 0) return true;
  std::vector<Done> ready;
  // Also who has left again meanwhile.
  if (channel.is_subscribed || channel.joins == 0) answer(channel, ready);
  forget_if_done(at);
  for (auto& done : ready) done();
  return true;
}

void Subscriptions::mark(Channels::iterator at) {
  if (!is_connected_ || std::exchange(at->second.is_dirty, true)) return;
  dirty_.push_back(at->first);
}

void Subscriptions::answer(Channel& channel, std::vector<Done>& ready) {
  for (const auto& waiting : std::exchange(channel.waiting, {})) {
    if (--waiting->left == 0) ready.push_back(std::move(waiting->done));
  }
}

void Subscriptions::forget_if_done(Channels::iterator at) {
  const auto& channel = at->second;
  const bool is_idle = channel.joins == 0 && channel.unconfirmed == 0 && !channel.is_dirty;
  if (is_idle && !channel.is_subscribed) channels_.erase(at);
}

}  // namespace knotos::adapters::redis
