#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#define KN_FUZZ_TARGET(name) \
  extern "C" int fuzz_##name##_input(const std::uint8_t* data, std::size_t size);
#include "fuzz_targets.inc"
#undef KN_FUZZ_TARGET

namespace knotos::fuzz {
namespace {

namespace fs = std::filesystem;

struct Target {
  const char* name;
  int (*run)(const std::uint8_t*, std::size_t);
};

#define KN_FUZZ_TARGET(name) Target{#name, fuzz_##name##_input},
constexpr std::array kTargets{
#include "fuzz_targets.inc"
};
#undef KN_FUZZ_TARGET

const fs::path kCorpus = "tests/fuzz/corpus";

std::vector<fs::path> inputs_of(const Target& target) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(kCorpus / target.name)) {
    if (entry.is_regular_file()) paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

/// On the heap to the byte, so that a sanitizer sees a step outside.
std::vector<std::uint8_t> contents_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
  bytes.shrink_to_fit();
  return bytes;
}

class ReplayTest : public testing::TestWithParam<Target> {};

TEST_P(ReplayTest, EveryInputOfTheCorpusHoldsAndSoDoesEveryBeginOfIt) {
  const auto paths = inputs_of(GetParam());
  ASSERT_FALSE(paths.empty());
  for (const auto& path : paths) {
    std::cout << path.string() << std::endl;  // A target that fails aborts: this says on what.
    auto bytes = contents_of(path);
    EXPECT_EQ(GetParam().run(bytes.data(), bytes.size()), 0);
    for (std::size_t cut = 1; cut < std::min<std::size_t>(bytes.size(), 40); ++cut) {
      std::vector<std::uint8_t> begin(bytes.begin(), bytes.end() - static_cast<long>(cut));
      EXPECT_EQ(GetParam().run(begin.data(), begin.size()), 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, ReplayTest, testing::ValuesIn(kTargets),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

TEST(CorpusTest, EveryFolderBelongsToATarget) {
  for (const auto& entry : fs::directory_iterator(kCorpus)) {
    const auto name = entry.path().filename().string();
    EXPECT_TRUE(std::ranges::any_of(kTargets, [&name](const Target& target) {
      return name == target.name;
    })) << name;
  }
}

}  // namespace
}  // namespace knotos::fuzz
