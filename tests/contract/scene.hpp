#pragma once

#include "contract/world.hpp"
#include "domain/chat.hpp"
#include "domain/chat_log.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace knotos::contract {

/// A time of the test's story: so many milliseconds after its beginning.
[[nodiscard]] inline Time at(std::int64_t milliseconds) {
  return Time(std::chrono::milliseconds(1'700'000'000'000 + milliseconds));
}

/// People, chats and messages for a test, written through the ports as the services write them.
/// Ids are random from a fixed seed, so a failure repeats.
class Scene {
 public:
  explicit Scene(World& world) : world_(world) {}

  template <class IdType>
  [[nodiscard]] IdType new_id() {
    std::array<std::uint8_t, 16> bytes{};
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random_());
    return IdType(make_uuid_v4(bytes));
  }
  [[nodiscard]] Sha256 new_hash();
  /// Each later than the one before.
  [[nodiscard]] Time next_time() { return at(++clock_); }

  [[nodiscard]] ports::Credentials credentials(const std::string& username);
  [[nodiscard]] ports::NewDevice device_of(domain::UserId user);

  /// A registered user.
  domain::UserId user(const std::string& username);

  [[nodiscard]] domain::UserChatState state_of(domain::ChatId chat, domain::UserId user);
  [[nodiscard]] ports::NewChat new_direct(domain::UserId one, domain::UserId other);
  [[nodiscard]] ports::NewChat new_group(const std::vector<domain::UserId>& members,
                                         const std::string& title = "A group");
  domain::ChatId create(ports::NewChat chat);
  domain::ChatId direct(domain::UserId one, domain::UserId other) {
    return create(new_direct(one, other));
  }
  domain::ChatId group(const std::vector<domain::UserId>& members) {
    return create(new_group(members));
  }

  [[nodiscard]] ports::LoadedChat load(domain::ChatId chat, std::vector<domain::UserId> users = {});
  [[nodiscard]] domain::UserChatState load_state(domain::ChatId chat, domain::UserId user);
  [[nodiscard]] domain::Message message_at(domain::ChatId chat, domain::Seq seq);
  [[nodiscard]] std::vector<domain::Message> all_messages(domain::ChatId chat);

  /// The entries that would put these texts next into the chat, from one sender.
  [[nodiscard]] std::vector<domain::LogEntry> entries(const ports::LoadedChat& before,
                                                      domain::UserId sender,
                                                      const std::vector<std::string>& keys);
  [[nodiscard]] domain::MessageEntry system_entry(const ports::LoadedChat& before,
                                                  domain::UserId actor, const std::string& event);
  [[nodiscard]] domain::ChangeEntry edit_entry(const ports::LoadedChat& before,
                                               domain::Message message, const std::string& text);
  [[nodiscard]] domain::ChangeEntry erase_entry(const ports::LoadedChat& before,
                                                domain::Message message);

  /// Loads and appends; the content is "text of <key>".
  ports::AppendOutcome send(domain::ChatId chat, domain::UserId sender, const std::string& key);
  ports::AppendOutcome edit(domain::ChatId chat, domain::Seq seq, const std::string& text);
  ports::AppendOutcome erase(domain::ChatId chat, domain::Seq seq);
  ports::AppendOutcome append(domain::ChatId chat, domain::Rev at_rev,
                              std::vector<domain::LogEntry> entries);

  [[nodiscard]] std::mt19937_64& random() { return random_; }

 private:
  World& world_;
  std::mt19937_64 random_{20261124};
  std::int64_t clock_ = 0;
};

/// A suite that runs on every adapter.
class ContractTest : public testing::TestWithParam<Adapter> {
 protected:
  std::unique_ptr<World> world_ = GetParam().make();
  Scene scene_{*world_};
};

}  // namespace knotos::contract

namespace knotos::ports {

inline void PrintTo(AppendStatus status, std::ostream* out) {
  constexpr std::array kNames{"appended", "place_taken", "key_taken", "unknown", "unavailable"};
  *out << kNames.at(static_cast<std::size_t>(status));
}

}  // namespace knotos::ports
