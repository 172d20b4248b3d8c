#pragma once

#include "support/redis_server.hpp"

#include <array>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace knotos::test {

/// Three masters on loopback, each with a third of the slots.
class RedisCluster {
 public:
  RedisCluster() {
    for (std::size_t i = 0; i < kNodes; ++i) add_node();
    const std::array<const char*, kNodes> slots{"0 5460", "5461 10922", "10923 16383"};
    for (std::size_t i = 0; i < kNodes; ++i) {
      ask(i, std::string("CLUSTER ADDSLOTSRANGE ") + slots[i]);
      ask(i, "CLUSTER SET-CONFIG-EPOCH " + std::to_string(i + 1));
      if (i > 0) introduce(i);
    }
    wait_whole();
  }

  static constexpr std::size_t kNodes = 3;

  [[nodiscard]] RedisServer& node(std::size_t number) { return *nodes_[number]; }
  /// Of two of the three: the third has to be found.
  [[nodiscard]] std::string url() const {
    return "redis-cluster://127.0.0.1:" + std::to_string(nodes_[0]->port()) +
           ",127.0.0.1:" + std::to_string(nodes_[1]->port());
  }

  /// A replica that takes over when its master dies.
  void add_replica_of(std::size_t master) {
    add_node();
    const auto replica = nodes_.size() - 1;
    introduce(replica);
    wait_whole();
    ask(replica, "CLUSTER REPLICATE " + id_of(master));
    while (!ask(replica, "INFO replication").contains("master_link_status:up")) rest();
  }

  /// What redis-cli prints.
  std::string ask(std::size_t number, const std::string& command) {
    const auto line =
        "redis-cli -p " + std::to_string(nodes_[number]->port()) + " " + command + " 2>&1";
    auto* pipe = popen(line.c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("redis-cli cannot be run");
    std::string said;
    std::array<char, 512> part{};
    while (std::fgets(part.data(), part.size(), pipe) != nullptr) said += part.data();
    pclose(pipe);
    return said;
  }

  /// Until every node says so.
  void wait_whole() {
    const auto known = "cluster_known_nodes:" + std::to_string(nodes_.size());
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      while (!ask(i, "CLUSTER INFO").contains("cluster_state:ok") ||
             !ask(i, "CLUSTER INFO").contains(known)) {
        rest();
      }
    }
  }

  /// Gives a slot, in which there are no keys, to another node.
  void move(unsigned slot, std::size_t to) {
    const auto command = "CLUSTER SETSLOT " + std::to_string(slot) + " NODE " + id_of(to);
    ask(to, command);
    for (std::size_t i = 0; i < kNodes; ++i) ask(i, command);
  }

 private:
  void add_node() {
    const auto bus_port = std::to_string(free_port());
    nodes_.push_back(std::make_unique<RedisServer>(std::vector<std::string>{
        "--cluster-enabled", "yes", "--cluster-port", bus_port, "--cluster-node-timeout", "1000",
        "--cluster-config-file", "nodes.conf"}));
    bus_ports_.push_back(bus_port);
  }
  void introduce(std::size_t number) {
    ask(0, "CLUSTER MEET 127.0.0.1 " + std::to_string(nodes_[number]->port()) + " " +
               bus_ports_[number]);
  }
  std::string id_of(std::size_t number) {
    auto id = ask(number, "CLUSTER MYID");
    while (id.ends_with('\n')) id.pop_back();
    return id;
  }
  static void rest() { std::this_thread::sleep_for(std::chrono::milliseconds(20)); }

  std::vector<std::unique_ptr<RedisServer>> nodes_;
  std::vector<std::string> bus_ports_;
};

}  // namespace knotos::test
