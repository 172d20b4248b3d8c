#pragma once

#include "api/router.hpp"
#include "services/message_service.hpp"

namespace knotos::api {

/// What is done to a message that is there: `…/messages/{messageId}/reactions`, `…/pin`,
/// `…/forward`. Any shard.
class ReactionRoutes {
 public:
  ReactionRoutes(services::MessageService& messages, Rate rate)
      : messages_(messages), rate_(rate) {}

  void add_to(Router& router);

 private:
  [[nodiscard]] Task<Result<Reply>> list(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> add(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> remove(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> react(CallPtr call, bool adds);
  [[nodiscard]] Task<Result<Reply>> pin(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> unpin(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> set_pin(CallPtr call, bool is_pinned);
  [[nodiscard]] Task<Result<Reply>> forward(CallPtr call);

  services::MessageService& messages_;
  Rate rate_;  ///< Of messages, forwards too. Only told: the service does the counting.
};

}  // namespace knotos::api
