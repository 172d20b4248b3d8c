#include "adapters/redis/info.hpp"

#include <string_view>
#include <utility>
#include <vector>

namespace knotos::adapters::redis {

Task<std::string> version_of(Servers& servers) {
  std::vector<Servers::Ask> ask(1);
  append_command(ask[0].text, {"INFO", "server"});
  const auto replies = co_await servers.ask_all(std::move(ask));
  if (!replies[0]) co_return std::string();
  constexpr std::string_view kName = "redis_version:";
  const std::string_view text = replies[0]->text;
  const auto at = text.find(kName);
  if (at == std::string_view::npos) co_return std::string();
  const auto from = at + kName.size();
  co_return std::string(text.substr(from, text.find_first_of("\r\n", from) - from));
}

}  // namespace knotos::adapters::redis
