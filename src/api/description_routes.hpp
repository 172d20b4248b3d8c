#pragma once

#include "api/router.hpp"

namespace knotos::api {

/// `/openapi.json`, `/asyncapi.json`: what this server understands. Any shard.
class DescriptionRoutes {
 public:
  void add_to(Router& router);

 private:
  [[nodiscard]] Task<Result<Reply>> openapi(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> asyncapi(CallPtr call);
};

}  // namespace knotos::api
