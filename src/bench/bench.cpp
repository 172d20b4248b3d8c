#include "bench/bench.hpp"

#include "bench/run.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

namespace knotos::bench {
namespace {

constexpr int kUsage = 2;

void measure(Run& run) {
  switch (run.options.scenario) {
    case Scenario::fanout:
    case Scenario::rooms:
      return run_messages(run);
    case Scenario::idle:
      return run_idle(run);
    case Scenario::storm:
      return run_storm(run);
    case Scenario::list:
      return run_list(run);
  }
}

}  // namespace

int bench(Options options) {
  if (const auto fault = complete(options)) {
    std::fprintf(stderr, "knotos: %s\n", fault->c_str());
    return kUsage;
  }
  std::string text;
  try {
    Run run(options);
    measure(run);
    run.report.add(run.trouble);
    text = options.is_json ? run.report.as_json() + "\n" : run.report.as_text();
  } catch (const CannotRun& fault) {
    std::fprintf(stderr, "knotos: %s\n", fault.what());
    return EXIT_FAILURE;
  }
  std::fputs(text.c_str(), stdout);
  return EXIT_SUCCESS;
}

}  // namespace knotos::bench
