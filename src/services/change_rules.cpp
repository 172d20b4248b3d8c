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
  const bool is_in_time = (is_author && request.is_farewell) || is_within_window(target, situation);
  if (!leads && !is_in_time) {
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

Change reaction_of(const Message& target, const ChangeRequest& request,
                   const ChangeSituation& situation) {
  if (target.is_deleted) return fail(Errc::forbidden, "A deleted message takes no reactions.");
  if (situation.has_reaction) return std::optional<Message>();
  auto after = target;
  auto found = std::ranges::find(after.reactions, request.emoji, &domain::ReactionCount::emoji);
  if (found == after.reactions.end()) {
    if (after.reactions.size() >= domain::kReactionKindsMax) {
      return fail(Errc::conflict, "This message has as many kinds of reactions as it can have.");
    }
    found = after.reactions.insert(found, {.emoji = request.emoji, .recent_user_ids = {}});
  }
  ++found->count;
  auto& recent = found->recent_user_ids;
  recent.insert(recent.begin(), request.actor_id);
  if (recent.size() > domain::kRecentReactorsMax) recent.resize(domain::kRecentReactorsMax);
  return std::optional<Message>(std::move(after));
}

Change unreaction_of(const Message& target, const ChangeRequest& request,
                     const ChangeSituation& situation) {
  if (!situation.has_reaction) return std::optional<Message>();
  auto after = target;
  const auto found =
      std::ranges::find(after.reactions, request.emoji, &domain::ReactionCount::emoji);
  // The count is a projection of what `has_reaction` read.
  if (found == after.reactions.end()) return std::optional<Message>();
  --found->count;
  if (found->count == 0) {
    after.reactions.erase(found);
    return std::optional<Message>(std::move(after));
  }
  found->recent_user_ids = situation.reactors;
  std::erase(found->recent_user_ids, request.actor_id);
  if (found->recent_user_ids.size() > domain::kRecentReactorsMax) {
    found->recent_user_ids.resize(domain::kRecentReactorsMax);
  }
  return std::optional<Message>(std::move(after));
}

Change pin_of(const Message& target, const ChangeRequest& request,
              const ChangeSituation& situation) {
  if (situation.chat_type == domain::ChatType::group &&
      situation.actor_role == domain::Role::member) {
    return fail(Errc::forbidden, "Only the owner and admins pin.");
  }
  const bool pins = request.kind == ChangeKind::pin;
  if (target.is_pinned == pins) return std::optional<Message>();
  if (target.is_deleted) return fail(Errc::forbidden, "A deleted message is not pinned.");
  if (pins && situation.pinned_count >= domain::kPinnedMessagesMax) {
    return fail(Errc::conflict, "This chat has as many pinned messages as it can have.");
  }
  auto after = target;
  after.is_pinned = pins;
  return std::optional<Message>(std::move(after));
}

}  // namespace

Change change_of(const Message& target, const ChangeRequest& request,
                 const ChangeSituation& situation) {
  if (target.type == domain::MessageType::system) {
    return fail(Errc::forbidden, "System messages never change.");
  }
  switch (request.kind) {
    case ChangeKind::edit:
      return edit_of(target, request, situation);
    case ChangeKind::erase:
      return erasure_of(target, request, situation);
    case ChangeKind::react:
      return reaction_of(target, request, situation);
    case ChangeKind::unreact:
      return unreaction_of(target, request, situation);
    case ChangeKind::pin:
    case ChangeKind::unpin:
      return pin_of(target, request, situation);
  }
  std::unreachable();
}

}  // namespace knotos::services
