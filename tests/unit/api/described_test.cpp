// What openapi.json says, against the router and the list of problems. What the answers look like
// is held against it by the end-to-end tests.

#include "api/described/described.hpp"
#include "api_world.hpp"
#include "base/errc.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace knotos::test {
namespace {

boost::json::object openapi() { return boost::json::parse(api::openapi_json()).as_object(); }

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::toupper(c); });
  return out;
}

/// "METHOD /path", and who may ask.
std::set<std::string> described_routes() {
  std::set<std::string> routes;
  const auto document = openapi();
  for (const auto& [path, operations] : document.at("paths").as_object()) {
    for (const auto& [method, operation] : operations.as_object()) {
      const bool is_open = operation.as_object().contains("security");
      routes.insert(upper(method) + " " + std::string(path) + (is_open ? " open" : ""));
    }
  }
  return routes;
}

TEST(Described, EveryRouteIsDescribedAndEveryDescribedRouteIsThere) {
  ApiWorld world;
  std::set<std::string> routes;
  for (const auto* route : world.api.routes()) {
    const bool is_open = route->access != api::Access::signed_in;
    routes.insert(route->method + " " + route->path + (is_open ? " open" : ""));
  }
  EXPECT_EQ(described_routes(), routes);
}

TEST(Described, EveryProblemIsDescribedAsItIs) {
  const auto document = openapi();
  const auto& examples = document.at("components").at("examples").as_object();
  EXPECT_EQ(examples.size(), kErrcCount);
  for (std::size_t i = 0; i < kErrcCount; ++i) {
    const auto& problem = describe(static_cast<Errc>(i));
    const auto& value = examples.at(problem.code).at("value");
    EXPECT_EQ(value.at("title").as_string(), problem.title);
    EXPECT_EQ(value.at("status").as_int64(), problem.status);
    EXPECT_EQ(value.at("retryable").as_bool(), problem.is_retryable) << problem.code;
  }
}

TEST(Described, BothDescriptionsAreServedToAnybody) {
  ApiWorld world;
  const auto rest = world.ask("GET", "/openapi.json");
  EXPECT_EQ(rest.status, 200U);
  EXPECT_EQ(rest.header("Content-Type"), "application/json");
  EXPECT_EQ(rest.json().at("openapi").as_string(), "3.1.0");
  const auto events = world.ask("GET", "/asyncapi.json");
  EXPECT_EQ(events.status, 200U);
  EXPECT_EQ(events.json().at("asyncapi").as_string(), "3.0.0");
}

}  // namespace
}  // namespace knotos::test
