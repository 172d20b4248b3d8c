#include "webapp/pack.hpp"

#include "pack_text.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace knotos {
namespace {

using webapp::read_pack;

TEST(PackTest, EmptyPackHasNoAssets) { EXPECT_TRUE(read_pack("").empty()); }

TEST(PackTest, FilesComeAsTheyWerePacked) {
  test::PackText pack;
  pack.add("/index.html", "text/html", "h1", "revalidated", "<p>\n\n</p>", "zipped");
  pack.add("/assets/a.js", "text/javascript", "h2", "immutable", std::string_view("\0x", 2));
  const auto text = pack.text();
  const auto assets = read_pack(text);

  ASSERT_EQ(assets.size(), 2u);
  const auto& page = assets.at("/index.html");
  EXPECT_EQ(page.type, "text/html");
  EXPECT_EQ(page.hash, "h1");
  EXPECT_FALSE(page.is_immutable);
  EXPECT_EQ(page.content, "<p>\n\n</p>");
  EXPECT_EQ(page.gzip, "zipped");
  const auto& script = assets.at("/assets/a.js");
  EXPECT_TRUE(script.is_immutable);
  EXPECT_EQ(script.content, std::string_view("\0x", 2));
  EXPECT_TRUE(script.gzip.empty());
}

TEST(PackTest, WhatIsNoPackIsRefusedWithASentence) {
  const std::string first = "knotos-web-pack 1\n";
  for (const auto& text : {
           std::string("x"),
           std::string("knotos-web-pack 2\n\n"),
           first,
           first + "/a\ttext/html\th\trevalidated\t0\t1\t0\t0\n",        // No end of the list.
           first + "/a\ttext/html\th\trevalidated\t0\t1\t0\n\nx",        // A field is missing.
           first + "/a\ttext/html\th\trevalidated\t0\t1\t0\t0\t9\n\nx",  // One too many.
           first + "/a\ttext/html\th\trevalidated\t0\t2\t0\t0\n\nx",     // Longer than the pack.
           first + "/a\ttext/html\th\trevalidated\t2\t0\t0\t0\n\nx",
           first + "/a\ttext/html\th\trevalidated\t-1\t1\t0\t0\n\nx",
           first + "/a\ttext/html\th\trevalidated\t0\tone\t0\t0\n\nx",
           first + "/a\ttext/html\th\trevalidated\t18446744073709551615\t1\t0\t0\n\nx",
       }) {
    EXPECT_THROW(static_cast<void>(read_pack(text)), std::runtime_error) << text;
  }
}

TEST(PackTest, EveryCutOfAPackIsRefusedOrWhole) {
  test::PackText pack;
  pack.add("/index.html", "text/html", "h1", "revalidated", "page", "zipped");
  const auto text = pack.text();
  for (std::size_t length = 1; length < text.size(); ++length) {
    EXPECT_THROW(static_cast<void>(read_pack(std::string_view(text).substr(0, length))),
                 std::runtime_error)
        << length;
  }
}

}  // namespace
}  // namespace knotos
