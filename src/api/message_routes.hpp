#pragma once

#include "api/router.hpp"
#include "services/message_service.hpp"

namespace knotos::api {

/// `/v1/chats/{chatId}/messages` and `…/changes`. Any shard.
class MessageRoutes {
 public:
  MessageRoutes(services::MessageService& messages, domain::ContentLimits content,
                services::Rate rate)
      : messages_(messages), content_(content), rate_(rate) {}

  void add_to(Router& router);

 private:
  [[nodiscard]] Task<Result<Reply>> history(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> send(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> get(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> edit(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> erase(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> changes(CallPtr call);

  services::MessageService& messages_;
  domain::ContentLimits content_;
  services::Rate rate_;  ///< Only told to who ran into it: the service does the counting.
};

}  // namespace knotos::api
