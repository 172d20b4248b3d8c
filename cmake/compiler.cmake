# The compiler, its warnings and the sanitizers. See docs/adr/0001-compiler.md.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR
    "g++ ${CMAKE_CXX_COMPILER_VERSION} silently miscompiles ordinary coroutines (double frees and uses after free in correct "
    "programs), so Knotos refuses to be built with it. Use clang 19: cmake --preset release (docs/adr/0001-compiler.md).")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(KNOTOS_SANITIZE "" CACHE STRING "Sanitizers to build with, comma separated")
option(KNOTOS_FUZZ "Build the libFuzzer targets" OFF)
option(KNOTOS_PCH "Use precompiled headers" ON)

find_program(KNOTOS_CCACHE ccache)
if(KNOTOS_CCACHE)
  # The two sloppiness settings are what ccache asks for beside precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${KNOTOS_CCACHE})
  # Without a time in it the precompiled header of the same files is the same, and so is what was built with it.
  add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,Clang>:-fpch-instantiate-templates>
                      "$<$<COMPILE_LANG_AND_ID:CXX,Clang>:SHELL:-Xclang -fno-pch-timestamp>")
endif()

add_library(knotos_options INTERFACE)
target_compile_options(knotos_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast
  # Designated initialisers leave out what has a default: that is what they are for.
  -Wno-missing-designated-field-initializers -Werror)

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=lld-19)
endif()
if(KNOTOS_SANITIZE)
  add_compile_options(-fsanitize=${KNOTOS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -O1)
  string(REPLACE "fuzzer-no-link," "" KNOTOS_LINK_SANITIZE "${KNOTOS_SANITIZE}")
  add_link_options(-fsanitize=${KNOTOS_LINK_SANITIZE})
endif()
