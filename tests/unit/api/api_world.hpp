#pragma once

#include "adapters/memory/local_bus.hpp"
#include "adapters/memory/memory_store.hpp"
#include "api/api.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_exchange.hpp"
#include "support/fake_shards.hpp"
#include "support/seeded_random.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace knotos::test {

/// Quick, and of no use to anybody else.
class PlainPasswords final : public ports::PasswordHasher {
 public:
  [[nodiscard]] Task<Result<std::string>> hash(std::string password) override {
    if (is_full) co_return fail(Errc::overloaded);
    if (throws) throw std::runtime_error("the hasher broke");
    co_return "plain:" + password;
  }
  [[nodiscard]] Task<Result<bool>> verify(std::string password, std::string hash) override {
    co_return hash == "plain:" + password;
  }

  bool is_full = false;
  bool throws = false;
};

/// `user/device/expiry`, unsigned.
class PlainTokens final : public ports::AccessTokens {
 public:
  [[nodiscard]] std::string issue(const ports::AccessClaims& claims) const override {
    return claims.user_id.to_string() + "/" + claims.device_id.to_string() + "/" +
           format_time(claims.expires_at);
  }
  [[nodiscard]] Result<ports::AccessClaims> verify(std::string_view token,
                                                   Time now) const override {
    if (token.size() < 74) return fail(Errc::unauthenticated);
    const auto user = domain::UserId::parse(token.substr(0, 36));
    const auto device = domain::DeviceId::parse(token.substr(37, 36));
    const auto expires_at = parse_time(token.substr(74));
    if (!user || !device || !expires_at) return fail(Errc::unauthenticated);
    if (*expires_at <= now) return fail(Errc::token_expired);
    return ports::AccessClaims{*user, *device, *expires_at};
  }
};

/// An answer as the client sees it.
struct Answer {
  unsigned status = 0;
  std::vector<http::Header> headers;
  std::string body;

  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& each : headers) {
      if (each.name == name) return each.value;
    }
    return "(none)";
  }
  [[nodiscard]] boost::json::value json() const { return boost::json::parse(body); }
  [[nodiscard]] std::string text(std::string_view name) const {
    return std::string(json().at(name).as_string());
  }
  [[nodiscard]] std::string code() const {
    if (header("Content-Type") != "application/problem+json") return "(no problem)";
    return text("code");
  }
  /// "pointer code" of each field error, one a line.
  [[nodiscard]] std::string misfits() const {
    std::string names;
    const auto value = json();
    if (const auto* errors = value.as_object().if_contains("errors")) {
      for (const auto& each : errors->as_array()) {
        if (!names.empty()) names += '\n';
        names += std::string(each.at("pointer").as_string()) + " " +
                 std::string(each.at("code").as_string());
      }
    }
    return names;
  }
};

struct Client {
  std::string user_id;
  std::string device_id;
  std::string token;
  std::string refresh_token;
};

/// The whole of REST over the memory store, in one thread, on a clock that the test moves.
class ApiWorld {
 public:
  explicit ApiWorld(std::size_t shard_count = 1, api::Api::Settings settings = quiet_settings())
      : shards(shard_count),
        accounts({.accounts = store,
                  .chats = store,
                  .passwords = passwords,
                  .tokens = tokens,
                  .bus = bus,
                  .clock = clock,
                  .random = random},
                 {}),
        chats({.chats = store, .relations = store, .bus = bus, .clock = clock, .random = random},
              {}),
        messages({.shards = shards,
                  .log = store,
                  .messages = store,
                  .states = store,
                  .relations = store,
                  .bus = bus,
                  .clock = clock,
                  .random = random},
                 {}),
        own({.shards = shards,
             .account_store = store,
             .people = store,
             .states = store,
             .syncs = store,
             .chats = store,
             .messages = store,
             .bus = bus,
             .clock = clock,
             .accounts = accounts,
             .writes = messages},
            {}),
        members({.messages = messages,
                 .states = own.states,
                 .log = store,
                 .chats = store,
                 .invites = store,
                 .clock = clock,
                 .random = random},
                {}),
        api({.accounts = accounts,
             .chats = chats,
             .messages = messages,
             .own = own,
             .members = members,
             .shards = shards,
             .clock = clock,
             .random = random},
            std::move(settings), [this] { return readiness; }) {}

  /// Without the rate of an address, which most tests would run into.
  static api::Api::Settings quiet_settings() {
    api::Api::Settings settings;
    settings.rate_auth.count = 0;
    settings.version = "1.2.3";
    return settings;
  }

  Answer ask(http::Request request, std::size_t shard = 0) {
    request.remote_address = request.remote_address.empty() ? "192.0.2.1" : request.remote_address;
    const auto exchange = shards.on(
        shard, [&] { return std::make_shared<FakeExchange>(shards, std::move(request)); });
    shards.on(shard, [&] { api.serve(exchange); });
    shards.run();
    if (!exchange->response()) throw std::logic_error("no answer");
    const auto& response = *exchange->response();
    return {response.status, response.headers, response.body};
  }

  Answer ask(std::string method, std::string target, std::string body = {},
             const std::string& token = {}, std::size_t shard = 0) {
    http::Request request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.body = std::move(body);
    if (!token.empty()) request.headers.push_back({"Authorization", "Bearer " + token});
    return ask(std::move(request), shard);
  }

  Client sign_up(const std::string& username) {
    const auto answer = ask("POST", "/v1/auth/register",
                            R"({"username":")" + username + R"(","password":"password"})");
    return client_of(answer);
  }

  static Client client_of(const Answer& answer) {
    if (answer.status >= 300) throw std::logic_error(answer.body);
    const auto value = answer.json();
    return {std::string(value.at("user").at("id").as_string()), answer.text("deviceId"),
            answer.text("accessToken"), answer.text("refreshToken")};
  }

  /// The id of the direct chat of the two.
  std::string direct_chat(const Client& one, const Client& other) {
    return ask("POST", "/v1/chats", R"({"type":"direct","userId":")" + other.user_id + "\"}",
               one.token)
        .text("id");
  }

  Answer send(const Client& sender, const std::string& chat, const std::string& content,
              const std::string& key = {}) {
    auto body = R"({"content":")" + content + "\"";
    if (!key.empty()) body += R"(,"clientMessageId":")" + key + "\"";
    return ask("POST", "/v1/chats/" + chat + "/messages", body + "}", sender.token);
  }

  FakeShards shards;
  FakeClock clock;
  SeededRandom random{1};
  api::Readiness readiness;
  adapters::memory::MemoryStore store;
  adapters::memory::LocalBus bus;
  PlainPasswords passwords;
  PlainTokens tokens;
  services::AccountService accounts;
  services::ChatService chats;
  services::MessageService messages;
  services::OwnServices own;
  services::MemberService members;
  api::Api api;
};

}  // namespace knotos::test
