#include "unit/protocol/allocations.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local knotos::test::Allocations so_far;

void* allocate(std::size_t size) {
  ++so_far.count;
  so_far.bytes += size;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace knotos::test {

Allocations allocations() { return so_far; }

}  // namespace knotos::test
