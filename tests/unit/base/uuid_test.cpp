#include "base/uuid.hpp"

#include <gtest/gtest.h>

namespace knotos {
namespace {

TEST(UuidTest, TextAndBytesAreTheSame) {
  const std::string text = "0190163d-8694-739b-aea5-966c26f8ad91";
  const auto uuid = Uuid::parse(text);
  ASSERT_TRUE(uuid);
  EXPECT_EQ(uuid->to_string(), text);
  EXPECT_EQ(Uuid::parse("0190163D-8694-739B-AEA5-966C26F8AD91"), uuid);
}

TEST(UuidTest, RefusesWhatIsNone) {
  for (const auto* text :
       {"", "0190163d", "0190163d-8694-739b-aea5-966c26f8ad9",
        "0190163d-8694-739b-aea5-966c26f8ad911", "0190163d08694-739b-aea5-966c26f8ad91",
        "g190163d-8694-739b-aea5-966c26f8ad91", "0190163d-8694-739b-aea5-966c26f8ad9-"}) {
    EXPECT_FALSE(Uuid::parse(text)) << text;
  }
}

TEST(UuidTest, NameBasedIdsAreThoseOfTheStandard) {
  // RFC 9562, appendix A.4: www.example.com in the name space of DNS.
  const auto dns = Uuid::parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  const std::string_view name = "www.example.com";
  const auto made =
      make_uuid_v5(*dns, {reinterpret_cast<const std::uint8_t*>(name.data()), name.size()});
  EXPECT_EQ(made.to_string(), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

TEST(UuidTest, TimeOrderedIdsSortByTime) {
  const Time early{std::chrono::milliseconds(1'645'557'742'000)};
  const std::array<std::uint8_t, 10> ones{0xff, 0xff, 0xff, 0xff, 0xff,
                                          0xff, 0xff, 0xff, 0xff, 0xff};
  const auto first = make_uuid_v7(early, ones);
  const auto second = make_uuid_v7(early + std::chrono::milliseconds(1), {});
  EXPECT_LT(first, second);
  EXPECT_EQ(first.to_string().substr(0, 15), "017f22e2-79b0-7");
  EXPECT_EQ(first.to_string()[19], 'b');
}

}  // namespace
}  // namespace knotos
