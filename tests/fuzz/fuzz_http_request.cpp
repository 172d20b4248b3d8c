#include "base/assert.hpp"
#include "runtime/request_reader.hpp"
#include "server/http_front.hpp"

#include "fuzz/input.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace knotos::fuzz {
namespace {

constexpr std::size_t kBodyMax = 100;

runtime::HttpLimits limits() {
  runtime::HttpLimits limits;
  limits.header_bytes_max = 300;
  limits.headers_max = 6;
  return limits;
}

/// How a connection ends that reads requests until there are no more, as lines: one a request, and
/// the refusal, if any.
class Connection {
 public:
  void feed(std::string_view bytes) {
    if (is_over_) return;
    kept_ += bytes;
    const auto together = std::exchange(kept_, {});
    std::string_view rest = together;
    while (read(rest)) {
    }
    if (!is_over_) kept_ = rest;
    // A head that is not finished is all that may wait.
    KN_ASSERT(kept_.size() <= limits().header_bytes_max + kBodyMax + 64);
  }
  [[nodiscard]] const std::string& lines() const { return lines_; }

 private:
  /// False: nothing more can be read now.
  bool read(std::string_view& rest) {
    if (!reader_) {
      if (rest.empty()) return false;
      reader_.emplace(limits());
    }
    switch (reader_->read(rest)) {
      case runtime::RequestReader::Status::needs_more:
        return false;
      case runtime::RequestReader::Status::head_done:
        KN_ASSERT(reader_->head().path() == reader_->path());
        if (reader_->limit_body(kBodyMax)) return true;
        return fail();
      case runtime::RequestReader::Status::done:
        take();
        return true;
      case runtime::RequestReader::Status::failed:
        return fail();
    }
    return false;
  }

  bool fail() {
    const auto status = reader_->failure_status();
    KN_ASSERT(status >= 400 && status < 600 && !reader_->failure_text().empty());
    lines_ += "refused " + std::to_string(status) + "\n";
    is_over_ = true;
    return false;
  }

  void take() {
    const bool keeps_alive = reader_->keeps_alive();
    const auto request = reader_->take_request();
    KN_ASSERT(request.body.size() <= kBodyMax && request.headers.size() <= limits().headers_max);
    lines_ += request.method + " " + request.target + " " + request.body;
    for (const auto& header : request.headers) lines_ += "|" + header.name + ":" + header.value;
    lines_ += "\n";
    check_front(request);
    reader_.reset();
    is_over_ = !keeps_alive;
  }

  /// What the front says of it is an answer, and the same when it is asked again.
  static void check_front(const http::Request& request) {
    server::Options options;
    options.cors_origins = {"https://a.example"};
    const auto front = server::check_front(request, options);
    const auto again = server::check_front(request, options);
    KN_ASSERT(front.has_value() == again.has_value());
    if (!front) {
      const auto response = server::fault_response(front.error());
      KN_ASSERT(response.status == 400 || response.status == 403);
    }
    for (const auto& header : server::cors_headers(request, options)) {
      KN_ASSERT(!header.value.contains('\n') && !header.value.contains('\r'));
    }
  }

  std::optional<runtime::RequestReader> reader_;
  std::string kept_;
  std::string lines_;
  bool is_over_ = false;
};

std::string fed_in_pieces(std::string_view bytes, std::size_t piece_size) {
  Connection connection;
  while (!bytes.empty()) {
    // On the heap to the byte, so that a sanitizer sees a step outside.
    const std::string piece(bytes.substr(0, piece_size));
    bytes.remove_prefix(piece.size());
    connection.feed(piece);
  }
  return connection.lines();
}

}  // namespace
}  // namespace knotos::fuzz

/// What a peer sends to the HTTP port; the first byte says how it is cut. However that is, the
/// requests are the same, none is larger than allowed, and each has an answer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace knotos;
  fuzz::Input input(data, size);
  const std::size_t piece_size = input.byte() + 1;
  const auto bytes = input.rest();
  // A head that comes whole may be refused for its size before its end is looked at, and one that
  // comes in pieces for its form: so pieces are compared with pieces.
  KN_ASSERT(fuzz::fed_in_pieces(bytes, piece_size) == fuzz::fed_in_pieces(bytes, 1));
  return 0;
}
