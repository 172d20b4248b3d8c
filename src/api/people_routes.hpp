#pragma once

#include "api/router.hpp"
#include "services/own_services.hpp"

namespace knotos::api {

/// `/v1/me`, `/v1/contacts`, `/v1/blocks`, and a user by their id. Any shard.
class PeopleRoutes {
 public:
  PeopleRoutes(services::OwnServices& own, const ports::Clock& clock) : own_(own), clock_(clock) {}

  void add_to(Router& router);

 private:
  [[nodiscard]] Task<Result<Reply>> me(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> update_me(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> delete_me(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> update_privacy(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> export_me(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> user(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> contact(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> contacts(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> put_contact(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> remove_contact(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> blocks(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> put_block(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> remove_block(CallPtr call);

  using Change = Task<Result<void>> (services::PeopleService::*)(domain::UserId, domain::UserId);
  [[nodiscard]] Task<Result<Reply>> change(CallPtr call, Change change);

  services::OwnServices& own_;
  const ports::Clock& clock_;
};

}  // namespace knotos::api
