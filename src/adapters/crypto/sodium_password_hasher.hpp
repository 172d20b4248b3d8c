#pragma once

#include "ports/secrets.hpp"
#include "runtime/blocking_pool.hpp"

#include <sodium.h>

#include <cstddef>
#include <string>

namespace knotos::adapters::crypto {

/// argon2id by libsodium, on threads of its own. Any thread may call; answers come on the caller's
/// executor.
///
/// Each hash takes `memlimit` bytes while it runs, so `threads` bounds the memory and `queue_max`
/// the wait.
class SodiumPasswordHasher final : public ports::PasswordHasher {
 public:
  struct Options {
    std::size_t threads = 1;
    std::size_t queue_max = 1'024;
    unsigned long long opslimit = crypto_pwhash_OPSLIMIT_INTERACTIVE;
    std::size_t memlimit = crypto_pwhash_MEMLIMIT_INTERACTIVE;
  };

  /// Throws std::runtime_error where libsodium cannot work here.
  explicit SodiumPasswordHasher(Options options);

  [[nodiscard]] Task<Result<std::string>> hash(std::string password) override;
  [[nodiscard]] Task<Result<bool>> verify(std::string password, std::string password_hash) override;

 private:
  Options options_;
  runtime::BlockingPool pool_;
};

}  // namespace knotos::adapters::crypto
