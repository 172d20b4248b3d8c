#pragma once

#include "api/router.hpp"
#include "services/message_service.hpp"
#include "services/state_service.hpp"

namespace knotos::api {

/// `/v1/chats/{chatId}/messages` and `…/changes`. Any shard.
class MessageRoutes {
 public:
  MessageRoutes(services::MessageService& messages, services::StateService& states,
                domain::ContentLimits content, Rate rate)
      : messages_(messages), states_(states), content_(content), rate_(rate) {}

  void add_to(Router& router);

 private:
  [[nodiscard]] Task<Result<Reply>> history(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> send(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> get(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> edit(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> erase(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> changes(CallPtr call);

  services::MessageService& messages_;
  services::StateService& states_;
  domain::ContentLimits content_;
  Rate rate_;  ///< Only told to who ran into it: the service does the counting.
};

}  // namespace knotos::api
