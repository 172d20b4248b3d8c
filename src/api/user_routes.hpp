#pragma once

#include "api/router.hpp"
#include "services/account_service.hpp"

namespace knotos::api {

/// `/v1/users`: finding them. Any shard.
class UserRoutes {
 public:
  explicit UserRoutes(services::AccountService& accounts) : accounts_(accounts) {}

  void add_to(Router& router);

 private:
  [[nodiscard]] Task<Result<Reply>> find(CallPtr call);

  services::AccountService& accounts_;
};

}  // namespace knotos::api
