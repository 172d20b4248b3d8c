#include "services/change_rules.hpp"

#include <algorithm>
#include <utility>

namespace knotos::services {
namespace {

using domain::ChangeKind;
using domain::Message;

using Change = Result<std::optional<Message>>;

bool is_within_window(const Message& target, const ChangeSituation& situation) {
  return situation.now - target.created_at <= situation.window;
}

Change edit_of(const Message& target, const ChangeRequest& request,
               const ChangeSituation& situation) {
  if (target.sender_id != request.actor_id) {
    return fail(Errc::forbidden, "Only its author edits a message.");
  }
  if (target.is_deleted) return fail(Errc::forbidden, "A deleted message is not edited.");
  // Before window and version: a repeat of an edit that was made is a success, however late.
  if (target.content == request.content) return std::optional<Message>();
  if (!is_within_window(target, situation)) {
    return fail(Errc::forbidden, "This message is too old to be edited.");
  }
  if (request.base_version && *request.base_version != target.edit_version) {
    return fail(Errc::edit_conflict, "The message was edited in between.");
  }
  auto after = target;
  after.content = request.content;
  after.edited_at = std::max(situation.now, target.created_at);
  ++after.edit_version;
  return std::optional<Message>(std::move(after));
}

Change erasure_of(const Message& target, const ChangeRequest& request,
                  const ChangeSituation& situation) {
  const bool is_author = target.sender_id == request.actor_id;
  const bool leads = situation.chat_type == domain::ChatType::group &&
                     situation.actor_role != domain::Role::member;
  if (!is_author && !leads) {
    return fail(Errc::forbidden, "Only its author or an admin deletes a message.");
  }
  if (target.is_deleted) return std::optional<Message>();
  if (!leads && !is_within_window(target, situation)) {
    return fail(Errc::forbidden, "This message is too old to be deleted for everyone.");
  }
  auto after = target;
  after.is_deleted = true;
  after.content.clear();
  after.reply_to.reset();
  after.mentions.clear();
  after.forwarded_from.reset();
  after.reactions.clear();
  after.is_pinned = false;
  return std::optional<Message>(std::move(after));
}

}  // namespace

Change change_of(const Message& target, const ChangeRequest& request,
                 const ChangeSituation& situation) {
  if (target.type == domain::MessageType::system) {
    return fail(Errc::forbidden, "System messages never change.");
  }
  return request.kind == ChangeKind::edit ? edit_of(target, request, situation)
                                          : erasure_of(target, request, situation);
}

}  // namespace knotos::services
