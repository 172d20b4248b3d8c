#pragma once

#include "api/router.hpp"
#include "ports/world.hpp"
#include "services/own_services.hpp"

namespace knotos::api {

/// What is the caller's own of a chat, how far others have got, and who they are. Any shard.
class StateRoutes {
 public:
  StateRoutes(services::OwnServices& own, const ports::Clock& clock) : own_(own), clock_(clock) {}

  void add_to(Router& router);

 private:
  [[nodiscard]] Task<Result<Reply>> update(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> mark_read(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> mark_delivered(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> clear(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> receipts(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> members(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> unread(CallPtr call);

  services::OwnServices& own_;
  const ports::Clock& clock_;
};

}  // namespace knotos::api
