#include "runtime/http_server.hpp"

#include "raw_client.hpp"
#include "runtime/shard_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <thread>

namespace knotos::runtime {
namespace {

using test::RawClient;

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// Waits for what another thread brings about; ten seconds are for ever.
template <class Condition>
bool comes_true(Condition condition) {
  for (int step = 0; step < 1'000; ++step) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

class HttpServerTest : public testing::Test {
 protected:
  void serve(HttpLimits limits = {}, std::size_t shards = 2) {
    pool_ = std::make_unique<ShardPool>(shards);
    server_ = std::make_unique<HttpServer>(*pool_, limits);
    server_->mount("/echo", [](std::shared_ptr<server::HttpExchange> exchange) {
      const auto& request = exchange->request();
      exchange->respond({.headers = {{"Content-Type", "text/plain"}},
                         .body = request.method + " " + request.target + " " + request.body});
    });
    server_->mount("/big", [](std::shared_ptr<server::HttpExchange> exchange) {
      exchange->respond({.headers = {}, .body = std::string(8'000'000, 'x')});
    });
    server_->mount("/park", [this](std::shared_ptr<server::HttpExchange> exchange) {
      exchange->on_abort([this] { ++aborted_; });
      parked_ = std::move(exchange);
      parked_on_ = pool_->current();
      ++seen_;
    });
    server_->mount("/drop", [](const std::shared_ptr<server::HttpExchange>&) {});
    server_->mount("/forge", [](std::shared_ptr<server::HttpExchange> exchange) {
      exchange->respond(
          {.headers = {{"X-Name", "a\r\nSet-Cookie: b"}, {"X-Good", "yes"}}, .body = {}});
    });
    server_->mount(
        "/small", [](std::shared_ptr<server::HttpExchange> exchange) { exchange->respond({}); },
        10);
    server_->mount("/link",
                   [this](std::shared_ptr<server::HttpExchange> exchange) { take(*exchange); });
    pool_->start();
    port_ = server_->listen("127.0.0.1", 0);
  }

  void TearDown() override {
    if (!pool_) return;
    server_->close_all();
    pool_->stop();
    parked_.reset();
    link_.reset();
    server_.reset();
    pool_.reset();
  }

  /// Says what it hears, and hears what it says.
  struct EchoLink : server::LinkEvents {
    void on_bytes(std::span<const std::uint8_t> bytes) override {
      heard.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      flush();
    }
    void on_writable() override { flush(); }
    void on_end(server::LinkEnd) override { ++ended; }
    void flush() {
      const server::Link::Piece piece{reinterpret_cast<const std::uint8_t*>(heard.data()),
                                      heard.size()};
      heard.erase(0, link->write({&piece, 1}));
    }
    std::unique_ptr<server::Link> link;
    std::string heard;
    std::atomic<int> ended = 0;
  };

  /// Hands the link to another shard before it starts.
  void take(server::HttpExchange& exchange) {
    auto link = exchange.take_link();
    ASSERT_TRUE(link);
    pool_->post((pool_->current() + 1) % pool_->count(), [this, link = std::move(link)]() mutable {
      link_ = std::make_unique<EchoLink>();
      link_->link = std::move(link);
      link_->link->start(*link_);
    });
  }

  std::unique_ptr<ShardPool> pool_;
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
  std::shared_ptr<server::HttpExchange> parked_;
  std::unique_ptr<EchoLink> link_;
  std::atomic<std::size_t> parked_on_ = 0;  ///< The shard of `parked_`, its only thread.
  std::atomic<int> aborted_ = 0;
  std::atomic<int> seen_ = 0;
};

TEST_F(HttpServerTest, AnswersRequestsThatCameAheadInOrder) {
  serve();
  RawClient client(port_);
  client.send(
      "GET /echo?1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo?2 HTTP/1.1\r\nHost: a\r\nContent-Length: "
      "2\r\n\r\nhi"
      "GET /echo?3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const auto answer = client.read_to_end();
  const auto first = answer.find("GET /echo?1 ");
  const auto second = answer.find("POST /echo?2 hi");
  const auto third = answer.find("GET /echo?3 ");
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_NE(third, std::string::npos);
}

TEST_F(HttpServerTest, ARequestCutAnywhereIsTheSame) {
  serve();
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  for (std::size_t cut = 1; cut < request.size(); cut += 7) {
    RawClient client(port_);
    client.send(request.substr(0, cut));
    std::this_thread::yield();
    client.send(request.substr(cut));
    EXPECT_NE(client.read_until("abcde").find("POST /echo abcde"), std::string::npos) << cut;
  }
}

TEST_F(HttpServerTest, HeadHasNoBodyAndTheNextAnswerFollows) {
  serve();
  RawClient client(port_);
  client.send(
      "HEAD /echo HTTP/1.1\r\nHost: a\r\n\r\nGET /echo HTTP/1.1\r\nHost: a\r\nConnection: "
      "close\r\n\r\n");
  const auto answer = client.read_to_end();
  EXPECT_EQ(answer.find("HEAD /echo"), std::string::npos);
  EXPECT_NE(answer.find("Content-Length: 11"), std::string::npos);
  EXPECT_NE(answer.find("GET /echo "), std::string::npos);
}

TEST_F(HttpServerTest, RefusesWhatItCannotUnderstand) {
  serve();
  const std::pair<std::string, std::string> rows[] = {
      {"NONSENSE\r\n\r\n", "400"},
      {"GET / HTTP/3.0\r\n\r\n", "505"},
      {"GET /echo HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "400"},
      {"POST /echo HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "400"},
      {"GET /echo HTTP/1.1\r\nX: " + std::string(64 * 1024, 'a') + "\r\n\r\n", "431"},
      {"POST /small HTTP/1.1\r\nContent-Length: 11\r\n\r\n", "413"},
      {"POST /small HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n", "413"},
  };
  for (const auto& [request, status] : rows) {
    RawClient client(port_);
    client.send(request);
    EXPECT_EQ(client.read_to_end().substr(0, 12), "HTTP/1.1 " + status) << request.substr(0, 60);
  }
  std::string many = "GET /echo HTTP/1.1\r\n";
  for (int i = 0; i < 101; ++i) many += "a: b\r\n";
  RawClient client(port_);
  client.send(many + "\r\n");
  EXPECT_EQ(client.read_to_end().substr(0, 12), "HTTP/1.1 431");
}

TEST_F(HttpServerTest, ALargeBodyIsRefusedBeforeItIsRead) {
  serve();
  RawClient client(port_);
  client.send("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "40000\r\n" + std::string(0x40000, 'x') + "\r\n";
  for (int i = 0; i < 8; ++i) client.send(chunk);
  EXPECT_EQ(client.read_until("\r\n").substr(0, 12), "HTTP/1.1 413");
}

TEST_F(HttpServerTest, SlowPeersAreTold) {
  serve({.header_timeout = std::chrono::milliseconds(50),
         .body_timeout = std::chrono::milliseconds(50)});
  RawClient slow_head(port_);
  slow_head.send("GET /echo HT");
  EXPECT_EQ(slow_head.read_to_end().substr(0, 12), "HTTP/1.1 408");
  RawClient slow_body(port_);
  slow_body.send("POST /echo HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(slow_body.read_to_end().substr(0, 12), "HTTP/1.1 408");
}

TEST_F(HttpServerTest, AnIdleConnectionEnds) {
  serve({.keep_alive_timeout = std::chrono::milliseconds(50)});
  RawClient client(port_);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(HttpServerTest, ContinueIsSaidBeforeTheBody) {
  serve();
  RawClient client(port_);
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_NE(client.read_until("ok").find("200 OK"), std::string::npos);
}

TEST_F(HttpServerTest, TheOldVersionClosesUnlessAskedNotTo) {
  serve();
  RawClient client(port_);
  client.send("GET /echo HTTP/1.0\r\n\r\n");
  EXPECT_NE(client.read_to_end().find("Connection: close"), std::string::npos);
  RawClient other(port_);
  other.send("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(other.read_until("\r\n\r\n").find("Connection: keep-alive"), std::string::npos);
}

TEST_F(HttpServerTest, AParkedRequestHearsThatItsPeerHasGone) {
  serve();
  for (const bool is_reset : {false, true}) {
    const int before = aborted_;
    const int seen = seen_;
    RawClient client(port_);
    client.send("GET /park HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(comes_true([&] { return seen_ > seen; }));
    if (is_reset) {
      client.reset();
    } else {
      client.close();
    }
    EXPECT_TRUE(comes_true([&] { return aborted_ == before + 1; }));
  }
}

TEST_F(HttpServerTest, APeerThatOnlyFinishedSendingGetsItsAnswer) {
  serve();
  RawClient client(port_);
  client.send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
  client.finish_sending();
  EXPECT_NE(client.read_to_end().find("GET /echo"), std::string::npos);
}

TEST_F(HttpServerTest, WhatIsDroppedUnansweredIs500) {
  serve();
  RawClient client(port_);
  client.send("GET /drop HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_to_end().substr(0, 12), "HTTP/1.1 500");
}

TEST_F(HttpServerTest, UnknownPathsAre404) {
  serve();
  RawClient client(port_);
  client.send("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n").substr(0, 12), "HTTP/1.1 404");
}

TEST_F(HttpServerTest, AHeaderCannotForgeAnother) {
  serve();
  RawClient client(port_);
  client.send("GET /forge HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const auto answer = client.read_to_end();
  EXPECT_EQ(answer.find("Set-Cookie"), std::string::npos);
  EXPECT_NE(answer.find("X-Good: yes"), std::string::npos);
}

TEST_F(HttpServerTest, ALargeAnswerReachesAPeerThatReadsLate) {
  serve();
  RawClient client(port_);
  client.send("GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_GT(client.read_to_end().size(), 8'000'000U);
}

TEST_F(HttpServerTest, APeerThatNeverReadsIsCut) {
  serve({.write_timeout = std::chrono::milliseconds(50)});
  RawClient client(port_);
  client.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(comes_true([&] { return server_->connections() == 1; }));
  EXPECT_TRUE(comes_true([&] { return server_->connections() == 0; }));
}

TEST_F(HttpServerTest, ALinkStartsOnAnotherShardWithWhatCameEarly) {
  serve();
  RawClient client(port_);
  client.send("GET /link HTTP/1.1\r\nHost: a\r\n\r\nearly");
  EXPECT_EQ(client.read_until("early"), "early");
  client.send("later");
  EXPECT_EQ(client.read_until("later"), "later");
  client.close();
  EXPECT_TRUE(comes_true([&] { return link_->ended == 1; }));
}

TEST_F(HttpServerTest, ALinkWritesWhatItsPeerTakes) {
  serve();
  RawClient client(port_);
  client.send("GET /link HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string much(4'000'000, 'y');
  std::thread sender([&] { client.send(much + "end"); });
  const auto all = client.read_until("end");
  sender.join();
  EXPECT_EQ(all.size(), much.size() + 3);
}

TEST_F(HttpServerTest, ManyConnectionsLeaveNoDescriptorBehind) {
  serve();
  const auto before = open_descriptors();
  for (int round = 0; round < 20; ++round) {
    std::vector<RawClient> clients;
    for (int i = 0; i < 100; ++i) clients.emplace_back(port_);
    for (std::size_t i = 0; i < clients.size(); ++i) {
      clients[i].send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
      if (i % 3 == 0) clients[i].reset();
    }
  }
  EXPECT_TRUE(comes_true([&] { return server_->connections() == 0; }));
  EXPECT_TRUE(comes_true([&] { return open_descriptors() <= before; }));
}

TEST_F(HttpServerTest, TooManyConnectionsAreClosedAtOnce) {
  serve({.connections_max = 2});
  RawClient one(port_);
  RawClient two(port_);
  one.send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
  two.send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
  (void)one.read_until("/echo");
  (void)two.read_until("/echo");
  RawClient three(port_);
  EXPECT_EQ(three.read_to_end(), "");
}

TEST_F(HttpServerTest, StoppingAnswersWhatIsUnderWay) {
  serve();
  RawClient idle(port_);
  RawClient waiting(port_);
  waiting.send("GET /park HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(comes_true([&] { return seen_ == 1; }));
  server_->stop_accepting();
  EXPECT_EQ(idle.read_to_end(), "");
  pool_->post(parked_on_, [this] {
    std::exchange(parked_, nullptr)->respond({.headers = {}, .body = "done"});
  });
  EXPECT_NE(waiting.read_to_end().find("done"), std::string::npos);
}

TEST_F(HttpServerTest, AnAddressInUseIsOneSentence) {
  serve();
  try {
    server_->listen("127.0.0.1", port_);
    FAIL() << "the port was given twice";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string(error.what()),
              "cannot listen on 127.0.0.1:" + std::to_string(port_) + ": Address already in use");
  }
}

}  // namespace
}  // namespace knotos::runtime
