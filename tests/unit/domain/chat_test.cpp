#include "domain/chat.hpp"
#include "domain/chat_log.hpp"
#include "support/seeded_random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace knotos::domain {
namespace {

const Time kNow = std::chrono::sys_days(std::chrono::year{2026} / 11 / 24);

UserId user(std::uint8_t number) {
  Uuid uuid;
  uuid.bytes[0] = number;
  return UserId(uuid);
}

/// A chat, its messages, and its members' states, moved by the functions under test.
struct History {
  Chat chat;
  std::vector<Message> messages;
  std::map<UserId, UserChatState> states;

  void send(UserId sender, MessageType type) {
    Message message;
    Uuid id;
    id.bytes[15] = static_cast<std::uint8_t>(messages.size());
    id.bytes[14] = static_cast<std::uint8_t>(messages.size() >> 8U);
    message.id = MessageId(id);
    message.seq = chat.last_seq + 1;
    message.place = message.rev = chat.last_rev + 1;
    message.sender_id = sender;
    message.type = type;
    message.content = "content";
    const bool counts = type != MessageType::system;
    message.ordinal = chat.last_ordinal + (counts ? 1 : 0);
    if (counts) message.sender_ordinal = states[sender].own_count + 1;
    message.created_at = kNow + std::chrono::seconds(message.seq);
    apply_own_message(states[sender], chat, message);
    apply(chat, MessageEntry{.message = message, .memberships = {}, .patch = {}});
    messages.push_back(message);
  }

  void erase(std::size_t index) {
    auto& message = messages[index];
    message.is_deleted = true;
    message.content.clear();
    message.rev = chat.last_rev + 1;
    apply(chat, ChangeEntry{.kind = ChangeKind::erase,
                            .actor_id = message.sender_id,
                            .after = message,
                            .created_at = kNow});
  }

  /// As `mark_read` does it.
  void read(UserId reader, std::size_t index) {
    auto& state = states[reader];
    const auto& message = messages[index];
    if (message.seq <= state.last_read_seq) return;
    state.last_read_seq = message.seq;
    state.last_read_ordinal = message.ordinal;
    state.own_count_at_read = 0;
    for (const auto& own : messages) {
      if (own.sender_id == reader && own.type != MessageType::system && own.seq <= message.seq) {
        state.own_count_at_read = own.sender_ordinal;
      }
    }
  }

  std::uint64_t unread_by_count(UserId reader) {
    return static_cast<std::uint64_t>(std::ranges::count_if(messages, [&](const Message& message) {
      return message.seq > states[reader].last_read_seq && message.sender_id != reader &&
             message.type != MessageType::system;
    }));
  }
};

TEST(ChatTest, UnreadIsWhatCountingFindsAfterEveryStepOfRandomHistories) {
  const auto base = test::seed_or(1);
  for (auto seed = base; seed < base + 100 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("KNOTOS_TEST_SEED=" + std::to_string(seed));
    test::SeededRandom random(seed);
    History history;
    for (int step = 0; step < 80; ++step) {
      const auto who = user(static_cast<std::uint8_t>(random.below(3)));
      const auto what = random.below(10);
      if (what < 6 || history.messages.empty()) {
        history.send(who, random.one_in(6) ? MessageType::system : MessageType::text);
      } else if (what < 9) {
        history.read(who, random.below(history.messages.size()));
      } else {
        history.erase(random.below(history.messages.size()));
      }
      for (std::uint8_t reader = 0; reader < 3; ++reader) {
        ASSERT_EQ(unread_count(history.chat, history.states[user(reader)]),
                  history.unread_by_count(user(reader)))
            << "reader " << int{reader} << " after step " << step;
      }
    }
  }
}

TEST(ChatTest, UnreadNeverGoesBelowNothing) {
  Chat chat;
  UserChatState state;
  state.last_read_ordinal = 5;
  state.own_count_at_read = 3;
  EXPECT_EQ(unread_count(chat, state), 0U);
}

TEST(ChatTest, SendingWhileCaughtUpMovesTheOwnWatermarkAndElseDoesNot) {
  History history;
  history.send(user(1), MessageType::text);
  EXPECT_EQ(history.states[user(1)].last_read_seq, 1U);
  EXPECT_EQ(history.states[user(1)].last_delivered_seq, 1U);
  history.send(user(2), MessageType::text);
  EXPECT_EQ(history.states[user(2)].last_read_seq, 0U);
  EXPECT_EQ(history.states[user(2)].own_count, 1U);
}

TEST(ChatTest, AnArchivedChatComesBackWithAMessageUnlessItIsMuted) {
  Chat chat;
  chat.last_ordinal = 3;
  UserChatState state;
  EXPECT_FALSE(is_archived_now(chat, state, kNow));
  state.is_archived = true;
  state.archived_ordinal = 3;
  EXPECT_TRUE(is_archived_now(chat, state, kNow));
  chat.last_ordinal = 4;
  EXPECT_FALSE(is_archived_now(chat, state, kNow));
  state.muted_until = kNow + std::chrono::seconds(1);
  EXPECT_TRUE(is_archived_now(chat, state, kNow));
  EXPECT_FALSE(is_archived_now(chat, state, kNow + std::chrono::seconds(1)));
}

TEST(ChatTest, ThePreviewIsCutAtAHundredAndFortyCodePoints) {
  Message message;
  for (int count = 0; count < 141; ++count) message.content += "\xc3\xa9";
  EXPECT_EQ(count_code_points(preview_of(message).content), 140U);
}

TEST(ChatTest, OnlyAChangeOfTheLastMessageChangesThePreview) {
  History history;
  history.send(user(1), MessageType::text);
  history.send(user(1), MessageType::text);
  history.erase(0);
  EXPECT_EQ(history.chat.last_message_preview->content, "content");
  EXPECT_EQ(history.chat.last_rev, 3U);
  EXPECT_EQ(history.chat.last_seq, 2U);
  history.erase(1);
  EXPECT_TRUE(history.chat.last_message_preview->is_deleted);
  EXPECT_EQ(history.chat.last_message_preview->content, "");
  EXPECT_EQ(history.chat.updated_at, kNow + std::chrono::seconds(2)) << "changes do not move it";
}

TEST(ChatTest, ATitleIsNeededAndHasAnEnd) {
  EXPECT_TRUE(check_title("Friends"));
  EXPECT_TRUE(check_title(std::string(128, 'x')));
  EXPECT_FALSE(check_title(std::string(129, 'x')));
  EXPECT_FALSE(check_title(""));
  EXPECT_FALSE(check_title(" \n\t"));
}

TEST(ChatTest, NamesOfTypesAreReadBack) {
  for (const char* name : {"direct", "group", "saved"}) {
    ASSERT_TRUE(parse_chat_type(name)) << name;
    EXPECT_EQ(name_of(*parse_chat_type(name)), name);
  }
  EXPECT_FALSE(parse_chat_type("channel"));
}

TEST(ChatIdTest, ADirectChatHasOneIdWhoeverAsks) {
  EXPECT_EQ(direct_chat_id(user(1), user(2)), direct_chat_id(user(2), user(1)));
  EXPECT_NE(direct_chat_id(user(1), user(2)), direct_chat_id(user(1), user(3)));
  // Stored for ever: this id must not change.
  EXPECT_EQ(direct_chat_id(user(1), user(2)).to_string(), "1e94b752-70bc-5faf-ac78-8c9109f6e05a");
}

TEST(ChatIdTest, AGroupsIdIsItsCreatorsOwn) {
  EXPECT_EQ(group_chat_id(user(1), "g1"), group_chat_id(user(1), "g1"));
  EXPECT_NE(group_chat_id(user(1), "g1"), group_chat_id(user(1), "g2"));
  EXPECT_NE(group_chat_id(user(1), "g1"), group_chat_id(user(2), "g1"));
  EXPECT_EQ(group_chat_id(user(1), "g1").to_string(), "5e3bf162-406f-5907-bedd-1868122999ed");
}

TEST(ChatLogTest, AnEntryIsItsMessageAndItsRev) {
  Message message;
  message.rev = 7;
  const LogEntry sent = MessageEntry{.message = message, .memberships = {}, .patch = {}};
  const LogEntry edited = ChangeEntry{
      .kind = ChangeKind::edit, .actor_id = user(1), .after = message, .created_at = kNow};
  EXPECT_EQ(rev_of(sent), 7U);
  EXPECT_EQ(rev_of(edited), 7U);
  EXPECT_EQ(message_of(sent), message);
  EXPECT_EQ(message_of(edited), message);
}

}  // namespace
}  // namespace knotos::domain
