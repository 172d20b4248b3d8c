#include "app/config.hpp"
#include "base/names.hpp"

#include <algorithm>
#include <thread>

namespace knotos::app {
namespace {

constexpr Names<Role, 3> kNames{{
    {Role::all, "all"},
    {Role::api, "api"},
    {Role::gateway, "gateway"},
}};

}  // namespace

std::string_view name_of(Role role) { return name_in(kNames, role); }
std::optional<Role> parse_role(std::string_view name) { return find_in(kNames, name); }

std::filesystem::path Config::signing_secret_file() const {
  if (!jwt_secret_file.empty()) return jwt_secret_file;
  return std::filesystem::path(data_dir) / kSigningSecretName;
}

std::size_t cores() { return std::max<std::size_t>(1, std::thread::hardware_concurrency()); }

}  // namespace knotos::app
