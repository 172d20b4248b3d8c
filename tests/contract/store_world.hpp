#pragma once

#include "contract/world.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace knotos::contract {

/// A world whose ports are all one store's.
template <class Store>
class StoreWorld : public World {
 public:
  /// Opens the world's store, or what an earlier one of it has left. What it holds lives longer
  /// than every store.
  using Open = std::function<std::unique_ptr<Store>()>;

  explicit StoreWorld(Open open) : open_(std::move(open)), store_(open_()) {}

  ports::ChatLog& log() final { return *store_; }
  ports::MessageStore& messages() final { return *store_; }
  ports::ChatStore& chats() final { return *store_; }
  ports::AccountStore& accounts() final { return *store_; }
  ports::InviteStore& invites() final { return *store_; }
  ports::PeopleStore& people() final { return *store_; }
  ports::ChatStateStore& states() final { return *store_; }
  ports::SyncStore& syncs() final { return *store_; }
  void restart() override {
    store_.reset();
    store_ = open_();
  }

 private:
  Open open_;
  std::unique_ptr<Store> store_;
};

}  // namespace knotos::contract
