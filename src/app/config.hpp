#pragma once

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
#include <string>
#include <vector>

namespace knotos::app {

/// Everything that `knotos serve` can be told. Each member with its default; names and units in
/// settings.cpp.
struct Config {
  std::string listen_host = "127.0.0.1";
  std::uint16_t listen_port = 8080;
  std::string data_dir = "./data";
  std::string store = "sqlite";
  std::string bus = "local";
  std::string role = "all";
  std::size_t shards = 0;       ///< 0: the cores.
  std::string tls_certificate;  ///< Empty: no TLS.
  std::string tls_key;
  std::vector<std::string> cors_origins;
  std::string jwt_secret_file;
  std::chrono::milliseconds drain{10'000};
  std::chrono::milliseconds drain_retry_after{1'000};
  log::Level log_level = log::Level::info;
  log::Format log_format = log::Format::text;

  services::Rate rate_auth{10, std::chrono::seconds(60), 0};
  services::Rate rate_connect{50, std::chrono::seconds(1), 0};
  services::AccountService::Limits accounts;
  services::ChatService::Limits chats;
  services::MessageService::Limits messages;
  gateway::Gateway::Limits gateway;  ///< Its `content` is that of `messages`.
  services::OwnServices::Limits own;
  services::MemberService::Limits members;
  server::Options socketio;
  std::chrono::milliseconds recovery{120'000};  ///< Of a lost session; 0: off.
  runtime::HttpLimits http;
};

}  // namespace knotos::app
