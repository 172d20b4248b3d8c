#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "domain/message.hpp"
#include "ports/account_store.hpp"
#include "ports/bus.hpp"
#include "ports/message_store.hpp"
#include "ports/people_store.hpp"
#include "ports/sync_store.hpp"
#include "ports/world.hpp"
#include "services/account_service.hpp"
#include "services/message_service.hpp"

#include <optional>
#include <string>
#include <vector>

namespace knotos::services {

/// Taking one's data along, and going for good. Any shard; stateless.
class AccountEnd {
 public:
  struct Ports {
    AccountService& accounts;
    ports::AccountStore& account_store;
    ports::PeopleStore& people;
    ports::SyncStore& syncs;
    ports::MessageStore& messages;
    MessageService& writes;
    ports::Bus& bus;
    const ports::Clock& clock;
  };

  struct Limits {
    std::size_t export_messages_max = 10'000;  ///< Of one document; the next one goes on.
    std::size_t page = 100;                    ///< Messages read at once.
  };

  /// Where an export goes on: after this message of this chat.
  struct ExportPosition {
    domain::ChatId chat_id;
    domain::Seq seq = 0;
  };

  struct ExportedChat {
    domain::Chat chat;
    domain::UserChatState state;
    std::vector<domain::Message> messages;  ///< The user's own, that are not deleted.
  };

  struct Export {
    domain::User user;
    domain::Privacy privacy;
    std::vector<ports::Acquaintance> contacts;
    std::vector<ports::Acquaintance> blocks;
    std::vector<ExportedChat> chats;
    std::optional<ExportPosition> next;  ///< There is more.
  };

  AccountEnd(Ports ports, Limits limits) : ports_(ports), limits_(limits) {}

  /// Errors: not_found, store_unavailable.
  [[nodiscard]] Task<Result<Export>> export_data(domain::UserId user,
                                                 std::optional<ExportPosition> after);

  /// The user's other devices are signed out, everything the user wrote is erased by ordinary
  /// entries of the chats' logs, groups are left, and the account is marked as gone, last, which
  /// signs the caller out: where it fails half-way, the same request again goes on from there.
  /// Answers when all of it is done. Errors: forbidden (a wrong password), overloaded,
  /// store_unavailable.
  [[nodiscard]] Task<Result<void>> delete_account(ports::AccessClaims caller, std::string password);

 private:
  [[nodiscard]] Task<Result<std::vector<ports::Acquaintance>>> all_contacts(domain::UserId user);
  [[nodiscard]] Task<Result<std::vector<ports::Acquaintance>>> all_blocks(domain::UserId user);
  [[nodiscard]] Task<Result<void>> sign_out_others(ports::AccessClaims caller);
  void announce_end(domain::UserId user, domain::DeviceId device);
  [[nodiscard]] Task<Result<void>> erase_all(domain::UserId user,
                                             const std::vector<ports::SyncedChat>& chats);
  [[nodiscard]] Task<Result<void>> erase_all(domain::UserId user, domain::ChatId chat);

  Ports ports_;
  Limits limits_;
};

}  // namespace knotos::services
