#include "base/digest.hpp"

#include <gtest/gtest.h>

namespace knotos {
namespace {

std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const auto byte : bytes) {
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 0xfU];
  }
  return out;
}

TEST(DigestTest, DigestsAreThoseOfTheStandards) {
  EXPECT_EQ(hex(sha1(as_octets("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex(sha256(as_octets("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // RFC 4231, test case 2.
  EXPECT_EQ(hex(hmac_sha256(as_octets("Jefe"), as_octets("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(DigestTest, Base64RoundTripsInBothAlphabets) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const auto part = std::string_view(bytes).substr(0, size);
    std::string back;
    ASSERT_TRUE(base64_decode(base64_encode(as_octets(part)), back));
    EXPECT_EQ(back, part);
    ASSERT_TRUE(base64url_decode(base64url_encode(as_octets(part)), back));
    EXPECT_EQ(back, part);
  }
}

TEST(DigestTest, WhatIsNotBase64IsRefused) {
  std::string out;
  for (const auto* text : {"A", "AA", "AAA", "AA=A", "AAAA=", "AA A", "-_==", "AB=="}) {
    EXPECT_FALSE(base64_decode(text, out)) << text;
  }
  for (const auto* text : {"A", "AAAA=", "+/AA", "A\nAA", "AB"}) {
    EXPECT_FALSE(base64url_decode(text, out)) << text;
  }
  for (int byte = 0x80; byte < 0x100; ++byte) {
    const std::string text{'A', 'A', 'A', static_cast<char>(byte)};
    EXPECT_FALSE(base64_decode(text, out)) << byte;
    EXPECT_FALSE(base64url_decode(text, out)) << byte;
  }
}

}  // namespace
}  // namespace knotos
