#include "services/state_service.hpp"

#include <utility>

namespace knotos::services {
namespace {

using domain::ChatId;
using domain::UserId;
using ports::StateChange;

/// Outsiders and strangers to a chat hear the same.
Result<StateChange> named(Result<StateChange> change) {
  if (!change && change.error().code == Errc::not_found) {
    return fail(Errc::not_found, "There is no such chat.");
  }
  return change;
}

Result<void> check(const domain::StatePatch& patch) {
  Error error{.code = Errc::validation_failed, .detail = {}, .fields = {}, .cause = {}};
  if (patch.draft && patch.draft->size() > domain::kDraftBytesMax) {
    error.fields.push_back({"/draft", "too-long", "A draft has at most 4096 bytes."});
  }
  if (patch.pin_order && *patch.pin_order > domain::kPinOrderMax) {
    error.fields.push_back({"/pinOrder", "out-of-range", "A place from 0 to 10 is wanted."});
  }
  if (!error.fields.empty()) return fail(std::move(error));
  return {};
}

}  // namespace

Task<Result<StateChange>> StateService::state(UserId user, ChatId chat) {
  co_return named(co_await ports_.states.state(user, chat));
}

Task<Result<StateChange>> StateService::update(UserId user, ChatId chat, domain::StatePatch patch) {
  if (auto checked = check(patch); !checked) co_return fail(std::move(checked.error()));
  auto change =
      named(co_await ports_.states.update(user, chat, std::move(patch), ports_.clock.now()));
  if (change) tell_state(ports_.bus, *change);
  co_return change;
}

Task<Result<StateChange>> StateService::clear(UserId user, ChatId chat) {
  const auto now = ports_.clock.now();
  auto change = named(co_await ports_.states.clear(user, chat, now));
  if (!change) co_return change;
  tell_state(ports_.bus, *change);
  tell_read(ports_.bus, *change);
  tell_receipts(ports_.bus, *change, limits_.receipt_members_max, now);
  co_return change;
}

Task<Result<StateChange>> StateService::take_off_list(UserId user, ChatId chat) {
  auto change = named(co_await ports_.states.take_off_list(user, chat, ports_.clock.now()));
  if (change) tell_state(ports_.bus, *change);
  co_return change;
}

Task<Result<domain::Message>> StateService::hide(UserId user, ChatId chat,
                                                 domain::MessageId message) {
  auto visibility = co_await ports_.states.visibility(user, chat);
  if (!visibility && visibility.error().code == Errc::not_found) {
    co_return fail(Errc::not_found, "There is no such chat.");
  }
  if (!visibility) co_return fail(std::move(visibility.error()));
  auto found = co_await ports_.messages.find(chat, message);
  if (!found && found.error().code != Errc::not_found) co_return fail(std::move(found.error()));
  const bool is_done = found && visibility->is_hidden(message);
  if (!found || (!is_done && !visibility->shows(*found))) {
    co_return fail(Errc::not_found, "There is no such message.");
  }
  if (is_done) co_return domain::as_seen(std::move(*found), *visibility);
  auto change = named(co_await ports_.states.hide(user, chat, message, ports_.clock.now()));
  if (!change) co_return fail(std::move(change.error()));
  if (change->has_moved) {
    ports_.bus.publish(ports::MessageHidden{
        .user_id = user, .user_rev = change->user_rev, .chat_id = chat, .message_id = message});
  }
  co_return domain::as_seen(std::move(*found), *visibility);
}

Task<Result<ports::MemberPage>> StateService::members(UserId user, ChatId chat,
                                                      std::optional<ports::MemberPosition> after,
                                                      std::size_t limit) {
  const auto own = co_await state(user, chat);
  if (!own) co_return fail(own.error());
  co_return co_await ports_.states.members(chat, after, limit);
}

}  // namespace knotos::services
