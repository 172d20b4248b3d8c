#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace knotos::server {

class ShardServer;

/// Names a socket for ever; the socket itself may be gone. A plain value, so it may be kept across
/// a co_await and sent between shards, where a `Socket&` may not.
struct SocketHandle {
  std::uint32_t shard = 0;
  std::uint32_t slot = 0;
  std::uint64_t generation = 0;

  auto operator<=>(const SocketHandle&) const = default;
};

/// What a client sent along, with an event or an answer: JSON texts, one an argument, each valid
/// and within the depth limit; never built into values, so they can be passed on unharmed.
struct Arguments {
  /// All of them in one text with the slices of it.
  std::string text;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> slices;  ///< Begin and end in `text`.
  std::vector<std::string> attachments;  ///< Binary; placeholders in the arguments are checked.

  [[nodiscard]] std::size_t size() const { return slices.size(); }
  [[nodiscard]] std::string_view argument(std::size_t index) const {
    return std::string_view(text).substr(slices[index].first,
                                         slices[index].second - slices[index].first);
  }
  /// From `first` on, to send them on. Good while this is.
  [[nodiscard]] std::vector<std::string_view> arguments(std::size_t first = 0) const {
    std::vector<std::string_view> views;
    for (std::size_t i = first; i < size(); ++i) views.push_back(argument(i));
    return views;
  }
};

/// Answers an event, at most once: on the socket's shard, now or later. If the client asked for no
/// ack, or has gone, nothing happens.
class Ack {
 public:
  Ack() = default;
  Ack(Ack&&) noexcept;
  Ack& operator=(Ack&&) noexcept;
  ~Ack();

  /// The client asked for one.
  [[nodiscard]] bool is_wanted() const;
  /// `arguments`: JSON texts, one an argument.
  /// `attachments`: what placeholders in the arguments stand for; more than `attachments_max` are
  /// refused and counted, and the client waits in vain.
  void reply(std::span<const std::string_view> arguments,
             std::span<const std::string> attachments = {});
  void reply(std::string_view argument);

 private:
  friend class ShardServer;
  struct State;
  explicit Ack(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A client's answer to `Socket::ask`.
struct Reply : Arguments {};

/// nullopt: no answer came in time, or the socket ended before.
using ReplyHandler = std::move_only_function<void(std::optional<Reply>)>;

/// One event from a client. While it lives it counts against the link's inbox: keep it until the
/// work is done.
struct Event : Arguments {
  std::string name;
  Ack ack;

 private:
  friend class ShardServer;
  struct InboxPlace;
  struct LeaveInbox {
    void operator()(InboxPlace* place) const;
  };
  std::unique_ptr<InboxPlace, LeaveInbox> place_;
};

}  // namespace knotos::server
