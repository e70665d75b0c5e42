# What `cmake --install` puts where. Two components: `development` (headers, static libraries, the CMake package) for
# programs that embed the ledger, and `program` (the server and command line).
#
#   cmake --install build --prefix /usr/local --component development
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tokenledger)

# tokenledger::tokenledger is all that an embedding program links. The target is not called tokenledger because the
# program is.
add_library(tokenledger_embedded INTERFACE)
add_library(tokenledger::tokenledger ALIAS tokenledger_embedded)
set_target_properties(tokenledger_embedded PROPERTIES EXPORT_NAME tokenledger)

# build_flags is exported because static libraries name their private dependencies in their link interface; as such
# it passes on no warnings, only a sanitizer's link option when the libraries were built with one.
set(exported tokenledger_embedded tokenledger_build_flags)
set_target_properties(tokenledger_build_flags PROPERTIES EXPORT_NAME build_flags)
foreach(layer core storage replay)
  if(TARGET tokenledger_${layer})
    set_target_properties(tokenledger_${layer} PROPERTIES EXPORT_NAME ${layer})
    target_link_libraries(tokenledger_embedded INTERFACE tokenledger_${layer})
    list(APPEND exported tokenledger_${layer})
  endif()
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${layer} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tokenledger
    COMPONENT development FILES_MATCHING PATTERN "*.hpp")
endforeach()

install(TARGETS ${exported} EXPORT tokenledgerTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(EXPORT tokenledgerTargets NAMESPACE tokenledger:: DESTINATION ${package_dir} COMPONENT development)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/tokenledgerConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/tokenledgerConfig.cmake INSTALL_DESTINATION ${package_dir})
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/tokenledgerConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/tokenledgerConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/tokenledgerConfigVersion.cmake DESTINATION ${package_dir} COMPONENT development)

if(TARGET tokenledger)
  install(TARGETS tokenledger RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
  set(pages ${CMAKE_BINARY_DIR}/share)  # made by tools/CMakeLists.txt
  install(FILES ${pages}/tokenledger.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
  install(FILES ${pages}/tokenledger.bash RENAME tokenledger
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT program)
  install(FILES ${pages}/tokenledger.zsh RENAME _tokenledger
    DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT program)
  install(FILES ${pages}/tokenledger.fish
    DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT program)
endif()
