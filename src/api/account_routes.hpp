#pragma once

#include "api/router.hpp"
#include "services/account_service.hpp"

namespace knotos::api {

/// `/v1/auth/…`: accounts and the devices that are signed in. Any shard.
class AccountRoutes {
 public:
  explicit AccountRoutes(services::AccountService& accounts) : accounts_(accounts) {}

  void add_to(Router& router);

 private:
  [[nodiscard]] Task<Result<Reply>> register_user(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> login(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> refresh(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> logout(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> sessions(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> revoke(CallPtr call);

  services::AccountService& accounts_;
};

/// What a device is called in the list of sessions: the User-Agent, as far as it can be shown.
[[nodiscard]] std::string device_name_of(const http::Request& request);

}  // namespace knotos::api
