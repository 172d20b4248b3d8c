#include "api/description_routes.hpp"

#include "api/described/described.hpp"

namespace knotos::api {

void DescriptionRoutes::add_to(Router& router) {
  router.add(
      {"GET", "/openapi.json", Access::open, handled_by(*this, &DescriptionRoutes::openapi)});
  router.add(
      {"GET", "/asyncapi.json", Access::open, handled_by(*this, &DescriptionRoutes::asyncapi)});
}

Task<Result<Reply>> DescriptionRoutes::openapi(CallPtr /*call*/) {
  co_return json_reply(std::string(openapi_json()));
}

Task<Result<Reply>> DescriptionRoutes::asyncapi(CallPtr /*call*/) {
  co_return json_reply(std::string(asyncapi_json()));
}

}  // namespace knotos::api
