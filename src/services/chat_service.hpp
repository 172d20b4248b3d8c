#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "domain/chat.hpp"
#include "ports/bus.hpp"
#include "ports/chat_store.hpp"
#include "ports/people_store.hpp"
#include "ports/world.hpp"

#include <optional>
#include <string>
#include <vector>

namespace knotos::services {

/// Making chats and listing them. Stateless, so all shards share one instance.
class ChatService {
 public:
  struct Ports {
    ports::ChatStore& chats;
    ports::Relations& relations;
    ports::Bus& bus;
    const ports::Clock& clock;
    ports::Random& random;
  };

  struct Limits {
    std::size_t group_members_max = 1024;
  };

  struct NewGroup {
    std::string title;
    std::vector<domain::UserId> member_ids;  ///< The creator need not be among them.
    std::optional<std::string> client_chat_id;
  };

  struct Created {
    bool is_new = false;
    domain::ChatListItem item;
  };

  struct ListQuery {
    ports::ChatFilter filter = ports::ChatFilter::all;
    std::optional<ports::ChatListPosition> after;
    std::size_t limit = 50;
  };

  ChatService(Ports ports, Limits limits) : ports_(ports), limits_(limits) {}

  /// The direct chat of the pair, made where there is none; both at once make one.
  /// Errors: validation_failed (with oneself; no such user, at /userId), cannot_contact_user (only
  /// where there is none yet), store_unavailable.
  [[nodiscard]] Task<Result<Created>> create_direct(domain::UserId creator, domain::UserId other);
  /// Errors: validation_failed (title, members), cannot_contact_user, client_message_id_reused
  /// (another group under this clientChatId), store_unavailable.
  [[nodiscard]] Task<Result<Created>> create_group(domain::UserId creator, NewGroup group);

  [[nodiscard]] Task<Result<ports::ChatListPage>> list(domain::UserId user, ListQuery query);
  /// Errors: not_found (also to outsiders), store_unavailable.
  [[nodiscard]] Task<Result<domain::ChatListItem>> get(domain::UserId user, domain::ChatId chat);

 private:
  [[nodiscard]] domain::UserChatState state_of(domain::UserId user, const domain::Chat& chat) const;
  [[nodiscard]] domain::MessageEntry first_entry(const domain::Chat& chat, domain::UserId creator,
                                                 std::vector<domain::UserId> others);
  [[nodiscard]] Task<Result<void>> check_members(domain::UserId creator,
                                                 std::vector<domain::UserId> others,
                                                 std::vector<domain::UserId> named);
  /// The chat that was made before, as the creator sees it.
  [[nodiscard]] Task<Result<std::optional<domain::ChatListItem>>> made_before(
      domain::UserId creator, domain::ChatId chat);
  [[nodiscard]] Task<Result<Created>> store(domain::UserId creator, ports::NewChat chat);
  void announce(const ports::CreatedChat& created,
                const std::optional<domain::MessageEntry>& first_entry);

  Ports ports_;
  Limits limits_;
};

}  // namespace knotos::services
