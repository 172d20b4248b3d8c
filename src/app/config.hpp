#pragma once

#include "adapters/mongo/mongo_store.hpp"
#include "adapters/redis/redis_bus.hpp"
#include "base/log.hpp"
#include "gateway/gateway.hpp"
#include "runtime/runtime.hpp"
#include "server/server.hpp"
#include "services/account_service.hpp"
#include "services/chat_service.hpp"
#include "services/member_service.hpp"
#include "services/message_service.hpp"
#include "services/own_services.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace knotos::app {

/// What a process does, of what there is to do.
enum class Role : std::uint8_t {
  all,
  api,      ///< REST, and no sockets.
  gateway,  ///< Socket.IO, and the routes that tell how the process is.
};

[[nodiscard]] std::string_view name_of(Role role);
[[nodiscard]] std::optional<Role> parse_role(std::string_view name);

/// The key that signs access tokens, in a data directory.
inline constexpr const char* kSigningSecretName = "jwt-secret";

/// The library's, and how fast an address opens links.
inline server::Options socketio_defaults() {
  server::Options options;
  options.links_per_address_rate = {50, std::chrono::seconds(1), 0};
  return options;
}

/// Everything that `knotos serve` can be told. Each member with its default; names and units in
/// setting_table.cpp.
struct Config {
  std::string listen_host = "127.0.0.1";
  std::uint16_t listen_port = 8080;
  std::string data_dir = "./data";
  std::string store = "sqlite";  ///< Or a mongodb:// URL.
  std::string bus = "local";
  Role role = Role::all;
  std::size_t shards = 0;       ///< 0: the cores.
  std::string tls_certificate;  ///< Empty: no TLS.
  std::string tls_key;
  std::vector<std::string> cors_origins;
  std::string jwt_secret_file;  ///< Empty: one is made in the data directory.
  std::chrono::milliseconds drain{10'000};
  std::chrono::milliseconds drain_retry_after{1'000};
  log::Level log_level = log::Level::info;
  log::Format log_format = log::Format::text;

  Rate rate_auth{10, std::chrono::seconds(60), 0};
  services::AccountService::Limits accounts;
  services::ChatService::Limits chats;
  services::MessageService::Limits messages;
  gateway::Gateway::Limits gateway;  ///< Its `content` is that of `messages`.
  services::OwnServices::Limits own;
  services::MemberService::Limits members;
  server::Options socketio = socketio_defaults();
  std::chrono::milliseconds recovery{120'000};  ///< Of a lost session; 0: off.
  runtime::HttpLimits http;
  adapters::redis::RedisBus::Limits redis;
  adapters::mongo::MongoStore::Options mongo;  ///< Its URL is `store`.
  runtime::TrustedProxies trusted_proxies;

  /// The store is a file of this process alone, in the data directory.
  [[nodiscard]] bool is_on_sqlite() const { return store == "sqlite"; }
  /// Where the key that signs access tokens is: the file that was named, or one in the data
  /// directory.
  [[nodiscard]] std::filesystem::path signing_secret_file() const;
};

/// How many threads can run at once.
[[nodiscard]] std::size_t cores();

}  // namespace knotos::app
