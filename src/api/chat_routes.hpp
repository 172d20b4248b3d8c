#pragma once

#include "api/router.hpp"
#include "json/requests.hpp"
#include "ports/world.hpp"
#include "services/chat_service.hpp"

namespace knotos::api {

/// `/v1/chats`. Any shard.
class ChatRoutes {
 public:
  ChatRoutes(services::ChatService& chats, const ports::Clock& clock, std::size_t members_max)
      : chats_(chats), clock_(clock), members_max_(members_max) {}

  void add_to(Router& router);

 private:
  [[nodiscard]] Task<Result<Reply>> list(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> create(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> get(CallPtr call);
  [[nodiscard]] Task<Result<services::ChatService::Created>> make(domain::UserId creator,
                                                                  json::NewChatRequest request);

  services::ChatService& chats_;
  const ports::Clock& clock_;
  std::size_t members_max_;
};

}  // namespace knotos::api
