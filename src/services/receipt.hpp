#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "domain/message.hpp"

namespace knotos::services {

/// Where a message went.
struct Receipt {
  domain::MessageId message_id;
  domain::Seq seq = 0;
  domain::Rev rev = 0;
  Time created_at;
  bool is_duplicate = false;
};

/// `rev` is the message's own place in the log, whatever became of it since.
[[nodiscard]] inline Receipt receipt_of(const domain::Message& message, bool is_duplicate) {
  return {.message_id = message.id,
          .seq = message.seq,
          .rev = message.place,
          .created_at = message.created_at,
          .is_duplicate = is_duplicate};
}

/// The answer to a repeat of what made `original`: the receipt again, or, where the request was
/// another one, client_message_id_reused.
[[nodiscard]] inline Result<Receipt> answer_repeat(const domain::Message& original,
                                                   const Sha256& request_hash) {
  if (original.request_hash != request_hash) {
    return fail(Errc::client_message_id_reused, "This clientMessageId sent another message.");
  }
  return receipt_of(original, true);
}

}  // namespace knotos::services
