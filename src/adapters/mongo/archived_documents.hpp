#pragma once

#include "adapters/mongo/documents.hpp"
#include "ports/archive.hpp"

// What is archived, as documents; and documents, as they are archived.
namespace knotos::adapters::mongo {

[[nodiscard]] Document archived_user_document(const ports::ArchivedUser& user);
/// Without devices and people.
[[nodiscard]] ports::ArchivedUser read_archived_user(const View& view);
[[nodiscard]] Document archived_device_document(const ports::ArchivedDevice& device);
[[nodiscard]] ports::ArchivedDevice read_archived_device(const View& view);
[[nodiscard]] Document archived_person_document(domain::UserId owner,
                                                const ports::ArchivedPerson& person);

[[nodiscard]] Document archived_state_document(const ports::ArchivedState& state);
/// Without what is hidden.
[[nodiscard]] ports::ArchivedState read_archived_state(const View& view);
[[nodiscard]] Document archived_hidden_document(const domain::UserChatState& state,
                                                const ports::ArchivedHidden& hidden);
[[nodiscard]] Document archived_chat_document(const ports::ArchivedChat& chat);

/// Its place in the log; its content is superseded.
[[nodiscard]] Document archived_change_document(domain::ChatId chat,
                                                const ports::ArchivedChange& change);
[[nodiscard]] ports::ArchivedChange read_archived_change(const View& view);
[[nodiscard]] Document archived_reaction_document(const domain::Message& message,
                                                  const domain::Reaction& reaction);

[[nodiscard]] Document invite_document(const ports::Invite& invite);
[[nodiscard]] ports::Invite read_invite(const View& view);

}  // namespace knotos::adapters::mongo
