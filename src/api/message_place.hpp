#pragma once

#include "api/parameters.hpp"
#include "domain/ids.hpp"

namespace knotos::api {

/// What a path below a message names.
struct MessagePlace {
  domain::ChatId chat;
  domain::MessageId message;
};

/// Of `{chatId}` and `{messageId}`; what does not fit is noted in the parameters.
[[nodiscard]] inline MessagePlace read_place(Parameters& parameters) {
  const auto chat = parameters.id<domain::ChatId>("chatId");
  return {.chat = chat, .message = parameters.id<domain::MessageId>("messageId")};
}

}  // namespace knotos::api
