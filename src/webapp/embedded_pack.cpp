#include "webapp/embedded_pack.hpp"

// Of the assembler: an array whose end is a symbol of its own has no better type.
extern "C" const char knotos_web_pack_begin[];
extern "C" const char knotos_web_pack_end[];

namespace knotos::webapp {

std::string_view embedded_pack() { return {knotos_web_pack_begin, knotos_web_pack_end}; }

}  // namespace knotos::webapp
