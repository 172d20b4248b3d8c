#include "support/allocations.hpp"

#include <malloc.h>

#include <cstdlib>
#include <new>

namespace {

thread_local knotos::test::Allocations so_far;

void* allocate(std::size_t size) {
  ++so_far.count;
  so_far.bytes += size;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  so_far.live_bytes += static_cast<std::ptrdiff_t>(::malloc_usable_size(memory));
  return memory;
}

void release(void* memory) {
  if (memory != nullptr)
    so_far.live_bytes -= static_cast<std::ptrdiff_t>(::malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }

namespace knotos::test {

Allocations allocations() { return so_far; }

}  // namespace knotos::test
