# The Socket.IO server library by itself: `cmake --install build/release --component socketio --prefix DIR`, and then
# find_package(knotos-socketio) and knotos::socketio (docs/guides/socketio-server.md).
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package knotos-socketio)
set(package_rooms base protocol server runtime)
set(package_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/${package})

add_library(knotos_socketio INTERFACE)
target_link_libraries(knotos_socketio INTERFACE knotos_runtime)
add_library(knotos::socketio ALIAS knotos_socketio)
set_target_properties(knotos_socketio PROPERTIES EXPORT_NAME socketio)

foreach(room IN LISTS package_rooms)
  set_target_properties(knotos_${room} PROPERTIES EXPORT_NAME ${room})
  target_include_directories(knotos_${room} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/${package}>)
  # As in the sources: `#include "server/server.hpp"`.
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/src/${room} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${package} COMPONENT socketio
          FILES_MATCHING PATTERN "*.hpp")
  list(APPEND package_targets knotos_${room})
endforeach()

install(TARGETS ${package_targets} knotos_socketio EXPORT ${package}Targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        COMPONENT socketio)
install(EXPORT ${package}Targets NAMESPACE knotos:: DESTINATION ${package_config_dir} COMPONENT socketio)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/${package}Config.cmake.in
  ${PROJECT_BINARY_DIR}/${package}Config.cmake INSTALL_DESTINATION ${package_config_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/${package}ConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/${package}Config.cmake ${PROJECT_BINARY_DIR}/${package}ConfigVersion.cmake
        DESTINATION ${package_config_dir} COMPONENT socketio)
