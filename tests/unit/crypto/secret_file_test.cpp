#include "adapters/crypto/secret_file.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <stdexcept>
#include <string>

namespace knotos::adapters::crypto {
namespace {

class SecretFileTest : public ::testing::Test {
 protected:
  SecretFileTest() {
    std::string name = (std::filesystem::temp_directory_path() / "knotos-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder = name;
    path = folder / "secret";
  }
  ~SecretFileTest() override { std::filesystem::remove_all(folder); }

  void write(const std::string& content, mode_t mode = 0600) const {
    std::ofstream(path, std::ios::binary) << content;
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
  }
  std::string refusal() const {
    try {
      static_cast<void>(load_secret(path));
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
  }

  std::filesystem::path folder;
  std::filesystem::path path;
};

TEST_F(SecretFileTest, TheSecretIsTheWholeFile) {
  write(std::string(31, 's') + "\n");
  const auto secret = load_secret(path);
  EXPECT_EQ(std::string(secret.begin(), secret.end()), std::string(31, 's') + "\n");
}

TEST_F(SecretFileTest, AMissingFileIsNamed) {
  EXPECT_NE(refusal().find(path.string() + " cannot be read: No such file"), std::string::npos)
      << refusal();
}

TEST_F(SecretFileTest, AShortOrHugeFileIsRefused) {
  write(std::string(31, 's'));
  EXPECT_NE(refusal().find("fewer than 32 bytes"), std::string::npos) << refusal();
  write(std::string(4096, 's'));
  EXPECT_EQ(refusal(), "");
  write(std::string(4097, 's'));
  EXPECT_NE(refusal().find("more than 4096 bytes"), std::string::npos) << refusal();
}

TEST_F(SecretFileTest, AFileThatOthersMayReadIsRefused) {
  for (const mode_t mode : {0640U, 0604U, 0660U, 0644U}) {
    write(std::string(32, 's'), mode);
    EXPECT_NE(refusal().find("mode 0600"), std::string::npos) << refusal();
  }
  write(std::string(32, 's'), 0400);
  EXPECT_EQ(refusal(), "");
}

TEST_F(SecretFileTest, AFolderIsNoSecret) {
  path = folder;
  EXPECT_NE(refusal(), "");
}

TEST_F(SecretFileTest, AMissingSecretIsMadeOnceForItsOwnerOnly) {
  const auto made = load_or_make_secret(path);
  EXPECT_EQ(made.size(), 32U);
  EXPECT_NE(made, Secret(32, 0));
  EXPECT_EQ(load_or_make_secret(path), made);
  EXPECT_EQ(load_secret(path), made);
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(files(), 1U) << "nothing is left beside it";
}

TEST_F(SecretFileTest, AnotherSecretIsMadeElsewhere) {
  EXPECT_NE(load_or_make_secret(path), load_or_make_secret(folder / "other"));
}

TEST_F(SecretFileTest, ABadSecretIsNeverReplaced) {
  write("short");
  EXPECT_THROW(static_cast<void>(load_or_make_secret(path)), std::runtime_error);
  EXPECT_EQ(std::filesystem::file_size(path), 5U);
}

TEST_F(SecretFileTest, WhereNothingCanBeWrittenItSaysSo) {
  EXPECT_THROW(static_cast<void>(load_or_make_secret(folder / "missing" / "secret")),
               std::runtime_error);
}

}  // namespace
}  // namespace knotos::adapters::crypto
