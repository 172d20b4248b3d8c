#pragma once

#include "chat_device.hpp"

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace knotos::test {

/// What a device has been told beside messages, as a client would show it.
struct Shown {
  std::size_t looked_at = 0;                             ///< Events of the device.
  std::set<std::pair<std::string, std::string>> typing;  ///< Chat, user.
  /// Chat, user, whether read.
  std::map<std::tuple<std::string, std::string, bool>, domain::Seq> receipts;
  std::map<std::string, std::string> presence;
  domain::UserRev settings = 0;       ///< Of its user: the last change that it was told.
  domain::UserRev settings_base = 0;  ///< What came before its session is `sync`'s to tell.
  int recoveries = 0;

  /// Takes in what the device has heard since. `settings_now`: its user's last change.
  void look(const ChatDevice& device, std::uint64_t seed, domain::UserRev settings_now) {
    // Who has lost the link shows nobody typing.
    if (!device.is_connected()) typing.clear();
    for (; looked_at < device.events().size(); ++looked_at) {
      const auto& [name, data] = device.events()[looked_at];
      if (name == "session_ready") {
        typing.clear();
        if (device.has_recovered()) {
          ++recoveries;
        } else {
          settings_base = settings_now;
        }
        continue;
      }
      take(name, data.as_object(), device.user().to_string(), seed);
    }
  }

  /// The ack of `presence_subscribe`.
  void take_states(const boost::json::object& ack) {
    for (const auto& state : ack.at("states").as_array()) {
      presence[std::string(state.at("userId").as_string())] = state.at("state").as_string();
    }
  }

 private:
  void take(const std::string& name, const boost::json::object& data, const std::string& own_id,
            std::uint64_t seed) {
    const auto text = [&data](std::string_view field) {
      return std::string(data.at(field).as_string());
    };
    if (name == "typing_start" || name == "typing_stop") {
      EXPECT_NE(text("userId"), own_id) << "seed " << seed;
      const std::pair who{text("chatId"), text("userId")};
      if (name == "typing_start") {
        typing.insert(who);
      } else {
        typing.erase(who);
      }
    } else if (name == "message_read") {
      EXPECT_NE(text("userId"), own_id) << "seed " << seed;
      auto& told = receipts[{text("chatId"), text("userId"), true}];
      told = std::max(told, data.at("seq").to_number<domain::Seq>());
    } else if (name == "chat_removed") {
      // The chat goes, and with it whoever types there.
      const auto chat = text("chatId");
      std::erase_if(typing, [&chat](const auto& who) { return who.first == chat; });
    } else if (name == "presence_update") {
      presence[text("userId")] = text("state");
    } else if (name == "settings_updated") {
      settings = std::max(settings, data.at("userRev").to_number<domain::UserRev>());
    }
  }
};

}  // namespace knotos::test
