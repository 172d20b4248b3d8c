#include "runtime/thread_name.hpp"

#include <pthread.h>

namespace knotos::runtime {

void name_this_thread(const std::string& name) {
  constexpr std::size_t kNameMax = 15;
  ::pthread_setname_np(::pthread_self(), name.substr(0, kNameMax).c_str());
}

}  // namespace knotos::runtime
