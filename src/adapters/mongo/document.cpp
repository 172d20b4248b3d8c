#include "adapters/mongo/document.hpp"

#include "adapters/mongo/failure.hpp"

#include <algorithm>

namespace knotos::adapters::mongo {
namespace {

int length_of(std::string_view text) { return static_cast<int>(text.size()); }

constexpr std::uint32_t kPlacesOfSecond = 1000;

template <class Take>
void for_each_of(const std::optional<bson_iter_t>& array, bson_type_t type, Take take) {
  bson_iter_t each;
  if (!array || bson_iter_type(&*array) != BSON_TYPE_ARRAY || !bson_iter_recurse(&*array, &each)) {
    return;
  }
  while (bson_iter_next(&each)) {
    if (bson_iter_type(&each) == type) take(each);
  }
}

}  // namespace

Document& Document::add(std::string_view key, bool value) {
  bson_append_bool(bson_.get(), key.data(), length_of(key), value);
  return *this;
}

Document& Document::add(std::string_view key, std::string_view value) {
  bson_append_utf8(bson_.get(), key.data(), length_of(key), value.data() ? value.data() : "",
                   length_of(value));
  return *this;
}

Document& Document::add(std::string_view key, Time value) {
  bson_append_date_time(bson_.get(), key.data(), length_of(key), value.time_since_epoch().count());
  return *this;
}

Document& Document::add(std::string_view key, const Sha256& value) {
  bson_append_binary(bson_.get(), key.data(), length_of(key), BSON_SUBTYPE_BINARY, value.data(),
                     static_cast<std::uint32_t>(value.size()));
  return *this;
}

Document& Document::add(std::string_view key, const Document& value) {
  bson_append_document(bson_.get(), key.data(), length_of(key), value.raw());
  return *this;
}

Document& Document::add(std::string_view key, std::nullptr_t) {
  bson_append_null(bson_.get(), key.data(), length_of(key));
  return *this;
}

Document& Document::add_number(std::string_view key, std::int64_t value) {
  bson_append_int64(bson_.get(), key.data(), length_of(key), value);
  return *this;
}

Document& Document::add_array(std::string_view key, const Document& array) {
  bson_append_array(bson_.get(), key.data(), length_of(key), array.raw());
  return *this;
}

Document& Document::add_binary(std::string_view key, std::string_view bytes) {
  const auto octets = as_octets(bytes);
  bson_append_binary(bson_.get(), key.data(), length_of(key), BSON_SUBTYPE_BINARY, octets.data(),
                     static_cast<std::uint32_t>(octets.size()));
  return *this;
}

Document& Document::add_moment(std::string_view key, Time value) {
  const auto count = std::max<std::int64_t>(0, value.time_since_epoch().count());
  bson_append_timestamp(bson_.get(), key.data(), length_of(key),
                        static_cast<std::uint32_t>(count / kPlacesOfSecond),
                        static_cast<std::uint32_t>(count % kPlacesOfSecond));
  return *this;
}

Document& Document::add_all(const Document& other) {
  bson_concat(bson_.get(), other.raw());
  return *this;
}

std::optional<bson_iter_t> View::find(const char* key) const {
  bson_t bson;
  bson_iter_t at;
  if (data_ == nullptr || !bson_init_static(&bson, data_, size_)) return std::nullopt;
  if (!bson_iter_init_find(&at, &bson, key)) return std::nullopt;
  return at;
}

Document View::copy() const {
  bson_t bson;
  if (data_ == nullptr || !bson_init_static(&bson, data_, size_)) return {};
  return Document(&bson);
}

void View::damaged(const char* key) {
  throw Damage(std::string("a stored document is damaged at ") + key);
}

bool View::has(const char* key) const {
  const auto at = find(key);
  return at && bson_iter_type(&*at) != BSON_TYPE_NULL;
}

std::string View::text(const char* key) const {
  const auto at = find(key);
  if (!at || bson_iter_type(&*at) != BSON_TYPE_UTF8) return {};
  std::uint32_t size = 0;
  const char* const text = bson_iter_utf8(&*at, &size);
  return {text, size};
}

std::uint64_t View::count(const char* key) const {
  const auto at = find(key);
  const auto value = at ? bson_iter_as_int64(&*at) : 0;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, value));
}

bool View::flag(const char* key) const {
  const auto at = find(key);
  return at && bson_iter_as_bool(&*at);
}

Time View::time(const char* key) const { return optional_time(key).value_or(Time()); }

std::optional<Time> View::optional_time(const char* key) const {
  const auto at = find(key);
  if (!at || bson_iter_type(&*at) != BSON_TYPE_DATE_TIME) return std::nullopt;
  return Time(Milliseconds(bson_iter_date_time(&*at)));
}

Time View::moment(const char* key) const {
  const auto at = find(key);
  if (!at || bson_iter_type(&*at) != BSON_TYPE_TIMESTAMP) return {};
  std::uint32_t second = 0;
  std::uint32_t place = 0;
  bson_iter_timestamp(&*at, &second, &place);
  const auto in_second = std::min(place, kPlacesOfSecond - 1);
  return Time(Milliseconds(std::int64_t{second} * kPlacesOfSecond + in_second));
}

std::string View::binary(const char* key) const {
  const auto at = find(key);
  if (!at || bson_iter_type(&*at) != BSON_TYPE_BINARY) return {};
  bson_subtype_t subtype = BSON_SUBTYPE_BINARY;
  std::uint32_t size = 0;
  const std::uint8_t* data = nullptr;
  bson_iter_binary(&*at, &subtype, &size, &data);
  return {data, data + size};
}

std::optional<Sha256> View::sha256(const char* key) const {
  const auto bytes = binary(key);
  Sha256 hash{};
  if (bytes.size() != hash.size()) return std::nullopt;
  std::ranges::copy(as_octets(bytes), hash.begin());
  return hash;
}

View View::document(const char* key) const {
  const auto at = find(key);
  if (!at || bson_iter_type(&*at) != BSON_TYPE_DOCUMENT) return {};
  std::uint32_t size = 0;
  const std::uint8_t* data = nullptr;
  bson_iter_document(&*at, &size, &data);
  return {data, size};
}

std::vector<View> View::documents(const char* key) const {
  std::vector<View> views;
  for_each_of(find(key), BSON_TYPE_DOCUMENT, [&views](const bson_iter_t& each) {
    std::uint32_t size = 0;
    const std::uint8_t* data = nullptr;
    bson_iter_document(&each, &size, &data);
    views.push_back({data, size});
  });
  return views;
}

std::vector<std::string> View::texts(const char* key) const {
  std::vector<std::string> texts;
  for_each_of(find(key), BSON_TYPE_UTF8, [&texts](const bson_iter_t& each) {
    std::uint32_t size = 0;
    const char* const text = bson_iter_utf8(&each, &size);
    texts.emplace_back(text, size);
  });
  return texts;
}

}  // namespace knotos::adapters::mongo
