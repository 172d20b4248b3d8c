#pragma once

#include "protocol/http/message.hpp"
#include "runtime/http_limits.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace knotos::runtime {

/// One HTTP/1.1 request on its way in, by Beast's parser (docs/adr/0007-http-by-beast.md). Bytes
/// in, a request out; no socket, no clock. Made for a request and destroyed with it, so that an
/// idle connection holds none.
class RequestReader {
 public:
  enum class Status {
    needs_more,
    head_done,  ///< The path is known: say how large the body may be, and go on.
    done,
    failed,  ///< Nothing after it can be understood.
  };

  explicit RequestReader(const HttpLimits& limits);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  /// Takes bytes from the front of `bytes`. What is left must come again, with more behind it. A
  /// bad head that comes in pieces fails when it ends or is too long.
  [[nodiscard]] Status read(std::string_view& bytes);

  /// After head_done.
  [[nodiscard]] std::string_view path() const;
  /// After head_done: path and query.
  [[nodiscard]] std::string_view target() const;
  /// After head_done. False: the body is announced as larger, and the reader has failed. Where it
  /// only grows larger, `read` fails.
  [[nodiscard]] bool limit_body(std::size_t bytes_max);
  /// After head_done: the client waits for a word before it sends the body.
  [[nodiscard]] bool expects_continue() const;
  [[nodiscard]] bool keeps_alive() const;

  /// After head_done, also when it has failed since: the request without its body.
  [[nodiscard]] http::Request head() const;
  /// After done, once.
  [[nodiscard]] http::Request take_request();
  /// After failed: the status and a sentence.
  [[nodiscard]] unsigned failure_status() const;
  [[nodiscard]] std::string_view failure_text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace knotos::runtime
