#include "domain/message.hpp"

#include <gtest/gtest.h>

namespace knotos::domain {
namespace {

UserId user(std::uint8_t number) {
  Uuid uuid;
  uuid.bytes[0] = number;
  return UserId(uuid);
}

Draft draft_of(std::string content) {
  Draft draft;
  draft.content = std::move(content);
  return draft;
}

std::vector<std::string> problems_of(const Result<void>& checked) {
  std::vector<std::string> problems;
  if (checked) return problems;
  for (const auto& field : checked.error().fields) {
    problems.push_back(field.pointer + " " + field.code);
  }
  return problems;
}

TEST(MessageTest, NamesOfTypesAndRolesAreReadBack) {
  for (const char* name :
       {"text", "image", "video", "file", "voice", "system", "call", "encrypted"}) {
    const auto type = parse_message_type(name);
    ASSERT_TRUE(type) << name;
    EXPECT_EQ(name_of(*type), name);
  }
  for (const char* name : {"owner", "admin", "member"}) {
    const auto role = parse_role(name);
    ASSERT_TRUE(role) << name;
    EXPECT_EQ(name_of(*role), name);
  }
  EXPECT_FALSE(parse_message_type("Text"));
  EXPECT_FALSE(parse_role(""));
}

TEST(MessageTest, ContentHasTwoLimits) {
  const ContentLimits limits{.code_points_max = 4, .bytes_max = 10};
  EXPECT_TRUE(check_content("abcd", limits));
  EXPECT_TRUE(check_content("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", limits));
  EXPECT_EQ(problems_of(check_content("abcde", limits)),
            (std::vector<std::string>{"/content too-long"}));
  EXPECT_EQ(problems_of(check_content("\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80", limits)),
            (std::vector<std::string>{"/content too-long"}));
  EXPECT_EQ(problems_of(check_content("", limits)),
            (std::vector<std::string>{"/content required"}));
}

TEST(MessageTest, AllThatIsWrongWithADraftIsToldAtOnce) {
  auto draft = draft_of("");
  draft.client_message_id = "with space";
  draft.type = MessageType::call;
  draft.mentions.resize(kMentionsMax + 1);
  EXPECT_EQ(problems_of(check_draft(draft, {})),
            (std::vector<std::string>{"/content required", "/clientMessageId malformed",
                                      "/type not-allowed", "/mentions too-long"}));
  EXPECT_TRUE(check_draft(draft_of("hello"), {}));
}

TEST(MessageTest, AClientMessageIdIsOneToSixtyFourOfUrlSafeCharacters) {
  EXPECT_TRUE(is_client_message_id("a"));
  EXPECT_TRUE(is_client_message_id("AZaz09_-"));
  EXPECT_TRUE(is_client_message_id(std::string(64, 'x')));
  EXPECT_FALSE(is_client_message_id(std::string(65, 'x')));
  for (const char* text : {"", " ", "~a", "a.b", "a\n", "\xc3\xa9"}) {
    EXPECT_FALSE(is_client_message_id(text)) << text;
  }
}

TEST(MessageTest, TheHashOfARequestTellsEachPartApart) {
  const auto same = draft_of("hello");
  auto with_id = same;
  with_id.client_message_id = "k1";
  EXPECT_EQ(same.hash(), with_id.hash()) << "the id is not part of the request";

  auto other_type = same;
  other_type.type = MessageType::file;
  auto reply = same;
  reply.reply_to = MessageId();
  auto mention = same;
  mention.mentions = {user(1)};
  auto mentions = same;
  mentions.mentions = {user(1), user(2)};
  auto turned = same;
  turned.mentions = {user(2), user(1)};
  const std::vector<Draft> drafts{same,    draft_of("hello "), other_type, reply,
                                  mention, mentions,           turned};
  for (std::size_t one = 0; one < drafts.size(); ++one) {
    for (std::size_t other = one + 1; other < drafts.size(); ++other) {
      EXPECT_NE(drafts[one].hash(), drafts[other].hash()) << one << " and " << other;
    }
  }
}

}  // namespace
}  // namespace knotos::domain
