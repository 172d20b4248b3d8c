#pragma once

#include "api/router.hpp"

#include <array>
#include <functional>
#include <string>
#include <string_view>

namespace knotos::api {

/// Whether new work is welcome.
struct Readiness {
  bool is_draining = false;
  bool store_accepts_writes = true;
};

/// `/healthz`, `/readyz`, `/version`, `/metrics`: for whoever runs the server. Any shard.
class OperationRoutes {
 public:
  OperationRoutes(std::function<Readiness()> readiness, std::string version)
      : readiness_(std::move(readiness)), version_(std::move(version)) {}

  void add_to(Router& router);
  /// Whether one of these is served at this path.
  [[nodiscard]] static bool owns(std::string_view path);

 private:
  [[nodiscard]] Task<Result<Reply>> health(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> readiness(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> version(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> metrics(CallPtr call);

  struct Entry;
  static const std::array<Entry, 4> kEntries;

  std::function<Readiness()> readiness_;
  std::string version_;
};

}  // namespace knotos::api
