#pragma once

#include <string>
#include <string_view>

namespace knotos::api {

inline constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

/// All counters and gauges and the process's own figures in the text format of Prometheus.
[[nodiscard]] std::string metrics_text();

}  // namespace knotos::api
