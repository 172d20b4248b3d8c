#pragma once

#include "base/digest.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"

#include <bson/bson.h>

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace knotos::adapters::mongo {

/// A BSON document that owns its bytes (bsonspec.org). Ids are text, times dates, hashes binary;
/// what is absent is left out, or null where it is added as such.
class Document {
 public:
  Document() : bson_(bson_new()) {}
  explicit Document(const bson_t* other) : bson_(bson_copy(other)) {}
  Document(const Document& other) : bson_(bson_copy(other.raw())) {}
  Document(Document&&) noexcept = default;
  Document& operator=(const Document& other) { return *this = Document(other); }
  Document& operator=(Document&&) noexcept = default;
  ~Document() = default;

  Document& add(std::string_view key, bool value);
  Document& add(std::string_view key, std::string_view value);
  Document& add(std::string_view key, const std::string& value) {
    return add(key, std::string_view(value));
  }
  Document& add(std::string_view key, const char* value) {
    return add(key, std::string_view(value));
  }
  Document& add(std::string_view key, Time value);
  Document& add(std::string_view key, const Sha256& value);
  Document& add(std::string_view key, const Document& value);
  Document& add(std::string_view key, std::nullptr_t);
  template <std::integral Number>
  Document& add(std::string_view key, Number value) {
    return add_number(key, static_cast<std::int64_t>(value));
  }
  template <class Tag>
  Document& add(std::string_view key, const Id<Tag>& value) {
    return add(key, value.to_string());
  }
  template <class T>
  Document& add(std::string_view key, const std::optional<T>& value) {
    return value ? add(key, *value) : add(key, nullptr);
  }
  template <class T>
  Document& add(std::string_view key, const std::vector<T>& values) {
    Document array;
    for (std::size_t at = 0; at < values.size(); ++at) array.add(std::to_string(at), values[at]);
    return add_array(key, array);
  }
  Document& add_binary(std::string_view key, std::string_view bytes);
  /// A moment as the cluster counts them; see `View::moment`.
  Document& add_moment(std::string_view key, Time value);

  /// Every field of the other.
  Document& add_all(const Document& other);

  [[nodiscard]] const bson_t* raw() const { return bson_.get(); }
  [[nodiscard]] bool is_empty() const { return bson_empty0(bson_.get()); }

 private:
  Document& add_number(std::string_view key, std::int64_t value);
  Document& add_array(std::string_view key, const Document& array);

  struct Destroy {
    void operator()(bson_t* bson) const { bson_destroy(bson); }
  };
  std::unique_ptr<bson_t, Destroy> bson_;
};

/// `document("_id", id, "isMember", true)`: keys and values in turn.
inline Document document() { return {}; }
template <class Value, class... Rest>
[[nodiscard]] Document document(std::string_view key, const Value& value, const Rest&... rest) {
  Document made;
  made.add(key, value);
  if constexpr (sizeof...(rest) > 0) {
    const auto more = document(rest...);
    made.add_all(more);
  }
  return made;
}

/// Looks into a document that somebody else owns. What is missing or of another type reads as the
/// field's empty value, so that a stored document cannot bring the process down; an id that is none
/// is a Failure.
class View {
 public:
  View() = default;
  View(const Document& document)  // NOLINT(google-explicit-constructor)
      : View(bson_get_data(document.raw()), document.raw()->len) {}
  explicit View(const bson_t* bson) : View(bson_get_data(bson), bson->len) {}

  [[nodiscard]] Document copy() const;
  /// There, and not null.
  [[nodiscard]] bool has(const char* key) const;
  [[nodiscard]] std::string text(const char* key) const;
  [[nodiscard]] std::uint64_t count(const char* key) const;
  [[nodiscard]] std::uint32_t small(const char* key) const {
    return static_cast<std::uint32_t>(count(key));
  }
  [[nodiscard]] bool flag(const char* key) const;
  [[nodiscard]] Time time(const char* key) const;
  [[nodiscard]] std::optional<Time> optional_time(const char* key) const;
  /// A cluster's timestamp, second and place in it, as a Time: never falls as those rise.
  [[nodiscard]] Time moment(const char* key) const;
  [[nodiscard]] std::string binary(const char* key) const;
  [[nodiscard]] std::optional<Sha256> sha256(const char* key) const;
  [[nodiscard]] View document(const char* key) const;
  [[nodiscard]] std::vector<View> documents(const char* key) const;
  [[nodiscard]] std::vector<std::string> texts(const char* key) const;

  template <class IdType>
  [[nodiscard]] IdType id(const char* key) const {
    const auto parsed = IdType::parse(text(key));
    if (!parsed) damaged(key);
    return *parsed;
  }
  template <class IdType>
  [[nodiscard]] std::optional<IdType> optional_id(const char* key) const {
    return IdType::parse(text(key));
  }
  template <class IdType>
  [[nodiscard]] std::vector<IdType> ids(const char* key) const {
    std::vector<IdType> ids;
    for (const auto& text : texts(key)) {
      if (const auto parsed = IdType::parse(text)) ids.push_back(*parsed);
    }
    return ids;
  }

 private:
  View(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  [[nodiscard]] std::optional<bson_iter_t> find(const char* key) const;
  [[noreturn]] static void damaged(const char* key);

  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace knotos::adapters::mongo
