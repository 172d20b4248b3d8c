#pragma once

#include "api/account_routes.hpp"
#include "api/address_rate.hpp"
#include "api/chat_routes.hpp"
#include "api/cors.hpp"
#include "api/description_routes.hpp"
#include "api/member_routes.hpp"
#include "api/message_routes.hpp"
#include "api/operation_routes.hpp"
#include "api/people_routes.hpp"
#include "api/reaction_routes.hpp"
#include "api/router.hpp"
#include "api/state_routes.hpp"
#include "api/sync_routes.hpp"
#include "api/user_routes.hpp"
#include "base/shards.hpp"
#include "ports/world.hpp"
#include "server/http_exchange.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace knotos::api {

/// The REST interface: finds a request's route, lets in who may, and turns what the services answer
/// into HTTP. Requests are served on the shard of their connection; all shards share one instance.
/// The composition root owns it, and destroys it after the shards have stopped.
class Api {
 public:
  struct Parts {
    services::AccountService& accounts;
    services::ChatService& chats;
    services::MessageService& messages;
    services::OwnServices& own;
    services::MemberService& members;
    Shards& shards;
    const ports::Clock& clock;
    ports::Random& random;
  };

  struct Settings {
    domain::ContentLimits content;
    Rate rate_auth{10, std::chrono::seconds(60), 0};  ///< Of an address.
    /// As the service counts it, to tell it to who runs into it.
    Rate rate_messages{20, std::chrono::seconds(10), 10};
    std::size_t group_members_max = 1024;
    std::vector<std::string> cors_origins;  ///< "*": any.
    std::string version;
  };

  /// `readiness` is asked on any shard.
  Api(Parts parts, Settings settings, std::function<Readiness()> readiness);
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  /// On the shard of the exchange's connection. Every request is answered, with a request id.
  void serve(std::shared_ptr<server::HttpExchange> exchange);

  /// The answer to a request whose body never came whole: 413 or 408, as a problem. Any shard.
  [[nodiscard]] http::Response refuse(unsigned status, std::string_view text);
  /// The answer to a request that no route is asked about, as a problem. Any shard.
  [[nodiscard]] http::Response refuse(const Error& error);

  /// Every route there is: for the test that compares them with openapi.json.
  [[nodiscard]] std::vector<const Route*> routes() const { return router_.routes(); }

 private:
  [[nodiscard]] CallPtr begin(std::shared_ptr<server::HttpExchange> exchange);
  [[nodiscard]] Task<void> answer(CallPtr call, const Route* route);
  [[nodiscard]] Task<Result<Reply>> run(CallPtr call, const Route* route);
  [[nodiscard]] Task<Result<void>> admit(CallPtr call, Access access);
  void answer_wrong_method(Call& call, const std::string& allowed);
  void respond(Call& call, Result<Reply> result);
  void record(const Call& call, unsigned status, const Error* error) const;

  Parts parts_;
  Cors cors_;
  AddressRate auth_rate_;
  AccountRoutes account_routes_;
  UserRoutes user_routes_;
  ChatRoutes chat_routes_;
  MessageRoutes message_routes_;
  PeopleRoutes people_routes_;
  StateRoutes state_routes_;
  SyncRoutes sync_routes_;
  ReactionRoutes reaction_routes_;
  MemberRoutes member_routes_;
  OperationRoutes operation_routes_;
  DescriptionRoutes description_routes_;
  Router router_;
};

}  // namespace knotos::api
