#include "chat_device.hpp"
#include "lossy_bus.hpp"
#include "node.hpp"
#include "shown.hpp"
#include "support/seeded_random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>

namespace knotos::gateway {
namespace {

using test::ChatDevice;
using test::Node;

constexpr int kUsers = 4;
constexpr int kSteps = 120;

/// Two gateways with their services over one store, a bus that drops, doubles and reorders, and
/// devices that come and go: one thread, one seed, one history.
class TwoGateways {
 public:
  explicit TwoGateways(std::uint64_t seed) : seed_(seed), random_(seed), medium_(random_) {
    server::Options options;
    options.recovery.is_on = random_.one_in(2);
    for (std::size_t i = 0; i < 2; ++i) {
      buses_.push_back(std::make_unique<test::LossyBus>(medium_));
      nodes_.push_back(std::make_unique<Node>(store_, *buses_.back(), random_, 1 + random_.below(3),
                                              options, i == 0 ? nullptr : nodes_[0].get()));
    }
    for (int i = 0; i < kUsers; ++i) {
      const auto name = "user" + std::to_string(i);
      const auto session = nodes_[0]->run(nodes_[0]->accounts.register_user(
          {.username = name, .password = "correct horse", .display_name = {}, .device_name = {}}));
      users_.push_back(session->user.id);
      // The second device of a user comes by the other gateway as often as not.
      const auto again = nodes_[1]->run(nodes_[1]->accounts.login(
          {.username = name, .password = "correct horse", .device_name = {}}));
      devices_.push_back(std::make_unique<ChatDevice>(session->user.id, session->access_token));
      devices_.push_back(std::make_unique<ChatDevice>(again->user.id, again->access_token));
    }
    make_chat();
  }

  void play() {
    for (int step = 0; step < kSteps; ++step) {
      act();
      run_some();
    }
  }

  /// The bus is well from now on, and everybody is there. Nothing changes any more but what is told
  /// once: whatever the bus has lost is found by the sweep.
  void settle() {
    while (medium_.deliver_one()) {
    }
    medium_.set_reliable(true);
    advance(std::chrono::seconds(3));
    bring_everybody_in();
    for (const auto& chat : chats_) {
      if (nodes_[0]->run(store_.load(chat, {}))->chat.member_count == 0) continue;
      publish_receipt(chat, member_of(chat));
    }
    for (auto& device : devices_) watch_everybody(*device);
    run_all();
    // Long enough for the grace, the board and the pause between two updates.
    advance(std::chrono::seconds(60), std::chrono::seconds(1));
  }

  /// Whom a gateway sends back comes again, as clients do.
  void bring_everybody_in() {
    const auto is_here = [](const auto& device) { return device->is_connected(); };
    for (int tries = 0; tries < 3 && !std::ranges::all_of(devices_, is_here); ++tries) {
      for (auto& device : devices_) {
        if (!device->is_connected()) connect(*device);
      }
      run_all();
    }
    ASSERT_TRUE(std::ranges::all_of(devices_, is_here)) << "seed " << seed_;
  }

  /// Typing, receipts, presence and private changes, as each device shows them in the end.
  void check_shown() {
    for (auto& device : devices_) {
      const auto& shown = shown_[device.get()];
      EXPECT_TRUE(shown.typing.empty()) << "seed " << seed_ << ": a ghost types";
      for (const auto& user : users_) {
        EXPECT_EQ(shown.presence.at(user.to_string()), "online") << "seed " << seed_;
      }
      const auto last = medium_.last_settings(device->user());
      EXPECT_GE(std::max(shown.settings_base, shown.settings), last) << "seed " << seed_;
      for (const auto& chat : chats_) {
        const auto reader = member_of(chat);
        const auto told = shown.receipts.find({chat.to_string(), reader.to_string(), true});
        // No reader is told of themselves: that is seen as it comes.
        const bool is_member = *nodes_[0]->run(store_.is_member(chat, device->user()));
        if (reader == device->user() || !is_member) continue;
        ASSERT_NE(told, shown.receipts.end()) << "seed " << seed_;
        EXPECT_EQ(told->second, (receipts_[{chat, reader}])) << "seed " << seed_ << ": one is lost";
      }
    }
  }

  [[nodiscard]] int recoveries() const { return recoveries_; }

  void check(std::uint64_t seed) {
    for (const auto& chat : chats_) {
      const auto page = nodes_[0]->run(store_.history(chat, {.limit = 1'000'000}));
      const auto truth = test::whole_chat(page->messages);
      ASSERT_EQ(test::revs_of(truth).size(), page->messages.size()) << "seed " << seed;
      ASSERT_EQ(truth.size(), page->messages.empty() ? 0 : page->messages.back().seq)
          << "seed " << seed;
      for (const auto& device : devices_) {
        const bool is_member = *nodes_[0]->run(store_.is_member(chat, device->user()));
        const auto held = device->chats().find(chat);
        ASSERT_EQ(device->heard_outside(), 0) << "seed " << seed << ": after chat_removed";
        if (!is_member) {
          ASSERT_EQ(held, device->chats().end()) << "seed " << seed << ": heard by a stranger";
          continue;
        }
        ASSERT_NE(held, device->chats().end()) << "seed " << seed;
        ASSERT_EQ(held->second.size(), truth.size()) << "seed " << seed;
        for (const auto& [seq, message] : truth) {
          ASSERT_EQ(held->second.at(seq).rev, message.rev) << "seed " << seed << ", seq " << seq;
          ASSERT_EQ(held->second.at(seq), message) << "seed " << seed << ", seq " << seq;
        }
      }
    }
    for (const auto& [key, chat] : acked_) {
      const auto page = nodes_[0]->run(store_.history(chat, {.limit = 1'000'000}));
      const auto count =
          std::ranges::count(page->messages, key, &domain::Message::client_message_id);
      ASSERT_EQ(count, 1) << "seed " << seed << ", " << key;
    }
  }

  /// Asks that devices made because a gateway had not closed a gap for them.
  [[nodiscard]] int gaps() const {
    int sum = 0;
    for (const auto& device : devices_) sum += device->gaps();
    return sum;
  }
  [[nodiscard]] std::size_t acks() const { return acked_.size(); }

 private:
  domain::UserId member_of(domain::ChatId chat) {
    for (const auto& user : users_) {
      if (*nodes_[0]->run(store_.is_member(chat, user))) return user;
    }
    return {};
  }

  void connect(ChatDevice& device) {
    auto& node = *nodes_[random_.below(2)];
    device.come_back(node, random_.below(node.world.shards.count()));
  }

  void watch_everybody(ChatDevice& device) {
    boost::json::array ids;
    for (const auto& user : users_) ids.emplace_back(user.to_string());
    watching_.emplace(&device, device.emit("presence_subscribe", {{"userIds", ids}}));
  }

  void publish_receipt(domain::ChatId chat, domain::UserId reader) {
    buses_[random_.below(2)]->publish(ports::ReceiptMoved{.chat_id = chat,
                                                          .user_id = reader,
                                                          .is_read = true,
                                                          .seq = ++receipts_[{chat, reader}],
                                                          .at = nodes_[0]->clock.now()});
  }

  void change_settings(domain::UserId user) {
    auto& node = *nodes_[random_.below(2)];
    const auto other = users_[random_.below(users_.size())];
    (void)node.run(random_.one_in(2) ? node.own.people.put_contact(user, other)
                                     : node.own.people.remove_contact(user, other));
  }

  /// What only the own devices hear, of one chat.
  void change_state(ChatDevice& device, domain::ChatId chat) {
    boost::json::object fields{{"chatId", chat.to_string()}};
    fields["isArchived"] = random_.one_in(2);
    device.emit("update_chat_state", fields);
  }

  /// What is never stored, and what only the own devices hear.
  void act_live(ChatDevice& device, domain::ChatId chat) {
    switch (random_.below(6)) {
      case 0:
        if (random_.one_in(2)) return change_state(device, chat);
        return change_settings(device.user());
      case 1:
        if (!*nodes_[0]->run(store_.is_member(chat, device.user()))) return;
        return publish_receipt(chat, device.user());
      case 2:
        device.emit("client_state", {{"state", random_.one_in(2) ? "background" : "active"}});
        device.emit("client_state", {{"state", "active"}});
        return;
      case 3:
        return watch_everybody(device);
      case 4:
        device.emit("typing_stop", {{"chatId", chat.to_string()}});
        return;
      default:
        device.emit("typing_start", {{"chatId", chat.to_string()}});
        return;
    }
  }

  void make_chat() {
    auto& node = *nodes_[random_.below(2)];
    const auto one = users_[random_.below(users_.size())];
    const auto other = users_[random_.below(users_.size())];
    if (random_.one_in(2)) {
      const auto group =
          node.run(node.chats.create_group(one, {.title = "A group", .member_ids = users_}));
      chats_.push_back(group->item.chat.id);
      return;
    }
    if (one == other) return;
    const auto direct = node.run(node.chats.create_direct(one, other));
    if (direct->is_new) chats_.push_back(direct->item.chat.id);
  }

  void act() {
    auto& device = *devices_[random_.below(devices_.size())];
    switch (random_.below(12)) {
      case 0:
        if (chats_.size() < 5) make_chat();
        return;
      case 1:
        return device.disconnect();
      case 2:
        return advance(std::chrono::milliseconds(random_.below(200)));
      case 3:
        return change_members();
      default:
        break;
    }
    if (!device.is_connected()) return connect(device);
    if (chats_.empty()) return;
    const auto chat = chats_[random_.below(chats_.size())].to_string();
    if (random_.one_in(4)) return act_live(device, *domain::ChatId::parse(chat));
    if (random_.below(3) > 0) {
      const auto key = "key-" + std::to_string(++keys_);
      sent_[{&device, device.emit("send_message", {{"chatId", chat},
                                                   {"type", "text"},
                                                   {"content", "text " + key},
                                                   {"clientMessageId", key}})}] = key;
      return;
    }
    change(device, *domain::ChatId::parse(chat));
  }

  /// By REST: somebody of the chat, who may or may not.
  void change_members() {
    if (chats_.empty()) return;
    auto& node = *nodes_[random_.below(2)];
    const auto chat = chats_[random_.below(chats_.size())];
    const auto actor = users_[random_.below(users_.size())];
    const auto target = users_[random_.below(users_.size())];
    auto& shards = node.world.shards;
    const auto act = [&](auto task) {
      boost::asio::co_spawn(shards.executor(0), std::move(task), [](auto&&...) {});
    };
    switch (random_.below(4)) {
      case 0:
        return act(node.members.leave(actor, chat));
      case 1:
        return act(node.members.remove(actor, chat, target));
      default:
        return act(node.members.add(actor, chat, {target}));
    }
  }

  void change(ChatDevice& device, domain::ChatId chat) {
    const auto page = nodes_[0]->run(store_.history(chat, {.limit = 1'000'000}));
    if (page->messages.empty()) return;
    const auto& message = page->messages[random_.below(page->messages.size())];
    boost::json::object fields{{"chatId", chat.to_string()}, {"messageId", message.id.to_string()}};
    if (random_.one_in(4)) {
      device.emit("delete_message", fields);
    } else {
      fields["content"] = "edit " + std::to_string(++keys_);
      device.emit("edit_message", fields);
    }
  }

  /// A few pieces of work, of any shard of any node, and a few events from the bus, in any order.
  void run_some() {
    for (std::size_t left = random_.below(60); left > 0; --left) {
      if (random_.one_in(4)) {
        medium_.deliver_one();
        continue;
      }
      auto& shards = nodes_[random_.below(2)]->world.shards;
      shards.run_one(random_.below(shards.count()));
    }
    hear_all();
  }

  void run_all() {
    for (int round = 0; round < 3; ++round) {
      for (auto& node : nodes_) node->world.shards.run();
      while (medium_.deliver_one()) {
        for (auto& node : nodes_) node->world.shards.run();
      }
      hear_all();
    }
  }

  /// In small steps, so that both nodes' clocks stay together. A well bus takes no time.
  void advance(std::chrono::milliseconds by,
               std::chrono::milliseconds step = std::chrono::milliseconds(10)) {
    for (auto left = by; left > std::chrono::milliseconds(0); left -= step) {
      for (auto& node : nodes_) node->world.clock.advance(step);
      if (medium_.is_reliable()) run_all();
    }
    hear_all();
  }

  void hear_all() {
    for (auto& device : devices_) {
      device->hear();
      look_at_events(*device);
      for (const auto& [id, ack] : device->acks()) {
        const auto sent = sent_.find({device.get(), id});
        if (sent == sent_.end() || !ack.at("ok").as_bool()) continue;
        acked_[sent->second] = chat_of_key(sent->second);
        sent_.erase(sent);
      }
    }
  }

  void look_at_events(ChatDevice& device) {
    auto& shown = shown_[&device];
    shown.look(device, seed_, medium_.last_settings(device.user()));
    recoveries_ += std::exchange(shown.recoveries, 0);
    for (const auto& [id, ack] : device.acks()) {
      if (watching_.erase({&device, id}) > 0 && ack.at("ok").as_bool()) shown.take_states(ack);
    }
  }

  domain::ChatId chat_of_key(const std::string& key) {
    for (const auto& chat : chats_) {
      for (const auto& user : users_) {
        if (*nodes_[0]->run(store_.find_by_key(chat, user, key))) return chat;
      }
    }
    ADD_FAILURE() << "acked and not stored: " << key;
    return {};
  }

  std::uint64_t seed_;
  test::SeededRandom random_;
  test::LossyMedium medium_;
  adapters::memory::MemoryStore store_;
  std::vector<std::unique_ptr<test::LossyBus>> buses_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<domain::UserId> users_;
  std::vector<std::unique_ptr<ChatDevice>> devices_;
  std::vector<domain::ChatId> chats_;
  std::map<std::pair<ChatDevice*, std::uint64_t>, std::string> sent_;
  std::map<std::string, domain::ChatId> acked_;
  std::map<const ChatDevice*, test::Shown> shown_;
  std::set<std::pair<const ChatDevice*, std::uint64_t>> watching_;
  std::map<std::pair<domain::ChatId, domain::UserId>, domain::Seq> receipts_;
  int recoveries_ = 0;
  int keys_ = 0;
};

TEST(TwoGatewaysTest, EveryDeviceEndsWithExactlyTheChatWhateverTheBusDoes) {
  const auto first = test::seed_or(1);
  const auto count = std::getenv("KNOTOS_TEST_SEED") == nullptr ? 100U : 1U;
  std::size_t acks = 0;
  int recoveries = 0;
  for (auto seed = first; seed < first + count; ++seed) {
    TwoGateways world(seed);
    world.play();
    world.settle();
    ASSERT_NO_FATAL_FAILURE(world.check(seed));
    ASSERT_NO_FATAL_FAILURE(world.check_shown());
    ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
    recoveries += world.recoveries();
    EXPECT_EQ(world.gaps(), 0) << "seed " << seed << ": a gateway left a gap for a device to close";
    acks += world.acks();
  }
  EXPECT_GT(acks, count * 5);
  if (count > 1) {
    EXPECT_GT(recoveries, 20);
  }
}

}  // namespace
}  // namespace knotos::gateway
