#include "json/requests.hpp"

#include <gtest/gtest.h>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <functional>

namespace knotos::json {
namespace {

namespace bj = boost::json;

constexpr std::string_view kId = "0190163d-8694-739b-aea5-966c26f8ad91";
constexpr domain::ContentLimits kContent{};
constexpr std::size_t kMembersMax = 3;

using Decode = std::function<Error(const Object&)>;

/// The error of a decoder; code `internal` (which none of them answers) for a success.
template <class T>
Error outcome(const Result<T>& result) {
  return result ? Error{} : result.error();
}

/// What one field does not fit by, and what the answer must say.
struct Misfit {
  std::string_view field;
  std::string_view value;     ///< JSON; empty: absent.
  std::string_view expected;  ///< "pointer code".
};

struct DecoderCase {
  std::string_view name;
  Decode decode;
  std::string_view good;
  std::vector<Misfit> misfits;
};

std::string repeated(std::string_view item, std::size_t count) {
  std::string array = "[";
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) array += ',';
    array += item;
  }
  return array + "]";
}

std::string quoted(std::size_t size) { return "\"" + std::string(size, 'x') + "\""; }

const std::string kLong4097 = quoted(4097);
const std::string kLong1025 = quoted(1025);
const std::string kLong129 = quoted(129);
const std::string kLong65 = quoted(65);
const std::string kLong33 = quoted(33);
const std::string kWide = [] {
  std::string text = "\"";
  for (int i = 0; i < 4096; ++i) text += "\xf0\x9f\x91\x8b";
  return text + "x\"";
}();
const std::string kMentions51 = repeated("\"" + std::string(kId) + "\"", 51);
const std::string kMembers4 = repeated("\"" + std::string(kId) + "\"", kMembersMax + 1);

std::vector<Misfit> id_misfits(std::string_view field, std::string_view required,
                               std::string_view wrong, std::string_view malformed) {
  return {{field, "", required},
          {field, "null", required},
          {field, "7", wrong},
          {field, "[]", wrong},
          {field, "\"\"", malformed},
          {field, "\"x\"", malformed},
          {field, "\"0190163d\"", malformed}};
}

std::vector<Misfit> content_misfits() {
  return {{"content", "", "/content required"},     {"content", "null", "/content required"},
          {"content", "\"\"", "/content required"}, {"content", "5", "/content wrong-type"},
          {"content", "{}", "/content wrong-type"}, {"content", kLong4097, "/content too-long"},
          {"content", kWide, "/content too-long"}};
}

std::vector<Misfit> draft_misfits() {
  auto misfits = content_misfits();
  misfits.insert(misfits.end(), {{"type", "5", "/type wrong-type"},
                                 {"type", "\"\"", "/type not-allowed"},
                                 {"type", "\"poem\"", "/type not-allowed"},
                                 {"type", "\"system\"", "/type not-allowed"},
                                 {"type", "\"call\"", "/type not-allowed"},
                                 {"clientMessageId", "5", "/clientMessageId wrong-type"},
                                 {"clientMessageId", "\"a b\"", "/clientMessageId malformed"},
                                 {"clientMessageId", "\"\"", "/clientMessageId malformed"},
                                 {"clientMessageId", kLong65, "/clientMessageId malformed"},
                                 {"replyToMessageId", "5", "/replyToMessageId wrong-type"},
                                 {"replyToMessageId", "\"x\"", "/replyToMessageId malformed"},
                                 {"attachments", "[{}]", "/attachments not-allowed"},
                                 {"attachments", "\"x\"", "/attachments wrong-type"},
                                 {"mentions", "\"x\"", "/mentions wrong-type"},
                                 {"mentions", "[\"x\"]", "/mentions/0 malformed"},
                                 {"mentions", "[null]", "/mentions/0 wrong-type"},
                                 {"mentions", kMentions51, "/mentions too-long"}});
  return misfits;
}

std::vector<Misfit> edit_misfits() {
  auto misfits = content_misfits();
  misfits.insert(misfits.end(), {{"baseVersion", "\"1\"", "/baseVersion wrong-type"},
                                 {"baseVersion", "-1", "/baseVersion out-of-range"},
                                 {"baseVersion", "1.5", "/baseVersion out-of-range"},
                                 {"baseVersion", "4294967296", "/baseVersion out-of-range"}});
  return misfits;
}

std::vector<Misfit> joined(std::vector<std::vector<Misfit>> lists) {
  std::vector<Misfit> all;
  for (auto& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

std::vector<Misfit> chat_id_misfits() {
  return id_misfits("chatId", "/chatId required", "/chatId wrong-type", "/chatId malformed");
}

std::vector<Misfit> message_id_misfits() {
  return id_misfits("messageId", "/messageId required", "/messageId wrong-type",
                    "/messageId malformed");
}

std::vector<DecoderCase> message_decoders() {
  return {
      {"draft", [](const Object& o) { return outcome(draft(o, kContent)); }, R"({"content":"x"})",
       draft_misfits()},
      {"send_request", [](const Object& o) { return outcome(send_request(o, kContent)); },
       R"({"chatId":"0190163d-8694-739b-aea5-966c26f8ad91","content":"x","type":"text",
           "clientMessageId":"k_-9","replyToMessageId":"0190163d-8694-739b-aea5-966c26f8ad91",
           "attachments":[],"mentions":["0190163d-8694-739b-aea5-966c26f8ad91"]})",
       joined({chat_id_misfits(), draft_misfits()})},
      {"edit_body", [](const Object& o) { return outcome(edit_body(o, kContent)); },
       R"({"content":"x","baseVersion":0})", edit_misfits()},
      {"edit_request", [](const Object& o) { return outcome(edit_request(o, kContent)); },
       R"({"chatId":"0190163d-8694-739b-aea5-966c26f8ad91",
           "messageId":"0190163d-8694-739b-aea5-966c26f8ad91","content":"x"})",
       joined({chat_id_misfits(), message_id_misfits(), edit_misfits()})},
      {"erase_request", [](const Object& o) { return outcome(erase_request(o)); },
       R"({"chatId":"0190163d-8694-739b-aea5-966c26f8ad91",
           "messageId":"0190163d-8694-739b-aea5-966c26f8ad91","scope":"everyone"})",
       joined({chat_id_misfits(),
               message_id_misfits(),
               {{"scope", "\"all\"", "/scope not-allowed"}, {"scope", "1", "/scope wrong-type"}}})},
      {"changes_request", [](const Object& o) { return outcome(changes_request(o)); },
       R"({"chatId":"0190163d-8694-739b-aea5-966c26f8ad91","sinceRev":0,"limit":100})",
       joined({chat_id_misfits(),
               {{"sinceRev", "", "/sinceRev required"},
                {"sinceRev", "\"1\"", "/sinceRev wrong-type"},
                {"sinceRev", "-1", "/sinceRev out-of-range"},
                {"sinceRev", "9007199254740992", "/sinceRev out-of-range"},
                {"limit", "0", "/limit out-of-range"},
                {"limit", "101", "/limit out-of-range"},
                {"limit", "-5", "/limit out-of-range"},
                {"limit", "\"5\"", "/limit wrong-type"}}})},
  };
}

std::vector<DecoderCase> account_decoders() {
  const std::vector<Misfit> token{{"token", "", "/token required"},
                                  {"token", "1", "/token wrong-type"},
                                  {"token", kLong4097, "/token too-long"}};
  return {
      {"connect_request",
       [](const Object& o) { return outcome(connect_request(o)); },
       R"({"token":"t","deviceId":"0190163d-8694-739b-aea5-966c26f8ad91","cursor":"c"})",
       {{"token", "1", "/token wrong-type"},
        {"token", kLong4097, "/token too-long"},
        {"deviceId", "1", "/deviceId wrong-type"},
        {"deviceId", kLong4097, "/deviceId too-long"}}},
      {"token_request", [](const Object& o) { return outcome(token_request(o)); },
       R"({"token":"t"})", token},
      {"refresh_request",
       [](const Object& o) { return outcome(refresh_request(o)); },
       R"({"refreshToken":"t"})",
       {{"refreshToken", "", "/refreshToken required"},
        {"refreshToken", "[]", "/refreshToken wrong-type"},
        {"refreshToken", kLong4097, "/refreshToken too-long"}}},
      {"registration",
       [](const Object& o) { return outcome(registration(o)); },
       R"({"username":"ann","password":"password","displayName":"Ann"})",
       {{"username", "", "/username required"},
        {"username", "1", "/username wrong-type"},
        {"username", "\"an\"", "/username too-short"},
        {"username", "\"Ann\"", "/username malformed"},
        {"username", kLong33, "/username too-long"},
        {"password", "", "/password required"},
        {"password", "1", "/password wrong-type"},
        {"password", "\"short\"", "/password too-short"},
        {"password", kLong1025, "/password too-long"},
        {"displayName", "1", "/displayName wrong-type"},
        {"displayName", "\" \"", "/displayName too-short"},
        {"displayName", kLong65, "/displayName too-long"}}},
      {"login",
       [](const Object& o) { return outcome(login(o)); },
       R"({"username":"ann","password":"p"})",
       {{"username", "", "/username required"},
        {"username", "{}", "/username wrong-type"},
        {"username", kLong1025, "/username too-long"},
        {"password", "", "/password required"},
        {"password", "false", "/password wrong-type"},
        {"password", kLong1025, "/password too-long"}}},
      {"new_chat (direct)", [](const Object& o) { return outcome(new_chat(o, kMembersMax)); },
       R"({"type":"direct","userId":"0190163d-8694-739b-aea5-966c26f8ad91"})",
       joined(
           {{{"type", "", "/type required"},
             {"type", "1", "/type wrong-type"},
             {"type", "\"saved\"", "/type not-allowed"},
             {"type", "\"x\"", "/type not-allowed"}},
            id_misfits("userId", "/userId required", "/userId wrong-type", "/userId malformed")})},
      {"new_chat (group)",
       [](const Object& o) { return outcome(new_chat(o, kMembersMax)); },
       R"({"type":"group","title":"T","memberIds":[],"clientChatId":"k"})",
       {{"title", "", "/title required"},
        {"title", "\" \"", "/title required"},
        {"title", "1", "/title wrong-type"},
        {"title", kLong129, "/title too-long"},
        {"memberIds", "", "/memberIds required"},
        {"memberIds", "\"x\"", "/memberIds wrong-type"},
        {"memberIds", "[\"x\"]", "/memberIds/0 malformed"},
        {"memberIds", kMembers4, "/memberIds too-long"},
        {"clientChatId", "1", "/clientChatId wrong-type"},
        {"clientChatId", "\"a b\"", "/clientChatId malformed"}}},
  };
}

std::vector<DecoderCase> all_decoders() {
  auto decoders = message_decoders();
  for (auto& decoder : account_decoders()) decoders.push_back(std::move(decoder));
  return decoders;
}

void expect_exactly(const DecoderCase& decoder, const Misfit& misfit) {
  auto fields = bj::parse(decoder.good).as_object();
  fields.erase(misfit.field);
  if (!misfit.value.empty()) fields[misfit.field] = bj::parse(misfit.value);
  const auto text = bj::serialize(fields);
  const auto object = parse_object(text);
  ASSERT_TRUE(object) << text;
  const auto error = decoder.decode(*object);
  SCOPED_TRACE(std::string(misfit.field) + " = " + std::string(misfit.value.substr(0, 40)));
  EXPECT_EQ(error.code, Errc::validation_failed);
  ASSERT_EQ(error.fields.size(), 1U);
  EXPECT_EQ(error.fields[0].pointer + " " + error.fields[0].code, misfit.expected);
  EXPECT_FALSE(error.fields[0].detail.empty());
}

TEST(RequestsTest, EachFieldThatDoesNotFitIsNamedAlone) {
  for (const auto& decoder : all_decoders()) {
    SCOPED_TRACE(decoder.name);
    const auto good = parse_object(decoder.good);
    ASSERT_TRUE(good);
    ASSERT_EQ(decoder.decode(*good).code, Errc::internal) << "the good one is refused";
    for (const auto& misfit : decoder.misfits) expect_exactly(decoder, misfit);
  }
}

TEST(RequestsTest, UnknownFieldsAreIgnored) {
  for (const auto& decoder : all_decoders()) {
    auto fields = bj::parse(decoder.good).as_object();
    fields["xUnknown"] = bj::parse(R"({"a":[1,{"b":null}]})");
    const auto object = parse_object(bj::serialize(fields));
    EXPECT_EQ(decoder.decode(*object).code, Errc::internal) << decoder.name;
  }
}

TEST(RequestsTest, EverythingWrongAtOnceIsNamedAtOnce) {
  const auto object = parse_object(
      R"({"chatId":1,"content":"","type":"call","clientMessageId":"!","attachments":[1]})");
  const auto request = send_request(*object, kContent);
  ASSERT_FALSE(request);
  std::vector<std::string> pointers;
  for (const auto& field : request.error().fields) pointers.push_back(field.pointer);
  std::ranges::sort(pointers);
  EXPECT_EQ(pointers, (std::vector<std::string>{"/attachments", "/chatId", "/clientMessageId",
                                                "/content", "/type"}));
}

TEST(RequestsTest, ASendIsReadInFull) {
  const auto object = parse_object(
      R"({"chatId":"0190163d-8694-739b-aea5-966c26f8ad91","content":"hé","clientMessageId":"k",
          "type":"encrypted","replyToMessageId":"0190163D-8694-739B-AEA5-966C26F8AD91",
          "mentions":["0190163d-8694-739b-aea5-966c26f8ad91"]})");
  const auto request = send_request(*object, kContent);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->chat_id.to_string(), kId);
  EXPECT_EQ(request->draft.content, "hé");
  EXPECT_EQ(request->draft.client_message_id, "k");
  EXPECT_EQ(request->draft.type, domain::MessageType::encrypted);
  EXPECT_EQ(request->draft.reply_to->to_string(), kId);
  EXPECT_EQ(request->draft.mentions.size(), 1U);
}

TEST(RequestsTest, AbsentAndNullMakeTheSameRequest) {
  const auto absent = draft(*parse_object(R"({"content":"x"})"), kContent);
  const auto null = draft(
      *parse_object(R"({"content":"x","type":null,"clientMessageId":null,"replyToMessageId":null,
                        "attachments":null,"voice":null,"mentions":null})"),
      kContent);
  const auto empty = draft(
      *parse_object(R"({"content":"x","type":"text","attachments":[],"mentions":[]})"), kContent);
  ASSERT_TRUE(absent && null && empty);
  EXPECT_EQ(absent->hash(), null->hash());
  EXPECT_EQ(absent->hash(), empty->hash());
}

TEST(RequestsTest, AVoiceNoteIsDroppedNotRefused) {
  for (const std::string_view voice :
       {R"({"mediaId":"m","durationMs":1,"waveform":"AA=="})", "5", "\"x\"", "[]", "{}"}) {
    const auto object =
        parse_object(R"({"content":"x","type":"voice","voice":)" + std::string(voice) + "}");
    EXPECT_TRUE(draft(*object, kContent)) << voice;
  }
}

TEST(RequestsTest, ContentAtTheLimitIsTaken) {
  const auto at_limit = parse_object("{\"content\":" + quoted(4096) + "}");
  EXPECT_TRUE(draft(*at_limit, kContent));
  std::string wide;
  for (int i = 0; i < 4096; ++i) wide += "\xf0\x9f\x91\x8b";
  EXPECT_EQ(wide.size(), kContent.bytes_max);
  EXPECT_TRUE(draft(*parse_object("{\"content\":\"" + wide + "\"}"), kContent));
}

TEST(RequestsTest, ConnectWithoutATokenReadsAsAnEmptyOne) {
  const auto request = connect_request(*parse_object("{}"));
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->token.empty());
  EXPECT_FALSE(request->device_id);
}

TEST(RequestsTest, DefaultsOfChanges) {
  const auto request = changes_request(
      *parse_object(R"({"chatId":"0190163d-8694-739b-aea5-966c26f8ad91","sinceRev":7})"));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->since, 7U);
  EXPECT_EQ(request->limit, kPageDefault);
}

}  // namespace
}  // namespace knotos::json
