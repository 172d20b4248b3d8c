#pragma once

#include "api/call.hpp"
#include "base/error.hpp"
#include "base/uuid.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace knotos::api {

/// Takes values out of a request's path and query, as json::Reader does out of a body: whatever
/// does not fit is noted under `/<name>`, and `finish` says it all at once.
class Parameters {
 public:
  /// Copies what it needs of the call.
  explicit Parameters(const Call& call);

  /// A parameter of the path. Errors noted: malformed.
  template <class IdType>
  [[nodiscard]] IdType id(std::string_view name) {
    return IdType(uuid(name));
  }

  /// Of the path, decoded. Errors noted: malformed (bytes that are no UTF-8).
  [[nodiscard]] std::string path_text(std::string_view name);

  [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
  /// A whole number of the query. Errors noted: malformed, out-of-range.
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name, std::uint64_t min,
                                                    std::uint64_t max);
  /// Errors noted: required too.
  [[nodiscard]] std::uint64_t required_number(std::string_view name, std::uint64_t min,
                                              std::uint64_t max);
  /// `limit`: 1 to 100, 50 where it is not given.
  [[nodiscard]] std::size_t limit();
  /// `cursor`, as the list's own decoder reads it; nullopt: none, or no good. Errors noted: the
  /// decoder's.
  template <class Decode>
  [[nodiscard]] auto cursor(Decode decode) {
    std::optional<typename std::invoke_result_t<Decode, std::string_view>::value_type> position;
    if (const auto given = text("cursor")) {
      auto decoded = decode(*given);
      if (!decoded) refuse_all(decoded.error());
      if (decoded) position = *std::move(decoded);
    }
    return position;
  }

  void refuse(std::string_view name, std::string_view code, std::string detail);
  /// Notes the field errors of another check.
  void refuse_all(const Error& error);

  /// Errors: validation_failed with all that was noted.
  [[nodiscard]] Result<void> finish();

 private:
  [[nodiscard]] Uuid uuid(std::string_view name);

  std::vector<std::pair<std::string_view, std::string>> path_;
  http::Query query_;
  std::vector<FieldError> errors_;
};

}  // namespace knotos::api
