#include "bench/report.hpp"

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <limits>

namespace knotos::bench {
namespace {

Report sample() {
  Report report("fanout");
  report.add("links", 1000);
  report.add("messagesPerSecond", 1234.5678);
  Histogram times;
  times.record(std::chrono::milliseconds(3));
  report.add("delivery", times);
  Trouble trouble;
  trouble.add("a link: \"reset\"");
  trouble.add("a link: \"reset\"");
  report.add(trouble);
  return report;
}

TEST(ReportTest, IsOneJsonObjectForMachines) {
  const auto value = boost::json::parse(sample().as_json()).as_object();
  EXPECT_EQ(value.at("scenario"), "fanout");
  EXPECT_EQ(value.at("links"), 1000);
  EXPECT_DOUBLE_EQ(value.at("messagesPerSecond").as_double(), 1234.568);
  EXPECT_EQ(value.at("deliveryP99Ms"), 3);
  EXPECT_EQ(value.at("errors"), 2);
  EXPECT_EQ(value.at("troubles").as_object().at("a link: \"reset\""), 2);
}

TEST(ReportTest, LeavesOutWhatJsonCannotSay) {
  Report report("idle");
  report.add("nothing", std::numeric_limits<double>::quiet_NaN());
  EXPECT_FALSE(boost::json::parse(report.as_json()).as_object().contains("nothing"));
}

TEST(ReportTest, TellsPeopleTheSame) {
  const auto text = sample().as_text();
  for (const auto* part : {"fanout\n", "links", "1,000", "1,235", "deliveryP50Ms", "2 x a link"})
    EXPECT_NE(text.find(part), std::string::npos) << part;
}

TEST(TroubleTest, CountsAllButKeepsFewKinds) {
  Trouble trouble;
  for (int i = 0; i < 100; ++i) trouble.add("kind " + std::to_string(i));
  EXPECT_EQ(trouble.count(), 100U);
  EXPECT_LT(trouble.kinds().size(), 20U);
}

}  // namespace
}  // namespace knotos::bench
