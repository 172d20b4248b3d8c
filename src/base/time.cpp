#include "base/time.hpp"

#include <charconv>
#include <cstdint>

namespace knotos {
namespace {

/// Reads exactly `digits` decimal digits at the front of `text` and the separator after them.
std::optional<int> take_number(std::string_view& text, std::size_t digits, char separator) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + digits, value);
  if (ec != std::errc{} || end != text.data() + digits || text.front() == '-') return std::nullopt;
  text.remove_prefix(digits);
  if (separator == '\0') return value;
  if (text.empty() || text.front() != separator) return std::nullopt;
  text.remove_prefix(1);
  return value;
}

/// The last `digits` decimal digits of a number that is not negative.
void put_number(std::string& text, std::size_t at, std::size_t digits, std::int64_t number) {
  for (auto place = at + digits; place-- > at; number /= 10)
    text[place] = static_cast<char>('0' + number % 10);
}

}  // namespace

// Digit by digit: it stands in every message and every ack, and printf was a tenth of their cost.
std::string format_time(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::string text = "0000-00-00T00:00:00.000Z";
  put_number(text, 0, 4, static_cast<int>(date.year()));
  put_number(text, 5, 2, static_cast<unsigned>(date.month()));
  put_number(text, 8, 2, static_cast<unsigned>(date.day()));
  put_number(text, 11, 2, clock.hours().count());
  put_number(text, 14, 2, clock.minutes().count());
  put_number(text, 17, 2, clock.seconds().count());
  put_number(text, 20, 3, clock.subseconds().count());
  return text;
}

std::optional<Time> parse_time(std::string_view text) {
  const auto year = take_number(text, 4, '-');
  const auto month = take_number(text, 2, '-');
  const auto day = take_number(text, 2, 'T');
  const auto hour = take_number(text, 2, ':');
  const auto minute = take_number(text, 2, ':');
  const auto second = take_number(text, 2, '\0');
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (*year < 1970 || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  int milliseconds = 0;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    int weight = 100;
    bool any = false;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      milliseconds += weight * (text.front() - '0');
      weight /= 10;
      any = true;
      text.remove_prefix(1);
    }
    if (!any) return std::nullopt;
  }
  if (text != "Z") return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return Time{std::chrono::sys_days{date}.time_since_epoch() + std::chrono::hours{*hour} +
              std::chrono::minutes{*minute} + std::chrono::seconds{*second} +
              std::chrono::milliseconds{milliseconds}};
}

}  // namespace knotos
