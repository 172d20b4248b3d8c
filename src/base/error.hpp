#pragma once

#include "base/errc.hpp"

#include <chrono>
#include <expected>
#include <string>
#include <utility>
#include <vector>

namespace knotos {

/// One field that does not fit. `pointer` is a JSON pointer into the request (RFC 6901), "" the
/// whole of it.
struct FieldError {
  std::string pointer;
  std::string code;  ///< `required`, `wrong-type`, `too-long`, `too-short`, `out-of-range`,
                     ///< `not-allowed`, `malformed`.
  std::string detail;

  bool operator==(const FieldError&) const = default;
};

/// Why something did not work. `code`, `detail` and `fields` may cross the wire; `cause` goes to
/// the log and nowhere else.
struct Error {
  Errc code = Errc::internal;
  std::string detail;
  std::vector<FieldError> fields;
  std::chrono::milliseconds retry_after{0};  ///< 0: not said.
  std::string cause;
};

/// A value or an Error. Propagate in plain sight: `if (!room) co_return fail(room.error());`.
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
  return std::unexpected<Error>(std::move(error));
}

[[nodiscard]] inline std::unexpected<Error> fail(Errc code, std::string detail = {}) {
  return std::unexpected<Error>(
      Error{.code = code, .detail = std::move(detail), .fields = {}, .cause = {}});
}

/// A failure whose reason only the log may tell.
[[nodiscard]] inline std::unexpected<Error> fail_because(Errc code, std::string cause) {
  return std::unexpected<Error>(
      Error{.code = code, .detail = {}, .fields = {}, .cause = std::move(cause)});
}

/// One field does not fit: 422 with its JSON pointer.
[[nodiscard]] inline std::unexpected<Error> fail_field(std::string pointer, std::string code,
                                                       std::string detail) {
  Error error{.code = Errc::validation_failed, .detail = {}, .fields = {}, .cause = {}};
  error.fields.push_back({std::move(pointer), std::move(code), std::move(detail)});
  return std::unexpected<Error>(std::move(error));
}

}  // namespace knotos
