#include "base/errc.hpp"

#include "base/assert.hpp"

#include <array>

namespace knotos {
namespace {

using enum LogWeight;

constexpr std::array<ErrcDescription, kErrcCount> kDescriptions{{
    {Errc::malformed_json, "malformed-json", "The body is not valid JSON.", 400, debug, false},
    {Errc::validation_failed, "validation-failed", "A field is missing or not valid.", 422, debug,
     false},
    {Errc::unauthenticated, "unauthenticated", "Sign in first.", 401, debug, false},
    {Errc::token_expired, "token-expired", "The access token has expired.", 401, debug, false},
    {Errc::forbidden, "forbidden", "Not allowed.", 403, debug, false},
    {Errc::cannot_contact_user, "cannot-contact-user", "This user cannot be contacted.", 403, debug,
     false},
    {Errc::not_found, "not-found", "There is no such thing.", 404, debug, false},
    {Errc::method_not_allowed, "method-not-allowed", "This method is not allowed here.", 405, debug,
     false},
    {Errc::request_timeout, "request-timeout", "The request took too long to arrive.", 408, debug,
     true},
    {Errc::conflict, "conflict", "It conflicts with what is there.", 409, debug, false},
    {Errc::client_message_id_reused, "client-message-id-reused",
     "This id was used for another request.", 409, debug, false},
    {Errc::edit_conflict, "edit-conflict", "Somebody changed it in between.", 409, debug, false},
    {Errc::cursor_expired, "cursor-expired", "This cursor is no longer known: start afresh.", 410,
     debug, false},
    {Errc::payload_too_large, "payload-too-large", "The request is too large.", 413, debug, false},
    {Errc::unsupported_media, "unsupported-media", "This media type is not accepted.", 415, debug,
     false},
    {Errc::rate_limited, "rate-limited", "Too many requests.", 429, debug, true},
    {Errc::overloaded, "overloaded", "The server is busy: try again shortly.", 503, warning, true},
    {Errc::store_unavailable, "store-unavailable",
     "The store cannot be reached: try again shortly.", 503, error, true},
    {Errc::internal, "internal", "Something went wrong in the server.", 500, error, true},
}};

}  // namespace

const ErrcDescription& describe(Errc errc) {
  const auto index = static_cast<std::size_t>(errc);
  KN_ASSERT(index < kDescriptions.size());
  return kDescriptions[index];
}

}  // namespace knotos
