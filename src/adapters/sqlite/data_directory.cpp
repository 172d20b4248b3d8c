#include "adapters/sqlite/data_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace knotos::adapters::sqlite {
namespace {

[[noreturn]] void fail(const std::string& what, int error) {
  throw std::runtime_error(what + ": " + std::system_category().message(error));
}

}  // namespace

DataDirectory::DataDirectory(std::string path) : path_(std::move(path)) {
  while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  const auto parent = std::filesystem::path(path_).parent_path();
  std::error_code ec;
  if (!parent.empty()) std::filesystem::create_directories(parent, ec);
  if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST)
    fail("cannot make the data directory " + path_, errno);
  const auto lock_file = file("knotos.lock");
  lock_ = ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) fail("cannot open " + lock_file, errno);
  if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return;
  const int error = errno;
  ::close(lock_);
  if (error == EWOULDBLOCK)
    throw std::runtime_error("the data directory " + path_ + " is in use by another knotos");
  fail("cannot lock " + lock_file, error);
}

DataDirectory::~DataDirectory() { ::close(lock_); }

}  // namespace knotos::adapters::sqlite
