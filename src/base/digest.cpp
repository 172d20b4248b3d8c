#include "base/digest.hpp"

#include "base/assert.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include <algorithm>

namespace knotos {
namespace {

/// A method of digest, looked up once: OpenSSL 3 otherwise looks for it at every use, which costs
/// more than digesting a message.
struct Method {
  explicit Method(const char* name) : method(EVP_MD_fetch(nullptr, name, nullptr)) {}
  Method(const Method&) = delete;
  Method& operator=(const Method&) = delete;
  ~Method() { EVP_MD_free(method); }

  EVP_MD* method;
};

template <std::size_t Size>
std::array<std::uint8_t, Size> digest(const Method& method, std::span<const std::uint8_t> data) {
  struct Context {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    Context() = default;
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    ~Context() { EVP_MD_CTX_free(context); }
  };
  static thread_local const Context kept;
  std::array<std::uint8_t, Size> out{};
  unsigned size = 0;
  KN_ASSERT(EVP_DigestInit_ex2(kept.context, method.method, nullptr) == 1 &&
            EVP_DigestUpdate(kept.context, data.data(), data.size()) == 1 &&
            EVP_DigestFinal_ex(kept.context, out.data(), &size) == 1 && size == Size);
  return out;
}

std::string encode(std::span<const std::uint8_t> data, int variant) {
  std::string text(sodium_base64_encoded_len(data.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), data.data(), data.size(), variant);
  text.pop_back();  // libsodium counts the final NUL.
  return text;
}

bool decode(std::string_view text, std::string& out, int variant) {
  // libsodium takes every byte from 0x80 on for the alphabet's last.
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (!std::ranges::all_of(text, is_ascii)) return false;
  out.resize(text.size());
  std::size_t size = 0;
  const char* end = nullptr;
  const int status = sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(),
                                       text.data(), text.size(), nullptr, &size, &end, variant);
  if (status != 0 || end != text.data() + text.size()) return false;
  out.resize(size);
  return true;
}

}  // namespace

Sha1 sha1(std::span<const std::uint8_t> data) {
  static const Method method("SHA1");
  return digest<20>(method, data);
}

Sha256 sha256(std::span<const std::uint8_t> data) {
  static const Method method("SHA256");
  return digest<32>(method, data);
}

Sha256 hmac_sha256(std::span<const std::uint8_t> key, std::span<const std::uint8_t> data) {
  Sha256 out{};
  unsigned size = 0;
  const auto* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data.data(),
                          data.size(), out.data(), &size);
  KN_ASSERT(done != nullptr && size == out.size());
  return out;
}

bool equal_in_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string base64_encode(std::span<const std::uint8_t> data) {
  return encode(data, sodium_base64_VARIANT_ORIGINAL);
}

std::string base64url_encode(std::span<const std::uint8_t> data) {
  return encode(data, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool base64_decode(std::string_view text, std::string& out) {
  return decode(text, out, sodium_base64_VARIANT_ORIGINAL);
}

bool base64url_decode(std::string_view text, std::string& out) {
  return decode(text, out, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

}  // namespace knotos
