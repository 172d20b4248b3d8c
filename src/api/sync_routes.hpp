#pragma once

#include "api/router.hpp"
#include "services/own_services.hpp"

namespace knotos::api {

/// `/v1/sync`. Any shard.
class SyncRoutes {
 public:
  SyncRoutes(services::OwnServices& own, const ports::Clock& clock) : own_(own), clock_(clock) {}

  void add_to(Router& router);

 private:
  [[nodiscard]] Task<Result<Reply>> sync(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> verify(CallPtr call);

  services::OwnServices& own_;
  const ports::Clock& clock_;
};

}  // namespace knotos::api
