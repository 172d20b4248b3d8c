#pragma once

#include "bench/http_client.hpp"
#include "bench/plan.hpp"
#include "bench/trouble.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace knotos::bench {

/// The users and chats of a plan, as they are on the server. For a plain server they are names
/// only: nothing is registered.
class People {
 public:
  People(const Plan& plan, bool is_plain);

  /// Registers and makes what the plan names, a few at a time. What fails is in `trouble`.
  void settle(HttpClient& http, Trouble& trouble);
  /// Whether all of it is there.
  [[nodiscard]] bool are_settled() const { return left_ == 0; }
  [[nodiscard]] std::size_t left() const { return left_; }

  /// The JSON of CONNECT for a link of this user.
  [[nodiscard]] std::string auth(std::uint32_t user, const std::string& cursor = {}) const;
  [[nodiscard]] const std::string& token(std::uint32_t user) const { return tokens_[user]; }
  [[nodiscard]] const std::string& chat(std::uint32_t room) const { return chats_[room]; }

 private:
  void register_user(HttpClient& http, Trouble& trouble, std::uint32_t user);
  void make_chats(HttpClient& http, Trouble& trouble);
  void make_chat(HttpClient& http, Trouble& trouble, std::uint32_t room);

  const Plan& plan_;
  bool is_plain_;
  std::size_t left_ = 0;
  std::size_t users_left_ = 0;
  std::vector<std::vector<std::uint32_t>> user_rooms_;
  std::vector<std::string> ids_;
  std::vector<std::string> tokens_;
  std::vector<std::string> chats_;
};

}  // namespace knotos::bench
