#include "json/private_requests.hpp"

#include "domain/user.hpp"
#include "json/private_cursors.hpp"

#include <utility>

namespace knotos::json {
namespace {

/// What was read, if all of it fits.
template <class T>
Result<T> finished(Reader& reader, T value) {
  if (auto checked = reader.finish(); !checked) return fail(std::move(checked.error()));
  return value;
}

std::optional<Time> parse_moment(const std::string& text) {
  constexpr std::size_t kDateSize = 10;
  if (text.size() == kDateSize) return parse_time(text + "T23:59:59.999Z");
  return parse_time(text);
}

std::optional<std::optional<Time>> read_muted_until(Reader& reader) {
  if (reader.is_null("mutedUntil")) return std::optional<Time>();
  const auto text = reader.optional_text("mutedUntil");
  if (!text) return std::nullopt;
  const auto until = parse_moment(*text);
  if (!until) {
    reader.refuse("mutedUntil", "malformed", "A time as in 2026-11-24T20:35:00.123Z is wanted.");
  }
  return until;
}

domain::StatePatch read_patch(Reader& reader) {
  domain::StatePatch patch;
  patch.is_archived = reader.optional_flag("isArchived");
  patch.is_pinned = reader.optional_flag("isPinned");
  if (const auto order = reader.optional_number("pinOrder", 0, domain::kPinOrderMax)) {
    patch.pin_order = static_cast<std::uint32_t>(*order);
  }
  patch.muted_until = read_muted_until(reader);
  patch.marked_unread = reader.optional_flag("markedUnread");
  if (const auto name = reader.optional_text("notificationLevel")) {
    patch.notification_level = domain::parse_notification_level(*name);
    if (!patch.notification_level) {
      reader.refuse("notificationLevel", "not-allowed", "One of all, mentions and none.");
    }
  }
  patch.draft = reader.optional_text("draft", domain::kDraftBytesMax);
  return patch;
}

std::optional<domain::Audience> read_audience(Reader& reader, std::string_view name) {
  const auto text = reader.optional_text(name);
  if (!text) return std::nullopt;
  const auto audience = domain::parse_audience(*text);
  if (!audience) reader.refuse(name, "not-allowed", "One of everyone, contacts and nobody.");
  return audience;
}

}  // namespace

Result<domain::Seq> mark_body(const Object& object) {
  Reader reader(object);
  const auto seq = reader.number("seq");
  return finished(reader, seq);
}

Result<MarkRequest> mark_request(const Object& object) {
  Reader reader(object);
  MarkRequest request;
  request.chat_id = reader.id<domain::ChatId>("chatId");
  request.seq = reader.number("seq");
  return finished(reader, request);
}

Result<domain::StatePatch> state_patch(const Object& object) {
  Reader reader(object);
  auto patch = read_patch(reader);
  return finished(reader, std::move(patch));
}

Result<StateRequest> state_request(const Object& object) {
  Reader reader(object);
  StateRequest request;
  request.chat_id = reader.id<domain::ChatId>("chatId");
  request.patch = read_patch(reader);
  return finished(reader, std::move(request));
}

Result<std::optional<services::SyncCursor>> sync_request(const Object& object) {
  Reader reader(object);
  std::optional<services::SyncCursor> cursor;
  if (const auto text = reader.optional_text("cursor")) {
    auto decoded = decode_sync_cursor(*text);
    if (!decoded) reader.refuse_all(decoded.error());
    if (decoded) cursor = std::move(*decoded);
  }
  return finished(reader, std::move(cursor));
}

Result<std::map<domain::ChatId, domain::Rev>> verify_request(const Object& object,
                                                             std::size_t known_max) {
  Reader reader(object);
  std::map<domain::ChatId, domain::Rev> known;
  for (const auto& [name, rev] : reader.numbers("known", known_max)) {
    if (const auto chat = domain::ChatId::parse(name)) {
      known[*chat] = rev;
    } else {
      reader.refuse_at(pointer_to("/known", name), "malformed", "An id is wanted as the name.");
    }
  }
  return finished(reader, std::move(known));
}

Result<ports::ProfilePatch> profile_patch(const Object& object) {
  Reader reader(object);
  ports::ProfilePatch patch{.display_name = reader.optional_text("displayName"),
                            .about = reader.optional_text("about")};
  const auto note = [&reader](const Result<void>& checked) {
    if (!checked) reader.refuse_all(checked.error());
  };
  if (patch.display_name) note(domain::check_display_name(*patch.display_name));
  if (patch.about) note(domain::check_about(*patch.about));
  return finished(reader, std::move(patch));
}

Result<ports::PrivacyPatch> privacy_patch(const Object& object) {
  Reader reader(object);
  const ports::PrivacyPatch patch{.last_seen = read_audience(reader, "lastSeen"),
                                  .direct_messages = read_audience(reader, "directMessages"),
                                  .group_invites = read_audience(reader, "groupInvites")};
  return finished(reader, patch);
}

Result<std::string> password_request(const Object& object) {
  Reader reader(object);
  auto password = reader.text("password", domain::kPasswordBytesMax);
  return finished(reader, std::move(password));
}

}  // namespace knotos::json
