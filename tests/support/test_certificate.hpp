#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

namespace knotos::test {

/// A certificate for `name` that signs itself, and its key, written as PEM.
inline void write_certificate(const std::string& name, const std::filesystem::path& certificate,
                              const std::filesystem::path& key) {
  using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> pair(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, void (*)(X509*)> made(X509_new(), X509_free);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  X509_set_pubkey(made.get(), pair.get());
  auto* const subject = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(made.get(), subject);
  X509_sign(made.get(), pair.get(), EVP_sha256());
  const File certificate_file(std::fopen(certificate.c_str(), "w"), std::fclose);
  PEM_write_X509(certificate_file.get(), made.get());
  const File key_file(std::fopen(key.c_str(), "w"), std::fclose);
  PEM_write_PrivateKey(key_file.get(), pair.get(), nullptr, nullptr, 0, nullptr, nullptr);
}

}  // namespace knotos::test
