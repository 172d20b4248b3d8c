#pragma once

#include "services/account_end.hpp"
#include "services/people_service.hpp"
#include "services/reading_service.hpp"
#include "services/state_service.hpp"
#include "services/sync_service.hpp"
#include "services/user_rates.hpp"

namespace knotos::services {

/// What users do for themselves alone, built together: both doors want all of it. Any shard;
/// destroyed after the shards have stopped.
struct OwnServices {
  struct Ports {
    Shards& shards;
    ports::AccountStore& account_store;
    ports::PeopleStore& people;
    ports::ChatStateStore& states;
    ports::SyncStore& syncs;
    ports::ChatStore& chats;
    ports::MessageStore& messages;
    ports::Bus& bus;
    const ports::Clock& clock;
    AccountService& accounts;
    MessageService& writes;
    ports::RateBoard* rate_board = nullptr;  ///< Null: this process counts alone.
  };

  struct Limits {
    std::size_t receipt_members_max = kReceiptMembersMax;
    UserRateLimits rates;
    AccountEnd::Limits account_end;
  };

  OwnServices(const Ports& ports, const Limits& limits)
      : rates(limits.rates, ports.clock, ports.rate_board),
        reading({.shards = ports.shards,
                 .states = ports.states,
                 .messages = ports.messages,
                 .relations = ports.people,
                 .bus = ports.bus,
                 .clock = ports.clock},
                {.receipt_members_max = limits.receipt_members_max}),
        states({.states = ports.states,
                .messages = ports.messages,
                .bus = ports.bus,
                .clock = ports.clock},
               {.receipt_members_max = limits.receipt_members_max}),
        people({.accounts = ports.account_store,
                .people = ports.people,
                .bus = ports.bus,
                .clock = ports.clock}),
        syncs({.syncs = ports.syncs,
               .chats = ports.chats,
               .people = ports.people,
               .clock = ports.clock},
              {.receipt_members_max = limits.receipt_members_max}),
        account_end({.accounts = ports.accounts,
                     .account_store = ports.account_store,
                     .people = ports.people,
                     .syncs = ports.syncs,
                     .messages = ports.messages,
                     .writes = ports.writes,
                     .bus = ports.bus,
                     .clock = ports.clock},
                    limits.account_end) {}

  UserRates rates;
  ReadingService reading;
  StateService states;
  PeopleService people;
  SyncService syncs;
  AccountEnd account_end;
};

}  // namespace knotos::services
