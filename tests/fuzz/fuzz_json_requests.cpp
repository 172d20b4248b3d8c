#include "base/assert.hpp"
#include "json/cursor.hpp"
#include "json/requests.hpp"

#include "fuzz/input.hpp"

namespace knotos::fuzz {
namespace {

constexpr domain::ContentLimits kLimits{.code_points_max = 20, .bytes_max = 40};

/// A request is read, or refused by name of the fields.
template <class T>
void check(const Result<T>& read) {
  if (read) return;
  KN_ASSERT(read.error().code == Errc::validation_failed);
  KN_ASSERT(!read.error().fields.empty());
  KN_ASSERT(read.error().fields.size() <= json::kFieldErrorsMax);
}

void check_draft(const domain::Draft& draft) {
  KN_ASSERT(draft.content.size() <= kLimits.bytes_max);
  KN_ASSERT(draft.mentions.size() <= domain::kMentionsMax);
}

void read_all(const json::Object& object) {
  const auto draft = json::draft(object, kLimits);
  check(draft);
  if (draft) check_draft(*draft);
  const auto send = json::send_request(object, kLimits);
  check(send);
  if (send) check_draft(send->draft);
  KN_ASSERT(!send || draft);
  const auto changes = json::changes_request(object);
  check(changes);
  KN_ASSERT(!changes || changes->limit <= json::kPageMax);

  check(json::edit_body(object, kLimits));
  check(json::edit_request(object, kLimits));
  check(json::erase_request(object));
  check(json::connect_request(object));
  check(json::token_request(object));
  check(json::refresh_request(object));
  check(json::registration(object));
  check(json::login(object));
  check(json::new_chat(object, 4));
}

}  // namespace
}  // namespace knotos::fuzz

/// A request's body, read as each request there is; and the same bytes as a cursor.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace knotos;
  const auto text = fuzz::Input(data, size).rest();
  fuzz::check(json::decode_chat_list_cursor(text));
  fuzz::check(json::decode_user_cursor(text));
  fuzz::check(json::decode_newest_first_cursor(text));

  const auto object = json::parse_object(text);
  if (!object) {
    KN_ASSERT(object.error().code == Errc::malformed_json ||
              object.error().code == Errc::validation_failed);
    return 0;
  }
  fuzz::read_all(*object);
  return 0;
}
