#include "json/read.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace knotos::json {
namespace {

namespace bj = boost::json;

/// What a JSON number says as a whole number, however it is spelled (`5`, `5.0`, `5e0`).
struct Whole {
  bool is_whole = false;
  bool is_negative = false;
  std::uint64_t value = 0;
};

Whole whole_of(const bj::value& value) {
  if (const auto* number = value.if_int64()) {
    if (*number < 0) return {.is_whole = true, .is_negative = true, .value = 0};
    return {.is_whole = true, .is_negative = false, .value = static_cast<std::uint64_t>(*number)};
  }
  if (const auto* number = value.if_uint64()) {
    return {.is_whole = true, .is_negative = false, .value = *number};
  }
  const auto* number = value.if_double();
  if (number == nullptr || std::trunc(*number) != *number) return {};
  if (*number < 0) return {.is_whole = true, .is_negative = true, .value = 0};
  // Beyond what a double holds exactly every limit is passed anyway.
  constexpr double kTooLarge = 9.3e15;
  return {.is_whole = true,
          .is_negative = false,
          .value = *number > kTooLarge ? std::numeric_limits<std::uint64_t>::max()
                                       : static_cast<std::uint64_t>(*number)};
}

std::string range_text(std::uint64_t min, std::uint64_t max) {
  return "A whole number from " + std::to_string(min) + " to " + std::to_string(max) +
         " is wanted.";
}

}  // namespace

std::string Reader::text(std::string_view name, std::size_t bytes_max) {
  if (!has(name)) require(name);
  return optional_text(name, bytes_max).value_or(std::string());
}

std::optional<std::string> Reader::optional_text(std::string_view name, std::size_t bytes_max) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  const auto* text = value->if_string();
  if (text == nullptr) {
    refuse(name, "wrong-type", "A string is wanted.");
    return std::nullopt;
  }
  if (text->size() > bytes_max) {
    refuse(name, "too-long", "At most " + std::to_string(bytes_max) + " bytes.");
    return std::nullopt;
  }
  return std::string(text->data(), text->size());
}

std::uint64_t Reader::number(std::string_view name, std::uint64_t min, std::uint64_t max) {
  if (!has(name)) require(name);
  return optional_number(name, min, max).value_or(min);
}

std::optional<std::uint64_t> Reader::optional_number(std::string_view name, std::uint64_t min,
                                                     std::uint64_t max) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) {
    refuse(name, "wrong-type", "A number is wanted.");
    return std::nullopt;
  }
  const auto whole = whole_of(*value);
  if (!whole.is_whole || whole.is_negative || whole.value < min || whole.value > max) {
    refuse(name, "out-of-range", range_text(min, max));
    return std::nullopt;
  }
  return whole.value;
}

std::optional<bool> Reader::optional_flag(std::string_view name) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  const auto* flag = value->if_bool();
  if (flag == nullptr) {
    refuse(name, "wrong-type", "True or false is wanted.");
    return std::nullopt;
  }
  return *flag;
}

std::vector<std::pair<std::string, std::uint64_t>> Reader::numbers(std::string_view name,
                                                                   std::size_t count_max) {
  std::vector<std::pair<std::string, std::uint64_t>> numbers;
  if (!has(name)) require(name);
  const auto* value = find(name);
  if (value == nullptr) return numbers;
  const auto* members = value->if_object();
  if (members == nullptr) {
    refuse(name, "wrong-type", "An object is wanted.");
    return numbers;
  }
  if (members->size() > count_max) {
    refuse(name, "too-long", "At most " + std::to_string(count_max) + " members.");
    return numbers;
  }
  const auto pointer = pointer_to("", name);
  for (const auto& [key, number] : *members) {
    const auto whole = whole_of(number);
    if (!number.is_number()) {
      refuse_at(pointer_to(pointer, key), "wrong-type", "A number is wanted.");
    } else if (!whole.is_whole || whole.is_negative || whole.value > kNumberMax) {
      refuse_at(pointer_to(pointer, key), "out-of-range", range_text(0, kNumberMax));
    } else {
      numbers.emplace_back(std::string(key), whole.value);
    }
  }
  return numbers;
}

bool Reader::is_null(std::string_view name) const {
  const auto* value = object_->fields().if_contains(name);
  return value != nullptr && value->is_null();
}

std::optional<std::string> Reader::nested_text(std::string_view parent, std::string_view name) {
  const auto* outer = find(parent);
  if (outer == nullptr) return std::nullopt;
  const auto* fields = outer->if_object();
  if (fields == nullptr) {
    refuse(parent, "wrong-type", "An object is wanted.");
    return std::nullopt;
  }
  const auto* value = fields->if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  const auto* text = value->if_string();
  if (text == nullptr) {
    note({pointer_to(pointer_to("", parent), name), "wrong-type", "A string is wanted."});
    return std::nullopt;
  }
  return std::string(text->data(), text->size());
}

bool Reader::has(std::string_view name) const { return find(name) != nullptr; }

void Reader::no_items(std::string_view name, std::string detail) {
  const auto* value = find(name);
  if (value == nullptr) return;
  const auto* items = value->if_array();
  if (items == nullptr) {
    refuse(name, "wrong-type", "An array is wanted.");
  } else if (!items->empty()) {
    refuse(name, "not-allowed", std::move(detail));
  }
}

void Reader::refuse(std::string_view name, std::string_view code, std::string detail) {
  note({pointer_to("", name), std::string(code), std::move(detail)});
}

void Reader::refuse_at(std::string pointer, std::string_view code, std::string detail) {
  note({std::move(pointer), std::string(code), std::move(detail)});
}

void Reader::refuse_all(const Error& error) {
  for (const auto& field : error.fields) {
    const auto is_known = std::ranges::any_of(
        errors_, [&field](const auto& e) { return e.pointer == field.pointer; });
    if (!is_known) note(field);
  }
}

Result<void> Reader::finish() {
  if (errors_.empty()) return {};
  return fail(Error{.code = Errc::validation_failed,
                    .detail = {},
                    .fields = std::exchange(errors_, {}),
                    .cause = {}});
}

const bj::value* Reader::find(std::string_view name) const {
  const auto* value = object_->fields().if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

void Reader::require(std::string_view name) { refuse(name, "required", "It is missing."); }

Uuid Reader::uuid(std::string_view name) {
  if (!has(name)) require(name);
  return optional_uuid(name).value_or(Uuid());
}

std::optional<Uuid> Reader::optional_uuid(std::string_view name) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  const auto* text = value->if_string();
  if (text == nullptr) {
    refuse(name, "wrong-type", "A string is wanted.");
    return std::nullopt;
  }
  const auto uuid = Uuid::parse({text->data(), text->size()});
  if (!uuid) refuse(name, "malformed", "An id is wanted.");
  return uuid;
}

std::vector<Uuid> Reader::optional_uuids(std::string_view name, std::size_t count_max) {
  const auto* value = find(name);
  if (value == nullptr) return {};
  const auto* items = value->if_array();
  if (items == nullptr) {
    refuse(name, "wrong-type", "An array of ids is wanted.");
    return {};
  }
  if (items->size() > count_max) {
    refuse(name, "too-long", "At most " + std::to_string(count_max) + " ids.");
    return {};
  }
  std::vector<Uuid> uuids;
  const auto pointer = pointer_to("", name);
  for (std::size_t i = 0; i < items->size(); ++i) {
    const auto* text = (*items)[i].if_string();
    const auto uuid = text == nullptr ? std::nullopt : Uuid::parse({text->data(), text->size()});
    if (uuid) {
      uuids.push_back(*uuid);
    } else {
      note({pointer + "/" + std::to_string(i), text == nullptr ? "wrong-type" : "malformed",
            "An id is wanted."});
    }
  }
  return uuids;
}

void Reader::note(FieldError error) {
  if (errors_.size() < kFieldErrorsMax) errors_.push_back(std::move(error));
}

}  // namespace knotos::json
