#include "adapters/crypto/sodium_password_hasher.hpp"
#include "adapters/system/system_random.hpp"
#include "support/run_task.hpp"

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>

#include <array>

namespace knotos::adapters::crypto {
namespace {

/// The smallest that argon2id allows: these tests are about right and wrong, not about strength.
class SodiumPasswordHasherTest : public ::testing::Test {
 protected:
  template <class T>
  Result<T> run(Task<Result<T>> task) {
    return test::run(io, std::move(task));
  }

  /// Outlives the hasher, whose threads still hold it when an answer has arrived.
  boost::asio::io_context io{1};
  SodiumPasswordHasher hasher{{.threads = 1,
                               .queue_max = 4,
                               .opslimit = crypto_pwhash_OPSLIMIT_MIN,
                               .memlimit = crypto_pwhash_MEMLIMIT_MIN}};
};

TEST_F(SodiumPasswordHasherTest, OnlyTheRightPasswordMatches) {
  const auto hash = run(hasher.hash("correct horse"));
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$"));
  EXPECT_EQ(hash->find("correct"), std::string::npos);
  EXPECT_TRUE(*run(hasher.verify("correct horse", *hash)));
  EXPECT_FALSE(*run(hasher.verify("correct hors", *hash)));
  EXPECT_FALSE(*run(hasher.verify("", *hash)));
}

TEST_F(SodiumPasswordHasherTest, TheSamePasswordHasAnotherHashEachTime) {
  EXPECT_NE(*run(hasher.hash("password")), *run(hasher.hash("password")));
}

TEST_F(SodiumPasswordHasherTest, NobodysHashAndBrokenHashesMatchNothing) {
  for (const std::string& broken :
       {std::string(), std::string("plain"), std::string("$argon2id$"), std::string(500, 'x')}) {
    EXPECT_FALSE(*run(hasher.verify("password", broken)));
  }
}

TEST_F(SodiumPasswordHasherTest, APasswordMayHoldAnyBytes) {
  const std::string password("with\0zero", 9);
  const auto hash = run(hasher.hash(password));
  ASSERT_TRUE(hash);
  EXPECT_TRUE(*run(hasher.verify(password, *hash)));
  EXPECT_FALSE(*run(hasher.verify("with", *hash)));
}

TEST(SystemRandomTest, BytesAreNeverTheSameTwice) {
  system::SystemRandom random;
  std::array<std::uint8_t, 32> one{};
  std::array<std::uint8_t, 32> other{};
  random.fill(one);
  random.fill(other);
  EXPECT_NE(one, other);
}

}  // namespace
}  // namespace knotos::adapters::crypto
