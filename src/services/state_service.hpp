#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "ports/bus.hpp"
#include "ports/chat_state_store.hpp"
#include "ports/message_store.hpp"
#include "ports/world.hpp"
#include "services/private_news.hpp"

#include <optional>

namespace knotos::services {

/// What users do to a chat for themselves alone: archive, pin, mute, draft, clear, hide. None of it
/// takes a place in the chat's log; each is told to all of the user's devices. Stateless, so all
/// shards share one instance.
class StateService {
 public:
  struct Ports {
    ports::ChatStateStore& states;
    ports::MessageStore& messages;
    ports::Bus& bus;
    const ports::Clock& clock;
  };

  struct Limits {
    std::size_t receipt_members_max = kReceiptMembersMax;
  };

  StateService(Ports ports, Limits limits) : ports_(ports), limits_(limits) {}

  // Errors of all: not_found (also to outsiders), store_unavailable.

  [[nodiscard]] Task<Result<ports::StateChange>> state(domain::UserId user, domain::ChatId chat);
  /// Answers the whole state. Errors: validation_failed at /draft, /pinOrder; conflict (too many
  /// are pinned).
  [[nodiscard]] Task<Result<ports::StateChange>> update(domain::UserId user, domain::ChatId chat,
                                                        domain::StatePatch patch);
  /// Everything up to now is read and gone, for this user.
  [[nodiscard]] Task<Result<ports::StateChange>> clear(domain::UserId user, domain::ChatId chat);
  /// Off the user's list until a later message counts.
  [[nodiscard]] Task<Result<ports::StateChange>> take_off_list(domain::UserId user,
                                                               domain::ChatId chat);
  /// "Delete for me": answers the message as it was; again, its stub, and nothing is told. Errors:
  /// conflict (too many are hidden in this chat).
  [[nodiscard]] Task<Result<domain::Message>> hide(domain::UserId user, domain::ChatId chat,
                                                   domain::MessageId message);

  /// Who is in the chat now, oldest first.
  [[nodiscard]] Task<Result<ports::MemberPage>> members(domain::UserId user, domain::ChatId chat,
                                                        std::optional<ports::MemberPosition> after,
                                                        std::size_t limit);

 private:
  Ports ports_;
  Limits limits_;
};

}  // namespace knotos::services
