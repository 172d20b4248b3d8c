#include "base/assert.hpp"

#include "base/log.hpp"

#include <cstdlib>

namespace knotos::detail {

void assertion_failed(std::string_view expression, std::source_location where) {
  log::critical("assertion failed",
                {{"expression", expression}, {"file", where.file_name()}, {"line", where.line()}});
  log::flush();
  std::abort();
}

}  // namespace knotos::detail
