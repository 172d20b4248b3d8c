#include "bench/options.hpp"

#include <gtest/gtest.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace knotos::bench {
namespace {

struct Parsed {
  Options options;
  std::optional<std::string> fault;
};

Parsed parse(std::vector<std::string> arguments) {
  Parsed parsed;
  CLI::App command;
  declare_options(command, parsed.options);
  std::ranges::reverse(arguments);  // CLI11 takes them from the back.
  command.parse(arguments);
  parsed.fault = complete(parsed.options);
  return parsed;
}

TEST(BenchOptionsTest, KnowsEveryScenarioByName) {
  for (const std::string name : {"fanout", "rooms", "idle", "storm", "list"}) {
    const auto parsed = parse({name});
    EXPECT_EQ(parsed.fault, std::nullopt) << name;
    EXPECT_EQ(name_of(parsed.options.scenario), name);
    EXPECT_GT(parsed.options.users, 0U);
    EXPECT_GT(parsed.options.window, 0U);
  }
}

TEST(BenchOptionsTest, TakesEveryFlag) {
  const auto [options, fault] =
      parse({"rooms", "--url",        "http://h:1", "--links",   "9",      "--rooms",
             "3",     "--members",    "2-5",        "--users",   "4",      "--senders",
             "2",     "--rate",       "0.5",        "--window",  "7",      "--stalled",
             "1",     "--text-bytes", "64",         "--seconds", "1.5",    "--warmup",
             "0",     "--pid",        "12",         "--json",    "--plain"});
  EXPECT_EQ(fault, std::nullopt);
  EXPECT_EQ(options.url, "http://h:1");
  EXPECT_EQ(options.members_min, 2U);
  EXPECT_EQ(options.members_max, 5U);
  EXPECT_EQ(options.rate, 0.5);
  EXPECT_EQ(options.pid, 12);
  EXPECT_TRUE(options.is_json && options.is_plain);
}

TEST(BenchOptionsTest, FanoutTakesItsMembersFromItsLinks) {
  EXPECT_EQ(parse({"fanout", "--links", "500"}).options.members_max, 500U);
  EXPECT_EQ(parse({"fanout", "--members", "20", "--rooms", "3"}).options.links, 60U);
}

TEST(BenchOptionsTest, SaysWhatIsWrong) {
  const std::vector<std::vector<std::string>> wrong{
      {},
      {"flood"},
      {"fanout", "--members", "many"},
      {"fanout", "--members", "5-2"},
      {"fanout", "--members", "0"},
      {"fanout", "--members", "2-"},
      {"fanout", "--seconds", "0"},
      {"fanout", "--rate", "-1"},
      {"fanout", "--text-bytes", "3"},
      {"list", "--plain"},
  };
  for (const auto& arguments : wrong) {
    const auto fault = parse(arguments).fault;
    ASSERT_TRUE(fault) << testing::PrintToString(arguments);
    EXPECT_EQ(fault->find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace knotos::bench
