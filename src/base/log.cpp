#include "base/log.hpp"

#include "base/time.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

namespace knotos::log {
namespace {

std::atomic<Level> level_now = Level::info;
std::atomic<Format> format_now = Format::text;

spdlog::logger& sink() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>("knotos",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::trace);
    made->flush_on(spdlog::level::warn);
    return made;
  }();
  return *logger;
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
    case Level::critical:
      return "critical";
    case Level::off:
      break;
  }
  return "off";
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
    case Level::critical:
      return spdlog::level::critical;
    case Level::off:
      break;
  }
  return spdlog::level::off;
}

/// A JSON string. Control characters are escaped in the text format too, so that no value can forge
/// a line.
void append_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xfU];
    } else {
      out += c;
    }
  }
  out += '"';
}

bool is_plain(std::string_view text) {
  if (text.empty()) return false;
  return text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:/+@%") ==
         std::string_view::npos;
}

std::string as_text(Level level, std::string_view event, Fields fields) {
  std::string line = format_time(now_utc());
  line += ' ';
  line += name_of(level);
  line += ' ';
  line += event;
  for (const auto& field : fields) {
    line += ' ';
    line += field.name();
    line += '=';
    if (is_plain(field.value())) {
      line += field.value();
    } else {
      append_quoted(line, field.value());
    }
  }
  return line;
}

std::string as_json(Level level, std::string_view event, Fields fields) {
  std::string line = R"({"time":")";
  line += format_time(now_utc());
  line += R"(","level":")";
  line += name_of(level);
  line += R"(","event":)";
  append_quoted(line, event);
  for (const auto& field : fields) {
    line += ',';
    append_quoted(line, field.name());
    line += ':';
    if (field.is_text()) {
      append_quoted(line, field.value());
    } else {
      line += field.value();
    }
  }
  line += '}';
  return line;
}

}  // namespace

void configure(Level level, Format format) {
  level_now = level;
  format_now = format;
}

bool enabled(Level level) {
  return level >= level_now.load(std::memory_order_relaxed) && level != Level::off;
}

void write(Level level, std::string_view event, Fields fields) {
  if (!enabled(level)) return;
  const auto line = format_now.load(std::memory_order_relaxed) == Format::json
                        ? as_json(level, event, fields)
                        : as_text(level, event, fields);
  sink().log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

void flush() { sink().flush(); }

}  // namespace knotos::log
