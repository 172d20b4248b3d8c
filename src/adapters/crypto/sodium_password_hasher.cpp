#include "adapters/crypto/sodium_password_hasher.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace knotos::adapters::crypto {
namespace {

using HashText = std::array<char, crypto_pwhash_STRBYTES>;

void wipe(std::string& secret) { sodium_memzero(secret.data(), secret.size()); }

Result<std::string> hash_of(std::string password, const SodiumPasswordHasher::Options& options) {
  HashText text{};
  const int failed = crypto_pwhash_str(text.data(), password.data(), password.size(),
                                       options.opslimit, options.memlimit);
  wipe(password);
  // The only thing that can go wrong is memory.
  if (failed != 0) return fail_because(Errc::overloaded, "no memory for a password hash");
  return std::string(text.data());
}

bool matches(std::string password, const std::string& password_hash) {
  HashText text{};
  const bool fits = password_hash.size() < text.size();
  if (fits) std::ranges::copy(password_hash, text.begin());
  const bool is_right =
      fits && crypto_pwhash_str_verify(text.data(), password.data(), password.size()) == 0;
  wipe(password);
  return is_right;
}

}  // namespace

SodiumPasswordHasher::SodiumPasswordHasher(Options options)
    : options_(options), pool_("passwords", options.threads, options.queue_max) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialised.");
}

Task<Result<std::string>> SodiumPasswordHasher::hash(std::string password) {
  co_return co_await pool_.run<std::string>(
      [password = std::move(password), options = options_]() mutable {
        return hash_of(std::move(password), options);
      });
}

Task<Result<bool>> SodiumPasswordHasher::verify(std::string password, std::string password_hash) {
  co_return co_await pool_.run<bool>([password = std::move(password),
                                      password_hash = std::move(password_hash),
                                      options = options_]() mutable -> Result<bool> {
    if (!password_hash.empty()) return matches(std::move(password), password_hash);
    // Nobody's password: a hash that nobody needs costs what a comparison costs.
    const auto unused = hash_of(std::move(password), options);
    if (!unused) return fail(unused.error());
    return false;
  });
}

}  // namespace knotos::adapters::crypto
