#pragma once

#include <string>

namespace knotos::runtime {

/// How this thread shows in `top -H`, `ps -L` and profiles. The kernel keeps fifteen characters.
void name_this_thread(const std::string& name);

}  // namespace knotos::runtime
