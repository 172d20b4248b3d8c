#include "domain/user.hpp"

#include <gtest/gtest.h>

namespace knotos::domain {
namespace {

std::string problem_of(const Result<void>& checked) {
  if (checked) return "";
  return checked.error().fields.at(0).pointer + " " + checked.error().fields.at(0).code;
}

TEST(UserTest, AUsernameIsThreeToThirtyTwoOfAFewCharacters) {
  EXPECT_EQ(problem_of(check_username("abc")), "");
  EXPECT_EQ(problem_of(check_username("a_b.c0")), "");
  EXPECT_EQ(problem_of(check_username(std::string(32, 'a'))), "");
  EXPECT_EQ(problem_of(check_username("ab")), "/username too-short");
  EXPECT_EQ(problem_of(check_username(std::string(33, 'a'))), "/username too-long");
  for (const char* name : {"Abc", "a b", "a-b", "abc\n", "\xc3\xa9ve", "a/b"}) {
    EXPECT_EQ(problem_of(check_username(name)), "/username malformed") << name;
  }
}

TEST(UserTest, APasswordHasEightBytesAndAnEnd) {
  EXPECT_EQ(problem_of(check_password("1234567")), "/password too-short");
  EXPECT_EQ(problem_of(check_password("12345678")), "");
  EXPECT_EQ(problem_of(check_password(std::string(1024, 'x'))), "");
  EXPECT_EQ(problem_of(check_password(std::string(1025, 'x'))), "/password too-long");
}

TEST(UserTest, ADisplayNameIsCountedInCodePoints) {
  std::string name;
  for (int count = 0; count < 64; ++count) name += "\xf0\x9f\x98\x80";
  EXPECT_EQ(problem_of(check_display_name(name)), "");
  EXPECT_EQ(problem_of(check_display_name(name + "x")), "/displayName too-long");
  EXPECT_EQ(problem_of(check_display_name(" \t\n", "/name")), "/name too-short");
}

TEST(UserTest, CodePointsAreCountedAndNeverCut) {
  const std::string text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
  EXPECT_EQ(count_code_points(text), 5U);
  EXPECT_EQ(count_code_points(""), 0U);
  EXPECT_EQ(first_code_points(text, 0), "");
  EXPECT_EQ(first_code_points(text, 1), "a");
  EXPECT_EQ(first_code_points(text, 3), "a\xc3\xa9\xe2\x82\xac");
  EXPECT_EQ(first_code_points(text, 4), "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(first_code_points(text, 99), text);
}

}  // namespace
}  // namespace knotos::domain
