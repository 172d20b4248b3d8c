#pragma once

#include "bench/loop.hpp"
#include "bench/target.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace knotos::bench {

struct HttpReply {
  int status = 0;  ///< 0: the connection broke.
  std::string body;
};

struct HttpRequest {
  std::string method;
  std::string path;
  std::string token;  ///< Empty: none.
  std::string body;   ///< Empty: none.
  std::function<void(HttpReply)> on_reply;
};

/// REST over a bounded number of kept connections, one request at a time on each; the rest waits
/// in order. On the loop's thread.
class HttpClient {
 public:
  HttpClient(Loop& loop, const Target& target, std::size_t connections);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  void send(HttpRequest request);
  /// Asked for and not yet answered.
  [[nodiscard]] std::size_t under_way() const { return under_way_; }

 private:
  class Connection;
  void take_up();

  Loop& loop_;
  const Target& target_;
  std::deque<HttpRequest> waiting_;
  std::size_t under_way_ = 0;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace knotos::bench
