#include "runtime/request_reader.hpp"

#include "base/metrics.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <iterator>

namespace knotos::runtime {
namespace {

namespace beast_http = boost::beast::http;
using boost::system::error_code;

metrics::Counter requests_malformed("http_requests_malformed_total",
                                    "Requests that were no HTTP/1.1, or not within its limits.");

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

struct Refusal {
  unsigned status;
  std::string_view text;
};

Refusal refusal_for(const error_code& ec) {
  if (ec == beast_http::error::header_limit) return {431, "The request's headers are too large."};
  if (ec == beast_http::error::body_limit) return {413, "The request's body is too large."};
  if (ec == beast_http::error::bad_version) return {505, "HTTP/1.0 and HTTP/1.1 are spoken here."};
  return {400, "This is not a request that HTTP/1.1 allows."};
}

}  // namespace

struct RequestReader::State {
  beast_http::request_parser<beast_http::string_body> parser;
  std::size_t headers_max = 0;
  bool is_head_done = false;
  Refusal refusal{400, ""};
};

RequestReader::RequestReader(const HttpLimits& limits) : state_(std::make_unique<State>()) {
  state_->parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
  state_->parser.body_limit(boost::none);  // Known when the path is.
  state_->headers_max = limits.headers_max;
}

RequestReader::~RequestReader() = default;

RequestReader::Status RequestReader::read(std::string_view& bytes) {
  auto& parser = state_->parser;
  const auto fail_with = [this](Refusal refusal) {
    requests_malformed.add();
    state_->refusal = refusal;
    return Status::failed;
  };
  while (!parser.is_done()) {
    error_code ec;
    const auto taken = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
    bytes.remove_prefix(taken);
    if (ec == beast_http::error::need_more) return Status::needs_more;
    if (ec) return fail_with(refusal_for(ec));
    if (parser.is_header_done() && !state_->is_head_done) {
      state_->is_head_done = true;
      const auto& fields = parser.get();
      const auto count = static_cast<std::size_t>(std::distance(fields.begin(), fields.end()));
      if (count > state_->headers_max) return fail_with({431, "The request has too many headers."});
      return Status::head_done;
    }
    if (taken == 0 && !parser.is_done()) return Status::needs_more;
  }
  return Status::done;
}

std::string_view RequestReader::path() const { return target().substr(0, target().find('?')); }

std::string_view RequestReader::target() const { return view(state_->parser.get().target()); }

bool RequestReader::limit_body(std::size_t bytes_max) {
  auto& parser = state_->parser;
  parser.eager(true);
  parser.body_limit(bytes_max);
  const auto announced = parser.content_length();
  // Beast checks the length when it reads the headers, which is over: the limit would only hold for
  // chunks.
  if (!announced || *announced <= bytes_max) return true;
  requests_malformed.add();
  state_->refusal = {413, "The request's body is too large."};
  return false;
}

bool RequestReader::expects_continue() const {
  const auto expect = view(state_->parser.get()[beast_http::field::expect]);
  return boost::beast::iequals({expect.data(), expect.size()}, "100-continue");
}

bool RequestReader::keeps_alive() const { return state_->parser.keep_alive(); }

http::Request RequestReader::head() const {
  const auto& message = state_->parser.get();
  http::Request request;
  request.method = std::string(view(message.method_string()));
  request.target = std::string(view(message.target()));
  request.version = message.version();
  for (const auto& field : message) {
    request.headers.push_back(
        {std::string(view(field.name_string())), std::string(view(field.value()))});
  }
  return request;
}

http::Request RequestReader::take_request() {
  auto request = head();
  request.body = std::move(state_->parser.get().body());
  return request;
}

unsigned RequestReader::failure_status() const { return state_->refusal.status; }

std::string_view RequestReader::failure_text() const { return state_->refusal.text; }

}  // namespace knotos::runtime
