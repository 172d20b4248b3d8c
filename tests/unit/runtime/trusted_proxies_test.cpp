#include "runtime/trusted_proxies.hpp"

#include <gtest/gtest.h>

namespace knotos::runtime {
namespace {

http::Request forwarded(std::initializer_list<const char*> chains) {
  http::Request head;
  for (const auto* chain : chains) head.headers.push_back({"x-forwarded-for", chain});
  return head;
}

TrustedProxies trusting(std::initializer_list<const char*> networks) {
  TrustedProxies proxies;
  for (const auto* network : networks) EXPECT_TRUE(proxies.add(network)) << network;
  return proxies;
}

TEST(TrustedProxiesTest, NobodyIsBelievedByDefault) {
  EXPECT_EQ(TrustedProxies().client_address("127.0.0.1", forwarded({"192.0.2.1"})), "127.0.0.1");
}

TEST(TrustedProxiesTest, OnlyATrustedPeerIsBelieved) {
  const auto proxies = trusting({"10.0.0.0/8"});
  EXPECT_EQ(proxies.client_address("10.9.9.9", forwarded({"192.0.2.1"})), "192.0.2.1");
  EXPECT_EQ(proxies.client_address("11.0.0.1", forwarded({"192.0.2.1"})), "11.0.0.1");
  EXPECT_EQ(proxies.client_address("10.9.9.9", forwarded({})), "10.9.9.9");
}

TEST(TrustedProxiesTest, TheLastThatIsNotTrustedIsTheClient) {
  const auto proxies = trusting({"10.0.0.0/8", "192.0.2.7"});
  // What stands before it was said by the client itself.
  EXPECT_EQ(proxies.client_address("10.0.0.1", forwarded({"1.1.1.1, 192.0.2.1 ,10.0.0.2"})),
            "192.0.2.1");
  EXPECT_EQ(proxies.client_address("10.0.0.1", forwarded({"1.1.1.1,192.0.2.1", "192.0.2.7"})),
            "192.0.2.1");
  EXPECT_EQ(proxies.client_address("10.0.0.1", forwarded({"10.0.0.3, 10.0.0.2"})), "10.0.0.3");
}

TEST(TrustedProxiesTest, AddressesComeInManyForms) {
  const auto proxies = trusting({"127.0.0.1", "fd00::/8", "::1"});
  const auto from = [&](const char* peer, const char* chain) {
    return proxies.client_address(peer, forwarded({chain}));
  };
  EXPECT_EQ(from("::ffff:127.0.0.1", "192.0.2.1:4711"), "192.0.2.1");
  EXPECT_EQ(from("::1", "[2001:DB8::1]:4711"), "2001:db8::1");
  EXPECT_EQ(from("fd12::1", "2001:db8::2"), "2001:db8::2");
  EXPECT_EQ(from("fd12::1", "::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(from("fe80::1", "2001:db8::2"), "fe80::1");
}

TEST(TrustedProxiesTest, WhatIsNoAddressEndsTheChain) {
  const auto proxies = trusting({"10.0.0.0/8"});
  for (const char* chain :
       {"", "unknown", ",", "[", "]", "[]:1", "1.2.3.4, nobody", "1.2.3.4.5", "::::", "1.2.3.4 5"})
    EXPECT_EQ(proxies.client_address("10.0.0.1", forwarded({chain})), "10.0.0.1") << chain;
  EXPECT_EQ(proxies.client_address("10.0.0.1", forwarded({"1.2.3.4, x, 10.0.0.2"})), "10.0.0.2");
}

TEST(TrustedProxiesTest, WhatIsNoNetworkIsRefused) {
  TrustedProxies proxies;
  for (const char* network : {"", "/", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1",
                              "10.0.0.0/8x", "example.org", "10.0.0/8"})
    EXPECT_FALSE(proxies.add(network)) << network;
  EXPECT_TRUE(proxies.empty());
}

}  // namespace
}  // namespace knotos::runtime
