#pragma once

#include "base/time.hpp"
#include "base/uuid.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// JSON as the API speaks it, in one place for REST and Socket.IO.
namespace knotos::json {

/// Appends `text` as a JSON string, quotes included. What is not UTF-8 becomes U+FFFD, so whatever
/// is stored, what leaves is JSON.
void append_string(std::string& out, std::string_view text);

[[nodiscard]] bool is_utf8(std::string_view text);

/// Appends one JSON object member by member: no tree is built, since one is written for every
/// message. Names are constants of ours and need no escape. `close` ends the object; the string
/// outlives the writer.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;

  void text(std::string_view name, std::string_view value);
  void number(std::string_view name, std::uint64_t value);
  void flag(std::string_view name, bool value);
  void null(std::string_view name);
  void time(std::string_view name, Time value);
  void duration(std::string_view name, Milliseconds value);
  template <class Tag>
  void id(std::string_view name, const Id<Tag>& value) {
    uuid(name, value.uuid());
  }
  /// The name and the colon; the caller appends exactly one value to the string.
  std::string& value(std::string_view name);
  /// A JSON array, each of whose items `append_item(out, item)` appends.
  template <class Items, class AppendItem>
  void array(std::string_view name, const Items& items, AppendItem append_item) {
    auto& out = value(name);
    out += '[';
    bool is_first = true;
    for (const auto& item : items) {
      if (!is_first) out += ',';
      is_first = false;
      append_item(out, item);
    }
    out += ']';
  }

  void close() { out_ += '}'; }

 private:
  void uuid(std::string_view name, const Uuid& value);

  std::string& out_;
  bool is_first_ = true;
};

/// Appends an id as a JSON string.
void append_uuid(std::string& out, const Uuid& uuid);

/// `"page": {"nextCursor": …, "hasMore": …}` of a list. No cursor: the last page.
void append_page(ObjectWriter& list, const std::optional<std::string>& next_cursor);

}  // namespace knotos::json
