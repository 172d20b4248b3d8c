#include "app/settings.hpp"
#include "app/value_text.hpp"

#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

namespace knotos::app {
namespace {

class SettingsTest : public testing::Test {
 protected:
  Loaded load(const std::string& file_text = {}) {
    std::string file;
    if (!file_text.empty()) {
      file = directory_.path() + "/knotos.toml";
      std::ofstream(file) << file_text;
    }
    return load_config(
        flags_,
        [this](const std::string& name) -> std::optional<std::string> {
          const auto at = environment_.find(name);
          if (at == environment_.end()) return std::nullopt;
          return at->second;
        },
        file);
  }

  test::TemporaryDirectory directory_;
  std::map<std::string, std::string> flags_;
  std::map<std::string, std::string> environment_;
};

TEST_F(SettingsTest, FlagGoesOverEnvironmentOverFileOverDefault) {
  EXPECT_EQ(load().config.listen_port, 8080);
  EXPECT_EQ(load("listen = '127.0.0.1:1'").config.listen_port, 1);
  environment_["KNOTOS_LISTEN"] = "127.0.0.1:2";
  EXPECT_EQ(load("listen = '127.0.0.1:1'").config.listen_port, 2);
  flags_["listen"] = "127.0.0.1:3";
  const auto loaded = load("listen = '127.0.0.1:1'");
  EXPECT_EQ(loaded.config.listen_port, 3);
  EXPECT_EQ(loaded.places.at("listen"), "--listen");
  EXPECT_TRUE(loaded.problems.empty());
}

TEST_F(SettingsTest, ABadValueIsNamedWithItsPlace) {
  flags_["rate-messages"] = "many";
  environment_["KNOTOS_DRAIN_MS"] = "-1";
  const auto loaded = load("\nshards = 'two'\nnonsense = 1\n");
  ASSERT_EQ(loaded.problems.size(), 4U);
  const auto file = directory_.path() + "/knotos.toml";
  EXPECT_EQ(loaded.problems[0], file + ", line 3: there is no setting 'nonsense'");
  EXPECT_EQ(loaded.problems[1], file + ", line 2: 'two' for shards: must be a whole number");
  EXPECT_EQ(loaded.problems[2],
            "KNOTOS_DRAIN_MS in the environment: '-1' for drain-ms: must be a number of "
            "milliseconds, 1 or more");
  EXPECT_TRUE(loaded.problems[3].starts_with(
      "--rate-messages: 'many' for rate-messages: must be like 20/10s"));
}

TEST_F(SettingsTest, AFileThatIsNoTomlIsOneSentence) {
  const auto loaded = load("listen = ");
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_NE(loaded.problems[0].find("knotos.toml"), std::string::npos);
  EXPECT_EQ(load_config(
                {}, [](const std::string&) { return std::nullopt; }, "/nowhere/knotos.toml")
                .problems.size(),
            1U);
}

TEST_F(SettingsTest, ListsAndNumbersOfAFileAreTaken) {
  const auto loaded =
      load("cors = ['https://a.example', 'https://b.example']\nshards = 3\ndrain-ms = 1500\n");
  EXPECT_TRUE(loaded.problems.empty());
  EXPECT_EQ(loaded.config.cors_origins,
            (std::vector<std::string>{"https://a.example", "https://b.example"}));
  EXPECT_EQ(loaded.config.shards, 3U);
  EXPECT_EQ(loaded.config.drain, std::chrono::milliseconds(1'500));
}

TEST_F(SettingsTest, RatesAreReadAsPeopleWriteThem) {
  flags_["rate-messages"] = "0";
  flags_["rate-auth"] = "3/500ms";
  flags_["rate-connect"] = "7/2m";
  const auto config = load().config;
  EXPECT_EQ(config.messages.rate_messages.count, 0U);
  EXPECT_EQ(config.rate_auth.count, 3U);
  EXPECT_EQ(config.rate_auth.window, std::chrono::milliseconds(500));
  EXPECT_EQ(config.socketio.links_per_address_rate.window, std::chrono::minutes(2));
  for (const auto* bad : {"", "1", "/", "1/", "/1s", "0/1s", "1/0s", "1/1", "1/1x", "-1/1s",
                          "1/1s ", "99999999999999999999/1s"}) {
    flags_["rate-auth"] = bad;
    EXPECT_FALSE(load().problems.empty()) << "'" << bad << "'";
  }
}

TEST_F(SettingsTest, AddressesAreReadWithTheirPort) {
  flags_["listen"] = "[::1]:0";
  EXPECT_EQ(load().config.listen_host, "::1");
  for (const auto* bad :
       {"", "127.0.0.1", ":1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "[]:1"}) {
    flags_["listen"] = bad;
    EXPECT_FALSE(load().problems.empty()) << "'" << bad << "'";
  }
}

TEST_F(SettingsTest, RolesNeedWhatProcessesCanShare) {
  flags_["role"] = "gateway";
  auto loaded = load();
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_NE(loaded.problems[0].find("--role: "), std::string::npos);
  EXPECT_NE(loaded.problems[0].find("need a bus"), std::string::npos);
  flags_["bus"] = "redis://localhost";
  loaded = load();
  EXPECT_EQ(loaded.config.role, Role::gateway);
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_NE(loaded.problems[0].find("sqlite is one process's alone"), std::string::npos);
  flags_["role"] = "all";
  EXPECT_TRUE(load().problems.empty());
  flags_["role"] = "gate";
  EXPECT_EQ(load().problems.size(), 1U);
}

TEST_F(SettingsTest, TheSecretsOfAUrlAreNotSaid) {
  flags_["bus"] = "redis://ann:hunter2@host:port/1";
  const auto loaded = load();
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_EQ(loaded.problems[0].find("hunter2"), std::string::npos) << loaded.problems[0];
  EXPECT_NE(loaded.problems[0].find("redis://***@host:port/1"), std::string::npos);
  EXPECT_EQ(without_secrets("rediss://:p@ss@h:1/2"), "rediss://***@h:1/2");
  EXPECT_EQ(without_secrets("redis://h"), "redis://h");
  EXPECT_EQ(without_secrets("ann@example.org"), "ann@example.org");
}

/// What `check-config` shows can be given back: for every setting there is.
TEST_F(SettingsTest, EveryValueShownCanBeGiven) {
  const Config defaults;
  for (const auto& setting : settings()) {
    const auto shown = setting.show(defaults);
    if (shown.empty()) continue;  // Not set: no file, no origins.
    Config config;
    EXPECT_EQ(setting.assign(config, shown), std::nullopt) << setting.name << " " << shown;
    EXPECT_EQ(setting.show(config), shown) << setting.name;
  }
}

}  // namespace
}  // namespace knotos::app
