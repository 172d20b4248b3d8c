#include "bench/options.hpp"

#include <CLI/CLI.hpp>

#include <array>
#include <charconv>
#include <string_view>
#include <utility>

namespace knotos::bench {
namespace {

struct Named {
  Scenario scenario;
  std::string_view name;
};

constexpr std::array kScenarios{
    Named{Scenario::fanout, "fanout"}, Named{Scenario::rooms, "rooms"},
    Named{Scenario::idle, "idle"},     Named{Scenario::storm, "storm"},
    Named{Scenario::list, "list"},
};

/// Registering costs the server a password hash, by design: so many users unless told otherwise.
constexpr std::size_t kUsersDefault = 32;
/// A group's members are users; more links than this need several of one user.
constexpr std::size_t kTextBytesMin = 16;
constexpr std::size_t kTextBytesMax = 4096;

void set_if_open(std::size_t& value, std::size_t chosen) {
  if (value == 0) value = chosen;
}

bool parse_members(Options& options) {
  const std::string_view text = options.members_text;
  const char* const end = text.data() + text.size();
  auto parsed = std::from_chars(text.data(), end, options.members_min);
  if (parsed.ec != std::errc()) return false;
  options.members_max = options.members_min;
  if (parsed.ptr != end && *parsed.ptr == '-') {
    parsed = std::from_chars(parsed.ptr + 1, end, options.members_max);
    if (parsed.ec != std::errc()) return false;
  }
  return parsed.ptr == end && options.members_min > 0 && options.members_max >= options.members_min;
}

void complete_fanout(Options& options) {
  set_if_open(options.rooms, 1);
  if (options.members_max == 0) {
    const auto members = options.links > 0 ? options.links / options.rooms : 1000;
    options.members_min = options.members_max = members > 0 ? members : 1;
  }
  options.links = options.rooms * options.members_max;
  set_if_open(options.users, kUsersDefault);
  set_if_open(options.senders, 64);
  set_if_open(options.window, 256);
}

void complete_rooms(Options& options) {
  set_if_open(options.rooms, 200);
  if (options.members_max == 0) {
    options.members_min = 2;
    options.members_max = 10;
  }
  set_if_open(options.users, options.links > 0 ? options.links : 200);
  set_if_open(options.links, options.users);
  set_if_open(options.senders, options.rooms);
  set_if_open(options.window, 256);
}

void complete_links(Options& options, std::size_t links, std::size_t window) {
  set_if_open(options.links, links);
  set_if_open(options.users, kUsersDefault);
  if (options.members_max == 0) options.members_min = options.members_max = options.users;
  set_if_open(options.window, window);
}

void complete_list(Options& options) {
  set_if_open(options.rooms, 1000);
  if (options.members_max == 0) options.members_min = options.members_max = 10;
  set_if_open(options.users, options.members_max);
  set_if_open(options.window, 1);
}

}  // namespace

std::string name_of(Scenario scenario) {
  for (const auto& named : kScenarios) {
    if (named.scenario == scenario) return std::string(named.name);
  }
  std::unreachable();
}

void declare_options(CLI::App& command, Options& options) {
  command.add_option("scenario", options.scenario_name,
                     "fanout: large rooms; rooms: many small ones; idle: links that say nothing; "
                     "storm: links that open, break and come back; list: chat lists over REST");
  command.add_option("--url", options.url, "The server [http://127.0.0.1:8080]");
  command.add_option("--links", options.links, "Links to open");
  command.add_option("--rooms", options.rooms, "Chats to make");
  command.add_option("--members", options.members_text,
                     "Members of a chat, or a range such as 2-10; for fanout, links in it");
  command.add_option("--users", options.users,
                     "Users to register; links beyond that are further devices of them");
  command.add_option("--senders", options.senders, "Links that send");
  command.add_option("--rate", options.rate,
                     "Open loop: messages, links or requests a second, each timed from when it "
                     "was due");
  command.add_option("--window", options.window, "Closed loop: how many are under way at once");
  command.add_option("--stalled", options.stalled,
                     "Further members that stop reading once they are in");
  command.add_option("--text-bytes", options.text_bytes, "Length of a message's text [128]");
  command.add_option("--seconds", options.seconds, "How long to measure [10]");
  command.add_option("--warmup", options.warmup_seconds, "Seconds before that [2]");
  command.add_option("--pid", options.pid, "The server's process, if it cannot be found");
  command.add_flag("--json", options.is_json, "Print one JSON object");
  command.add_flag("--plain", options.is_plain,
                   "A foreign Socket.IO server: nobody is registered, CONNECT names the rooms");
}

std::optional<std::string> complete(Options& options) {
  bool is_known = false;
  for (const auto& named : kScenarios) {
    if (named.name != options.scenario_name) continue;
    options.scenario = named.scenario;
    is_known = true;
  }
  if (!is_known) return "bench: name a scenario: fanout, rooms, idle, storm or list";
  if (!options.members_text.empty() && !parse_members(options))
    return "--members takes a number or a range such as 2-10";
  if (options.seconds <= 0 || options.warmup_seconds < 0 || options.rate < 0)
    return "--seconds, --warmup and --rate take positive numbers";
  if (options.text_bytes < kTextBytesMin || options.text_bytes > kTextBytesMax)
    return "--text-bytes takes 16 to 4096";
  if (options.is_plain && options.scenario == Scenario::list)
    return "the scenario list needs a Knotos server: it is REST";

  switch (options.scenario) {
    case Scenario::fanout:
      complete_fanout(options);
      break;
    case Scenario::rooms:
      complete_rooms(options);
      break;
    case Scenario::idle:
      complete_links(options, 10'000, 64);
      break;
    case Scenario::storm:
      complete_links(options, 2'000, 64);
      break;
    case Scenario::list:
      complete_list(options);
      break;
  }
  return std::nullopt;
}

}  // namespace knotos::bench
