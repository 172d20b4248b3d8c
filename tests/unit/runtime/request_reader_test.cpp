#include "runtime/request_reader.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace knotos::runtime {
namespace {

using Status = RequestReader::Status;
using namespace std::string_view_literals;

HttpLimits small_limits() {
  HttpLimits limits;
  limits.header_bytes_max = 256;
  limits.headers_max = 4;
  limits.body_bytes_max = 16;
  return limits;
}

/// A reader and what it has not taken yet.
class Reading {
 public:
  /// Reads to where it needs more, is done or has failed.
  Status add(std::string_view bytes) {
    kept_ += bytes;
    while (true) {
      std::string_view rest = kept_;
      const auto status = reader_.read(rest);
      kept_.erase(0, kept_.size() - rest.size());
      if (status != Status::head_done) return status;
      if (!reader_.limit_body(small_limits().body_bytes_max)) return Status::failed;
    }
  }

  Status add_by_bytes(std::string_view bytes) {
    for (const char byte : bytes) {
      const auto status = add({&byte, 1});
      if (status != Status::needs_more) return status;
    }
    return Status::needs_more;
  }

  RequestReader& reader() { return reader_; }
  [[nodiscard]] const std::string& kept() const { return kept_; }

 private:
  RequestReader reader_{small_limits()};
  std::string kept_;
};

TEST(RequestReaderTest, ARequestIsTheSameHoweverItIsCut) {
  constexpr std::string_view kRequest =
      "POST /a/b?c=d HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t cut = 1; cut < kRequest.size(); ++cut) {
    Reading reading;
    ASSERT_EQ(reading.add(kRequest.substr(0, cut)), Status::needs_more) << cut;
    ASSERT_EQ(reading.add(kRequest.substr(cut)), Status::done) << cut;
    EXPECT_EQ(reading.reader().path(), "/a/b");
    const auto request = reading.reader().take_request();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/a/b?c=d");
    EXPECT_EQ(request.header("host"), "x");
    EXPECT_EQ(request.body, "hello");
  }
}

TEST(RequestReaderTest, WhatComesBehindARequestIsLeft) {
  Reading reading;
  EXPECT_EQ(reading.add("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\n"), Status::done);
  EXPECT_EQ(reading.kept(), "GET /2 HTTP/1.1\r\n");
}

// Found by fuzz_http_front: at once where it came whole, at the end of the head where it did not.
TEST(RequestReaderTest, ABadRequestLineFailsHoweverItIsCut) {
  constexpr auto kHead = "GET /?tra\0nsport=polling HTTP/1.1\r\nHost: x\r\n\r\n"sv;
  Reading whole;
  EXPECT_EQ(whole.add(kHead), Status::failed);
  Reading pieces;
  EXPECT_EQ(pieces.add_by_bytes(kHead), Status::failed);
  EXPECT_EQ(pieces.reader().failure_status(), whole.reader().failure_status());
  EXPECT_EQ(pieces.reader().failure_status(), 400U);
}

// Found by fuzz_http_front: it is a request, and nothing is mounted there.
TEST(RequestReaderTest, ATargetMayHaveNoPath) {
  Reading reading;
  EXPECT_EQ(reading.add("GET ?EIO=4 HTTP/1.1\r\nHost: x\r\n\r\n"), Status::done);
  EXPECT_EQ(reading.reader().path(), "");
  EXPECT_EQ(reading.reader().take_request().target, "?EIO=4");
}

TEST(RequestReaderTest, LimitsHoldForHeads) {
  Reading large;
  EXPECT_EQ(large.add("GET / HTTP/1.1\r\nX: " + std::string(300, 'x')), Status::failed);
  EXPECT_EQ(large.reader().failure_status(), 431U);
  Reading many;
  EXPECT_EQ(many.add("GET / HTTP/1.1\r\nA: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nE: 1\r\n\r\n"),
            Status::failed);
  EXPECT_EQ(many.reader().failure_status(), 431U);
}

TEST(RequestReaderTest, LimitsHoldForBodiesAnnouncedOrNot) {
  Reading announced;
  EXPECT_EQ(announced.add("POST / HTTP/1.1\r\nContent-Length: 17\r\n\r\n"), Status::failed);
  EXPECT_EQ(announced.reader().failure_status(), 413U);
  EXPECT_EQ(announced.reader().head().method, "POST");
  Reading chunked;
  EXPECT_EQ(chunked.add("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n" +
                        std::string(16, 'x') + "\r\n"),
            Status::needs_more);
  EXPECT_EQ(chunked.add("1\r\nx\r\n"), Status::failed);
  EXPECT_EQ(chunked.reader().failure_status(), 413U);
}

TEST(RequestReaderTest, AnotherVersionIsRefused) {
  Reading reading;
  EXPECT_EQ(reading.add("GET / HTTP/2.0\r\n\r\n"), Status::failed);
  EXPECT_EQ(reading.reader().failure_status(), 505U);
}

}  // namespace
}  // namespace knotos::runtime
