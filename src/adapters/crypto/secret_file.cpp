#include "adapters/crypto/secret_file.hpp"

#include "base/digest.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

namespace knotos::adapters::crypto {
namespace {

constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;
constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
  throw std::runtime_error("The secret file " + path.string() + " " + why + ".");
}

[[noreturn]] void refuse_by_system(const std::filesystem::path& path, const std::string& what) {
  refuse(path, what + ": " + std::generic_category().message(errno));
}

/// An open file, closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] bool is_open() const { return number_ >= 0; }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

/// A file that goes away with its owner, unless it was linked elsewhere.
class TemporaryName {
 public:
  explicit TemporaryName(std::filesystem::path path) : path_(std::move(path)) {}
  ~TemporaryName() { ::unlink(path_.c_str()); }
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::filesystem::path beside(const std::filesystem::path& path) {
  std::array<std::uint8_t, 12> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  auto name = path;
  name += "." + base64url_encode(bytes) + ".new";
  return name;
}

void write_all(const std::filesystem::path& path, int file, const Secret& secret) {
  std::size_t written = 0;
  while (written < secret.size()) {
    const auto count = ::write(file, secret.data() + written, secret.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) refuse_by_system(path, "cannot be written");
    written += static_cast<std::size_t>(count);
  }
  if (::fsync(file) != 0) refuse_by_system(path, "cannot be written");
}

void make_secret(const std::filesystem::path& path) {
  if (sodium_init() < 0) refuse(path, "cannot be made: the system has no source of randomness");
  const TemporaryName name(beside(path));
  {
    const Descriptor file(
        ::open(name.path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly));
    if (!file.is_open()) refuse_by_system(path, "cannot be made");
    Secret secret(kSecretBytesMin);
    randombytes_buf(secret.data(), secret.size());
    write_all(path, file.number(), secret);
    sodium_memzero(secret.data(), secret.size());
  }
  // A link and not a rename, which would put another key in the place of one that somebody uses.
  if (::link(name.path().c_str(), path.c_str()) != 0 && errno != EEXIST) {
    refuse_by_system(path, "cannot be made");
  }
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open() || ::fsync(directory.number()) != 0) {
    refuse_by_system(path, "cannot be made to last");
  }
}

}  // namespace

Secret load_secret(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) refuse_by_system(path, "cannot be read");
  struct stat status{};
  if (::fstat(file.number(), &status) != 0) refuse_by_system(path, "cannot be read");
  if (!S_ISREG(status.st_mode)) refuse(path, "is not a regular file");
  if ((status.st_mode & kOthers) != 0) {
    refuse(path, "is open to others than its owner: give it mode 0600");
  }

  Secret secret(kSecretBytesMax + 1);
  std::size_t size = 0;
  while (size < secret.size()) {
    const auto count = ::read(file.number(), secret.data() + size, secret.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse_by_system(path, "cannot be read");
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > kSecretBytesMax) refuse(path, "has more than 4096 bytes");
  if (size < kSecretBytesMin) refuse(path, "has fewer than 32 bytes");
  secret.resize(size);
  return secret;
}

Secret load_or_make_secret(const std::filesystem::path& path) {
  std::error_code ec;
  const bool is_there = std::filesystem::exists(path, ec);
  if (!ec && !is_there) make_secret(path);
  return load_secret(path);
}

}  // namespace knotos::adapters::crypto
