#pragma once

#include "base/time.hpp"
#include "base/uuid.hpp"
#include "domain/chat.hpp"
#include "domain/message.hpp"

#include <boost/json/fwd.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace knotos::json {

/// Takes what another process wrote out of a parsed object. Nobody is told which field was wrong:
/// what does not fit reads as an empty value, and `fits` says that something did not. A field that
/// must be there is one without `optional` in its name. The object outlives it.
class Fields {
 public:
  explicit Fields(const boost::json::object& object) : object_(&object) {}
  /// Null, or no object: nothing fits.
  explicit Fields(const boost::json::value* value);

  [[nodiscard]] bool fits() const { return fits_; }

  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] std::string text(std::string_view name);
  [[nodiscard]] std::uint64_t number(std::string_view name, std::uint64_t min = 0);
  [[nodiscard]] std::uint32_t small_number(std::string_view name);
  [[nodiscard]] bool flag(std::string_view name);
  /// Absent: false.
  [[nodiscard]] bool optional_flag(std::string_view name);
  [[nodiscard]] Time time(std::string_view name);
  [[nodiscard]] std::optional<Time> optional_time(std::string_view name);
  template <class IdType>
  [[nodiscard]] IdType id(std::string_view name) {
    return IdType(uuid(name));
  }
  /// Absent: none.
  [[nodiscard]] std::vector<domain::UserId> user_ids(std::string_view name);
  [[nodiscard]] Fields object(std::string_view name);
  /// Absent: none.
  [[nodiscard]] std::vector<Fields> objects(std::string_view name);
  /// What another check found.
  void refuse() { fits_ = false; }

 private:
  [[nodiscard]] const boost::json::value* find(std::string_view name) const;
  [[nodiscard]] Uuid uuid(std::string_view name);
  /// Absent: none.
  [[nodiscard]] std::span<const boost::json::value> items(std::string_view name);

  const boost::json::object* object_ = nullptr;
  bool fits_ = true;
};

/// As `append_message` writes it; its place is not in it.
[[nodiscard]] domain::Message read_message(Fields& fields, domain::ChatId chat);
[[nodiscard]] domain::UserChatState read_state_of(Fields& fields);

}  // namespace knotos::json
