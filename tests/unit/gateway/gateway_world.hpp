#pragma once

#include "adapters/memory/local_bus.hpp"
#include "chat_device.hpp"
#include "node.hpp"
#include "support/seeded_random.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace knotos::gateway {

using test::ChatDevice;
using test::Node;
using Names = std::vector<std::string>;

/// One process, with two users, Ann and Bob.
class GatewayWorld : public testing::Test {
 protected:
  struct Person {
    domain::UserId id;
    domain::DeviceId device;
    std::string token;
  };

  explicit GatewayWorld(std::size_t shards = 1, const server::Options& options = {})
      : node_(store_, bus_, random_, shards, options) {}

  Person join(const std::string& name) {
    const auto session = node_.run(node_.accounts.register_user(
        {.username = name, .password = "correct horse", .display_name = {}, .device_name = {}}));
    return {.id = session->user.id, .device = session->device_id, .token = session->access_token};
  }

  domain::ChatId direct(const Person& one, const Person& other) {
    return node_.run(node_.chats.create_direct(one.id, other.id))->item.chat.id;
  }

  domain::ChatId group(const Person& owner, const std::vector<Person>& others) {
    std::vector<domain::UserId> ids;
    for (const auto& other : others) ids.push_back(other.id);
    return node_.run(node_.chats.create_group(owner.id, {.title = "Plans", .member_ids = ids}))
        ->item.chat.id;
  }

  /// Another device of the same user.
  Person again(const Person& person, const std::string& name) {
    const auto session = node_.run(
        node_.accounts.login({.username = name, .password = "correct horse", .device_name = {}}));
    return {.id = person.id, .device = session->device_id, .token = session->access_token};
  }

  ChatDevice online(const Person& person, boost::json::object more = {}) {
    ChatDevice device(person.id, person.token);
    device.connect(node_, 0, std::move(more));
    settle(device);
    return device;
  }

  /// Says it, and answers the ack.
  boost::json::object ask(ChatDevice& device, const std::string& event,
                          const boost::json::object& fields) {
    const auto id = device.emit(event, fields);
    settle(device);
    return device.acks().at(id);
  }

  static std::string code_of(const boost::json::object& ack) {
    return ack.at("ok").as_bool() ? "ok" : std::string(ack.at("error").at("code").as_string());
  }

  /// The data of each event of the name, oldest first.
  static std::vector<boost::json::object> all(const ChatDevice& device, std::string_view name) {
    std::vector<boost::json::object> out;
    for (const auto& [each, data] : device.events()) {
      if (each == name) out.push_back(data.as_object());
    }
    return out;
  }

  /// Time goes by for all of them, which answer their heartbeats.
  void pass_all(std::vector<ChatDevice*> devices, std::chrono::milliseconds time) {
    for (; time > std::chrono::milliseconds(0); time -= std::chrono::seconds(10)) {
      node_.world.clock.advance(
          std::min<std::chrono::milliseconds>(time, std::chrono::seconds(10)));
      for (auto* device : devices) settle(*device);
    }
  }

  void settle(ChatDevice& device) {
    node_.world.shards.run();
    device.hear();
  }

  /// Lets time go by as a client does that answers its heartbeats.
  void pass(ChatDevice& device, std::chrono::seconds time) {
    for (; time > std::chrono::seconds(0); time -= std::chrono::seconds(10)) {
      node_.world.clock.advance(std::chrono::seconds(10));
      settle(device);
    }
  }

  static std::vector<std::string> names(const ChatDevice& device) {
    std::vector<std::string> out;
    for (const auto& [name, data] : device.events()) out.push_back(name);
    return out;
  }

  /// What CONNECT with this payload is answered.
  std::string answer_to_connect(const std::string& payload) {
    auto client = node_.world.connect("40" + payload);
    const auto texts = client.take_texts();
    if (!texts.empty()) return texts.front();
    return client.peer().is_closed() ? "closed" : "nothing";
  }

  test::SeededRandom random_{1};
  adapters::memory::MemoryStore store_;
  adapters::memory::LocalBus bus_;
  Node node_;
  Person ann_ = join("ann");
  Person bob_ = join("bob");
};

}  // namespace knotos::gateway
