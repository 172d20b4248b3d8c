#pragma once

#include "base/error.hpp"
#include "base/uuid.hpp"

#include <boost/json/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace knotos::json {

inline constexpr std::size_t kDepthMax = 64;
/// The highest integer that every JSON reader keeps exactly.
inline constexpr std::uint64_t kNumberMax = (std::uint64_t{1} << 53U) - 1;
/// More field errors than these are left out of the answer.
inline constexpr std::size_t kFieldErrorsMax = 32;

/// A parsed JSON object. Moves cheaply; a moved-from one may only be destroyed or assigned.
class Object {
 public:
  explicit Object(boost::json::value value);
  Object(Object&&) noexcept;
  Object& operator=(Object&&) noexcept;
  ~Object();

  [[nodiscard]] const boost::json::object& fields() const;

 private:
  std::unique_ptr<boost::json::value> value_;
};

/// Strict JSON (RFC 8259), one object, at most `kDepthMax` deep. A lone surrogate escape becomes
/// U+FFFD; of repeated names the last one counts. The caller has limited the bytes. Errors:
/// malformed_json (also raw bytes that are not UTF-8); validation_failed where it is no object, or
/// holds a number that is not finite, by pointer.
[[nodiscard]] Result<Object> parse_object(std::string_view text);

/// Takes fields out of an object and remembers everything that does not fit, so that one answer
/// names it all. A field that is null counts as absent. Whatever does not fit reads as an empty
/// value; `finish` says whether anything did not.
class Reader {
 public:
  static constexpr std::size_t kTextBytesMax = 1'000'000;

  /// The object outlives the reader.
  explicit Reader(const Object& object) : object_(&object) {}

  /// Errors noted: required, wrong-type, too-long.
  [[nodiscard]] std::string text(std::string_view name, std::size_t bytes_max = kTextBytesMax);
  /// Errors noted: wrong-type, too-long.
  [[nodiscard]] std::optional<std::string> optional_text(std::string_view name,
                                                         std::size_t bytes_max = kTextBytesMax);

  /// A whole number from `min` to `max`. Errors noted: required, wrong-type, out-of-range.
  [[nodiscard]] std::uint64_t number(std::string_view name, std::uint64_t min = 0,
                                     std::uint64_t max = kNumberMax);
  [[nodiscard]] std::optional<std::uint64_t> optional_number(std::string_view name,
                                                             std::uint64_t min = 0,
                                                             std::uint64_t max = kNumberMax);

  /// Errors noted: wrong-type.
  [[nodiscard]] std::optional<bool> optional_flag(std::string_view name);
  /// An object of whole numbers by name, at most `count_max`; absent is empty. Errors noted:
  /// required, wrong-type, too-long, and each bad member at its own pointer.
  [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> numbers(std::string_view name,
                                                                           std::size_t count_max);

  /// Errors noted: required, wrong-type, malformed.
  template <class IdType>
  [[nodiscard]] IdType id(std::string_view name) {
    return IdType(uuid(name));
  }
  template <class IdType>
  [[nodiscard]] std::optional<IdType> optional_id(std::string_view name) {
    const auto found = optional_uuid(name);
    if (!found) return std::nullopt;
    return IdType(*found);
  }
  /// An array of ids; absent is empty. Errors noted: wrong-type, too-long (more than `count_max`),
  /// and each bad item at its own pointer.
  template <class IdType>
  [[nodiscard]] std::vector<IdType> optional_ids(std::string_view name, std::size_t count_max) {
    std::vector<IdType> ids;
    for (const auto& each : optional_uuids(name, count_max)) ids.push_back(IdType(each));
    return ids;
  }
  template <class IdType>
  [[nodiscard]] std::vector<IdType> ids(std::string_view name, std::size_t count_max) {
    if (!has(name)) require(name);
    return optional_ids<IdType>(name, count_max);
  }

  /// There, and null: for fields where that says something.
  [[nodiscard]] bool is_null(std::string_view name) const;
  /// A text of an object inside, such as `settings`. Errors noted: wrong-type, at either.
  [[nodiscard]] std::optional<std::string> nested_text(std::string_view parent,
                                                       std::string_view name);

  /// There and not null.
  [[nodiscard]] bool has(std::string_view name) const;
  /// An array that must be empty, or absent: what this server does not offer. Errors noted:
  /// wrong-type, not-allowed.
  void no_items(std::string_view name, std::string detail);

  /// Notes an error of the caller's own finding at a top-level field.
  void refuse(std::string_view name, std::string_view code, std::string detail);
  /// The same deeper inside.
  void refuse_at(std::string pointer, std::string_view code, std::string detail);
  /// Notes the field errors of another check, except at fields that are refused already.
  void refuse_all(const Error& error);

  /// Errors: validation_failed with all that was noted.
  [[nodiscard]] Result<void> finish();

 private:
  [[nodiscard]] const boost::json::value* find(std::string_view name) const;
  void require(std::string_view name);
  [[nodiscard]] Uuid uuid(std::string_view name);
  [[nodiscard]] std::optional<Uuid> optional_uuid(std::string_view name);
  [[nodiscard]] std::vector<Uuid> optional_uuids(std::string_view name, std::size_t count_max);
  void note(FieldError error);

  const Object* object_;
  std::vector<FieldError> errors_;
};

/// A JSON pointer (RFC 6901) one name further down.
[[nodiscard]] std::string pointer_to(std::string_view parent, std::string_view name);

}  // namespace knotos::json
