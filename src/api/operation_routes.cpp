#include "api/operation_routes.hpp"

#include "api/metrics_text.hpp"
#include "json/text.hpp"

#include <algorithm>
#include <array>

namespace knotos::api {
namespace {

/// Empty: ready.
std::string_view reason_against(const Readiness& readiness) {
  if (readiness.is_draining) return "draining";
  if (!readiness.store_accepts_writes) return "store-unavailable";
  return {};
}

}  // namespace

struct OperationRoutes::Entry {
  const char* path;
  Task<Result<Reply>> (OperationRoutes::*handler)(CallPtr);
};

constexpr std::array<OperationRoutes::Entry, 4> OperationRoutes::kEntries{{
    {"/healthz", &OperationRoutes::health},
    {"/readyz", &OperationRoutes::readiness},
    {"/version", &OperationRoutes::version},
    {"/metrics", &OperationRoutes::metrics},
}};

void OperationRoutes::add_to(Router& router) {
  for (const auto& entry : kEntries) {
    router.add({"GET", entry.path, Access::open, handled_by(*this, entry.handler)});
  }
}

bool OperationRoutes::owns(std::string_view path) {
  return std::ranges::find(kEntries, path, &Entry::path) != kEntries.end();
}

Task<Result<Reply>> OperationRoutes::health(CallPtr /*call*/) {
  co_return json_reply(R"({"status":"ok"})");
}

Task<Result<Reply>> OperationRoutes::readiness(CallPtr /*call*/) {
  const auto readiness = readiness_();
  const auto reason = reason_against(readiness);
  std::string body;
  json::ObjectWriter object(body);
  object.text("status", reason.empty() ? "ready" : "not-ready");
  if (!reason.empty()) object.text("reason", reason);
  object.close();
  auto reply = json_reply(std::move(body), reason.empty() ? 200 : 503);
  if (!reason.empty()) reply.headers.push_back({"Retry-After", "1"});
  co_return reply;
}

Task<Result<Reply>> OperationRoutes::version(CallPtr /*call*/) {
  std::string body;
  json::ObjectWriter object(body);
  object.text("name", "knotos");
  object.text("version", version_);
  object.close();
  co_return json_reply(std::move(body));
}

Task<Result<Reply>> OperationRoutes::metrics(CallPtr /*call*/) {
  co_return Reply{
      .status = 200, .body = metrics_text(), .content_type = kMetricsType, .headers = {}};
}

}  // namespace knotos::api
