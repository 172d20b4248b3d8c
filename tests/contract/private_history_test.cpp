#include "contract/private_story.hpp"
#include "contract/scene.hpp"
#include "services/sync_service.hpp"
#include "support/fake_clock.hpp"
#include "support/seeded_random.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

// Random histories of what is private to users. After every step every number is recomputed by
// brute force, from the messages alone; and a device that syncs ends where one that begins afresh
// ends.
namespace knotos::contract {
namespace {

/// What a device shows of a chat.
struct Shown {
  domain::Rev rev = 0;
  Seq last_seq = 0;
  Seq last_read = 0;
  std::uint64_t unread = 0;
  std::optional<domain::UserChatState> state;
  std::map<Seq, domain::Message> messages;
};

struct Device {
  std::optional<services::SyncCursor> cursor;
  std::map<ChatId, Shown> chats;
  std::map<std::pair<ChatId, UserId>, std::pair<Seq, Seq>> receipts;
};

class PrivateHistory : public ContractTest {
 protected:
  static constexpr std::array kActions{"send",    "send", "send", "read",  "read",     "deliver",
                                       "archive", "mute", "mark", "clear", "off list", "hide",
                                       "leave",   "join", "edit", "erase", "draft",    "pin"};

  void begin() {
    for (const auto* name : {"ann", "bob", "cat", "dan"}) users_.push_back(scene_.user(name));
    make_room(scene_.direct(users_[0], users_[1]), {users_[0], users_[1]}, false);
    make_room(scene_.group(users_), users_, true);
    make_room(scene_.group({users_[1], users_[2], users_[3]}), {users_[1], users_[2], users_[3]},
              true);
    for (const auto& user : users_) devices_[user];
  }

  void make_room(ChatId id, const std::vector<UserId>& people, bool is_group) {
    Room room{.id = id, .is_group = is_group, .messages = {}, .people = {}};
    if (is_group) room.messages.push_back({scene_.message_at(id, 1).id, people[0], false});
    for (const auto& user : people) room.people[user].is_member = true;
    rooms_.push_back(std::move(room));
  }

  /// One thing happens: what, in words.
  std::string step() {
    auto& room = rooms_[random_.below(rooms_.size())];
    const std::string_view action = kActions[random_.below(kActions.size())];
    const auto at = std::next(room.people.begin(),
                              static_cast<std::ptrdiff_t>(random_.below(room.people.size())));
    const auto user = at->first;
    auto& stand = at->second;
    if (action == "join" && room.is_group && !stand.is_member) move(room, user, true);
    if (!stand.is_member) return "nobody's " + std::string(action);
    act(room, user, stand, action);
    return std::string(action);
  }

  void act(Room& room, UserId user, Stand& stand, std::string_view action) {
    if (action == "send") return send(room, user, stand);
    if (action == "read") return mark(room, user, stand, ports::MarkKind::read);
    if (action == "deliver") return mark(room, user, stand, ports::MarkKind::delivered);
    if (action == "leave" && room.is_group && stands(room) > 1) return move(room, user, false);
    if (action == "edit" || action == "erase") return change(room, action == "edit");
    if (action == "hide") return hide(room, user);
    if (action == "clear") {
      must(states().clear(user, room.id, now_));
      stand.read = stand.delivered = room.messages.size();
      stand.is_marked = false;
      return;
    }
    if (action == "off list") {
      must(states().take_off_list(user, room.id, now_));
      if (is_off_list(room, stand)) return;
      stand.is_off_list = true;
      stand.off_list_at = room.messages.size();
      return;
    }
    patch(room, user, stand, action);
  }

  void patch(Room& room, UserId user, Stand& stand, std::string_view action) {
    domain::StatePatch patch;
    if (!is_archived(room, stand)) stand.is_archived = false;
    if (action == "archive") {
      patch.is_archived = !stand.is_archived;
      stand.is_archived = !stand.is_archived;
      stand.archived_at = room.messages.size();
    } else if (action == "mute") {
      stand.is_muted = !stand.is_muted;
      patch.muted_until =
          stand.is_muted ? std::optional(now_ + std::chrono::hours(1)) : std::optional<Time>();
    } else if (action == "mark") {
      stand.is_marked = !stand.is_marked;
      patch.marked_unread = stand.is_marked;
    } else if (action == "draft") {
      patch.draft = "draft " + std::to_string(random_.below(3));
    } else if (action == "pin") {
      patch.is_pinned = random_.one_in(2);
    } else {
      return;
    }
    must(states().update(user, room.id, std::move(patch), now_));
  }

  void send(Room& room, UserId user, Stand& stand) {
    const bool was_caught_up = unread_of(room, user, stand) == 0;
    const auto key = "k" + std::to_string(++keys_);
    ASSERT_EQ(scene_.send(room.id, user, key).status, ports::AppendStatus::appended);
    room.messages.push_back({scene_.message_at(room.id, room.messages.size() + 1).id, user, true});
    if (!was_caught_up) return;
    stand.read = room.messages.size();
    stand.delivered = std::max(stand.delivered, stand.read);
  }

  void mark(Room& room, UserId user, Stand& stand, ports::MarkKind kind) {
    const auto seq = static_cast<Seq>(random_.below(room.messages.size() + 1));
    must(states().mark({.user = user, .chat = room.id, .kind = kind, .seq = seq, .now = now_}));
    stand.delivered = std::max(stand.delivered, seq);
    if (kind == ports::MarkKind::delivered) return;
    stand.read = std::max(stand.read, seq);
    stand.is_marked = false;
  }

  void move(Room& room, UserId user, bool is_join) {
    const auto before = scene_.load(room.id, {user});
    auto entry = scene_.system_entry(before, user, is_join ? "member_joined" : "member_left");
    entry.memberships = {{.user_id = user,
                          .is_member = is_join,
                          .role = domain::Role::member,
                          .is_join = is_join,
                          .visible_from_seq = random_.one_in(2) ? 1 : before.chat.last_seq + 1}};
    ASSERT_EQ(scene_.append(room.id, before.chat.last_rev, {entry}).status,
              ports::AppendStatus::appended);
    room.messages.push_back({entry.message.id, user, false});
    auto& stand = room.people[user];
    stand.is_member = is_join;
    if (!is_join) return;
    stand.read = stand.delivered = room.messages.size();
    stand.is_marked = stand.is_archived = stand.is_off_list = false;
  }

  void change(Room& room, bool is_edit) {
    const auto seq = random_.below(room.messages.size() + 1);
    if (seq == 0 || !room.messages[seq - 1].counts) return;
    const auto outcome = is_edit ? scene_.edit(room.id, seq, "edited " + std::to_string(++keys_))
                                 : scene_.erase(room.id, seq);
    ASSERT_EQ(outcome.status, ports::AppendStatus::appended);
  }

  void hide(Room& room, UserId user) {
    if (room.messages.empty()) return;
    must(states().hide(user, room.id, room.messages[random_.below(room.messages.size())].id, now_));
  }

  // Brute force.

  void compare_numbers(UserId user) {
    std::set<ChatId> all;
    std::set<ChatId> archived;
    std::set<ChatId> unread;
    std::map<ChatId, std::uint64_t> counts;
    for (const auto& room : rooms_) {
      const auto found = room.people.find(user);
      if (found == room.people.end() || !found->second.is_member) continue;
      const auto& stand = found->second;
      const auto count = unread_of(room, user, stand);
      const auto state = must(states().state(user, room.id));
      ASSERT_EQ(domain::unread_count(state.chat, state.state), count);
      ASSERT_EQ(state.state.last_read_seq, stand.read);
      ASSERT_EQ(state.state.last_delivered_seq, stand.delivered);
      ASSERT_EQ(state.state.marked_unread, stand.is_marked);
      if (is_off_list(room, stand)) continue;
      const bool has_unread = count > 0 || stand.is_marked;
      if (has_unread) counts[room.id] = count;
      (is_archived(room, stand) ? archived : all).insert(room.id);
      if (has_unread && !is_archived(room, stand)) unread.insert(room.id);
    }
    ASSERT_EQ(listed(user, ports::ChatFilter::all), all);
    ASSERT_EQ(listed(user, ports::ChatFilter::archived), archived);
    ASSERT_EQ(listed(user, ports::ChatFilter::unread), unread);
    std::map<ChatId, std::uint64_t> told;
    for (const auto& each : must(states().unread(user, now_)))
      told[each.chat_id] = each.unread_count;
    ASSERT_EQ(told, counts);
  }

  std::set<ChatId> listed(UserId user, ports::ChatFilter filter) {
    std::set<ChatId> ids;
    const auto page =
        must(world_->chats().list({.user = user, .filter = filter, .after = {}, .now = now_}));
    for (const auto& item : page.items) ids.insert(item.chat.id);
    return ids;
  }

  // A device that syncs.

  void sync(UserId user) {
    auto& device = devices_[user];
    for (bool has_more = true; has_more;) {
      auto answer = must(syncs_.sync(user, device.cursor));
      for (const auto& change : answer.changes) apply(device, change);
      for (const auto& standing : answer.chats) {
        auto& shown = device.chats[standing.chat_id];
        shown.last_seq = standing.last_seq;
        shown.last_read = standing.last_read_seq;
        shown.unread = standing.unread_count;
        fetch(user, standing.chat_id, shown);
      }
      for (const auto& receipt : answer.receipts) {
        device.receipts[{receipt.chat_id, receipt.user_id}] = {receipt.last_delivered_seq,
                                                               receipt.last_read_seq};
      }
      has_more = answer.has_more;
      device.cursor = std::move(answer.cursor);
    }
  }

  static void apply(Device& device, const services::PrivateChange& change) {
    if (const auto* went = std::get_if<services::ChatWent>(&change)) {
      device.chats.erase(went->chat_id);
    } else if (const auto* came = std::get_if<services::ChatCame>(&change)) {
      // Loaded afresh: what was seen in an earlier membership may not be for them any more.
      device.chats[came->item.chat.id] = Shown{};
      device.chats[came->item.chat.id].state = came->item.state;
    } else if (const auto* moved = std::get_if<services::StateMoved>(&change)) {
      device.chats[moved->chat.id].state = moved->state;
      std::erase_if(device.chats[moved->chat.id].messages, [&](const auto& each) {
        return each.first < domain::first_visible_seq(moved->state);
      });
    } else if (const auto* hid = std::get_if<services::MessageHid>(&change)) {
      std::erase_if(device.chats[hid->chat_id].messages,
                    [&](const auto& each) { return each.second.id == hid->message_id; });
    }
  }

  /// `changes`, as the service answers them.
  void fetch(UserId user, ChatId chat, Shown& shown) {
    const auto visibility = must(states().visibility(user, chat));
    for (bool has_more = true; has_more;) {
      auto changes = must(world_->messages().changes(chat, shown.rev, 7));
      for (auto& each : changes.messages) {
        auto message = domain::as_seen(std::move(each), visibility);
        shown.rev = message.rev;
        if (message.is_stub) {
          shown.messages.erase(message.seq);
        } else {
          shown.messages[message.seq] = std::move(message);
        }
      }
      has_more = changes.has_more;
      if (!has_more) shown.rev = changes.last_rev;
    }
  }

  void compare_device(UserId user, bool with_messages) {
    const auto& device = devices_[user];
    std::set<ChatId> there;
    for (const auto& fresh : must(world_->syncs().all_chats(user))) {
      if (!fresh.state.is_member) continue;
      const auto chat = fresh.chat.id;
      there.insert(chat);
      ASSERT_TRUE(device.chats.contains(chat));
      const auto& shown = device.chats.at(chat);
      ASSERT_EQ(shown.rev, fresh.chat.last_rev);
      ASSERT_EQ(shown.last_seq, fresh.chat.last_seq);
      ASSERT_EQ(shown.last_read, fresh.state.last_read_seq);
      ASSERT_EQ(shown.unread, domain::unread_count(fresh.chat, fresh.state));
      if (shown.state) {
        // What rises with the own messages comes with the standing, not with the state.
        ASSERT_EQ(shown.state->draft, fresh.state.draft);
        ASSERT_EQ(shown.state->is_pinned, fresh.state.is_pinned);
        ASSERT_EQ(shown.state->muted_until, fresh.state.muted_until);
        ASSERT_EQ(shown.state->marked_unread, fresh.state.marked_unread);
        ASSERT_EQ(shown.state->cleared_seq, fresh.state.cleared_seq);
        ASSERT_EQ(shown.state->is_archived, fresh.state.is_archived);
        ASSERT_EQ(shown.state->archived_ordinal, fresh.state.archived_ordinal);
      }
      compare_receipts(user, chat, device);
      if (with_messages) compare_messages(user, chat, shown);
    }
    for (const auto& [chat, shown] : device.chats) ASSERT_TRUE(there.contains(chat));
  }

  void compare_receipts(UserId user, ChatId chat, const Device& device) {
    for (const auto& member : must(world_->states().members(chat, {}, 100)).members) {
      if (member.user.id == user) continue;
      const auto found = device.receipts.find({chat, member.user.id});
      const auto told = found == device.receipts.end() ? std::pair<Seq, Seq>(0, 0) : found->second;
      const std::pair is(member.state.last_delivered_seq, member.state.last_read_seq);
      ASSERT_EQ(told, is);
    }
  }

  void compare_messages(UserId user, ChatId chat, const Shown& shown) {
    const auto visibility = must(states().visibility(user, chat));
    const auto page = must(world_->messages().history(chat, {.from = ports::HistoryFrom::newest,
                                                             .seq = 0,
                                                             .limit = 1'000'000,
                                                             .first_seq = visibility.first_seq,
                                                             .hidden = visibility.hidden}));
    ASSERT_EQ(page.messages.size(), shown.messages.size());
    auto at = shown.messages.begin();
    for (const auto& message : page.messages) {
      ASSERT_EQ(at->first, message.seq);
      ASSERT_EQ(at->second.rev, message.rev);
      ASSERT_EQ(at->second.content, message.content);
      ++at;
    }
  }

  void play(std::size_t steps, std::size_t messages_every) {
    begin();
    if (HasFatalFailure()) return;
    for (const auto& user : users_) sync(user);
    for (std::size_t number = 0; number < steps; ++number) {
      const auto what = step();
      const auto place = "step " + std::to_string(number) + ", " + what;
      const bool with_messages = number % messages_every == 0;
      for (const auto& user : users_) {
        compare_numbers(user);
        if (HasFatalFailure()) FAIL() << place << ", numbers";
        // Some devices are away for a while.
        if (!random_.one_in(2)) continue;
        sync(user);
        compare_device(user, with_messages);
        if (HasFatalFailure()) FAIL() << place << ", sync";
      }
    }
  }

  ports::ChatStateStore& states() { return world_->states(); }
  template <class T>
  T must(Task<Result<T>> task) {
    auto result = world_->run(std::move(task));
    EXPECT_TRUE(result);
    if (!result) throw std::runtime_error(std::string(describe(result.error().code).code));
    return std::move(*result);
  }

  std::uint64_t seed_ = test::seed_or(20261126);
  test::SeededRandom random_{seed_};
  test::FakeClock clock_;
  Time now_ = clock_.now();
  services::SyncService syncs_{{.syncs = world_->syncs(),
                                .chats = world_->chats(),
                                .people = world_->people(),
                                .clock = clock_},
                               // Small pages, and nothing read back: it must be exact.
                               {.chats_max = 2, .receipts_max = 3, .margin = {}}};
  std::vector<UserId> users_;
  std::vector<Room> rooms_;
  std::map<UserId, Device> devices_;
  std::size_t keys_ = 0;
};

TEST_P(PrivateHistory, EveryNumberIsAsCountedAndADeviceThatSyncsIsWhereAFreshOneIs) {
  SCOPED_TRACE("KNOTOS_TEST_SEED=" + std::to_string(seed_));
  std::cout << "seed " << seed_ << "\n";
  const bool is_fast = GetParam().name == "Memory";
  play(is_fast ? 10'000 : 120, is_fast ? 100 : 20);
}

INSTANTIATE_TEST_SUITE_P(Adapters, PrivateHistory, testing::ValuesIn(all_adapters()),
                         name_of_adapter);

}  // namespace
}  // namespace knotos::contract
