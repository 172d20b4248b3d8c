#include "api/metrics_text.hpp"

#include "api/process_figures.hpp"
#include "base/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <sstream>
#include <vector>

namespace knotos::api {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

ClientMetric metric_of(MetricType type, double value) {
  ClientMetric metric;
  if (type == MetricType::Gauge) {
    metric.gauge.value = value;
  } else {
    metric.counter.value = value;
  }
  return metric;
}

void add_process(std::vector<MetricFamily>& families, std::string name, std::string help,
                 MetricType type, double value) {
  families.push_back({std::move(name), std::move(help), type, {metric_of(type, value)}});
}

void add_process_figures(std::vector<MetricFamily>& families) {
  const auto figures = process_figures();
  add_process(families, "process_resident_memory_bytes", "Resident memory size in bytes.",
              MetricType::Gauge, static_cast<double>(figures.resident_bytes));
  add_process(families, "process_open_fds", "Number of open file descriptors.", MetricType::Gauge,
              static_cast<double>(figures.descriptors_open));
  add_process(families, "process_max_fds", "Maximum number of open file descriptors.",
              MetricType::Gauge, static_cast<double>(figures.descriptors_max));
  add_process(families, "process_cpu_seconds_total", "Total user and system CPU time in seconds.",
              MetricType::Counter, figures.cpu_seconds);
  add_process(families, "process_start_time_seconds",
              "Start time of the process since the Unix epoch in seconds.", MetricType::Gauge,
              figures.started_at_seconds);
}

}  // namespace

std::string metrics_text() {
  std::vector<MetricFamily> families;
  // Samples come in the order of their names, so those of one family stand together.
  for (const auto& sample : metrics::collect()) {
    const auto name = "knotos_" + std::string(sample.name);
    const auto type = sample.is_gauge ? MetricType::Gauge : MetricType::Counter;
    if (families.empty() || families.back().name != name) {
      families.push_back({name, std::string(sample.help), type, {}});
    }
    auto metric = metric_of(type, static_cast<double>(sample.value));
    if (!sample.label_name.empty()) {
      metric.label.push_back({std::string(sample.label_name), std::string(sample.label_value)});
    }
    families.back().metric.push_back(std::move(metric));
  }
  add_process_figures(families);
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return text.str();
}

}  // namespace knotos::api
