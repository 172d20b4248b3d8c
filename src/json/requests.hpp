#pragma once

#include "base/error.hpp"
#include "domain/ids.hpp"
#include "domain/message.hpp"
#include "json/read.hpp"
#include "services/account_service.hpp"
#include "services/chat_service.hpp"
#include "services/message_service.hpp"

#include <optional>
#include <string>
#include <string_view>

/// What comes in: the requests that REST and Socket.IO share, and those of each alone. All that
/// does not fit is named in one answer. Errors of all: validation_failed, each field by pointer.
namespace knotos::json {

inline constexpr std::size_t kPageMax = 100;
inline constexpr std::size_t kPageDefault = 50;
/// A token longer than this is none of ours.
inline constexpr std::size_t kTokenBytesMax = 4096;
/// Nor is such a cursor.
inline constexpr std::size_t kCursorBytesMax = 512;
/// Of a device's id as a client names it, before it is compared.
inline constexpr std::size_t kDeviceIdBytesMax = 128;

/// Of a send: the body of the REST request. An attachment is refused, a voice note dropped: this
/// server keeps no media.
[[nodiscard]] Result<domain::Draft> draft(const Object& object,
                                          const domain::ContentLimits& limits);

struct SendRequest {
  domain::ChatId chat_id;
  domain::Draft draft;
};
/// `send_message`: the same and `chatId`.
[[nodiscard]] Result<SendRequest> send_request(const Object& object,
                                               const domain::ContentLimits& limits);

struct EditBody {
  std::string content;
  std::optional<std::uint32_t> base_version;
};
[[nodiscard]] Result<EditBody> edit_body(const Object& object, const domain::ContentLimits& limits);
/// `edit_message`: the same with `chatId`, `messageId`.
[[nodiscard]] Result<services::MessageService::Edit> edit_request(
    const Object& object, const domain::ContentLimits& limits);

/// For whom a message is deleted.
enum class EraseScope : std::uint8_t { everyone, me };

struct EraseRequest {
  domain::ChatId chat_id;
  domain::MessageId message_id;
  EraseScope scope = EraseScope::everyone;
};
/// `delete_message`.
[[nodiscard]] Result<EraseRequest> erase_request(const Object& object);
/// A scope by its text; absent, it is everyone. Errors: validation_failed at /scope.
[[nodiscard]] Result<EraseScope> parse_erase_scope(const std::optional<std::string>& scope);

struct ChangesRequest {
  domain::ChatId chat_id;
  domain::Rev since = 0;
  std::size_t limit = kPageDefault;
};
/// `fetch_changes`.
[[nodiscard]] Result<ChangesRequest> changes_request(const Object& object);

struct ConnectRequest {
  std::string token;
  std::optional<std::string> device_id;  ///< Any text: one that is no id is nobody's device.
  std::string cursor;                    ///< Empty: none.
  bool is_active = true;                 ///< `clientState`: somebody looks at the client.
};
/// The payload of CONNECT. A token that is missing is an empty one: whoever asks for it answers
/// `unauthenticated`.
[[nodiscard]] Result<ConnectRequest> connect_request(const Object& object);

/// `{token}` of `auth_refresh`.
[[nodiscard]] Result<std::string> token_request(const Object& object);
/// `{refreshToken}`.
[[nodiscard]] Result<std::string> refresh_request(const Object& object);

/// Without the device's name, which comes from elsewhere.
[[nodiscard]] Result<services::AccountService::Registration> registration(const Object& object);
[[nodiscard]] Result<services::AccountService::Login> login(const Object& object);

/// `POST /v1/chats`: one or the other.
struct NewChatRequest {
  std::optional<domain::UserId> direct_with;
  services::ChatService::NewGroup group;
};
[[nodiscard]] Result<NewChatRequest> new_chat(const Object& object, std::size_t members_max);

}  // namespace knotos::json
