# tests of this folder, listed by name

# Checks of the source tree itself; the label keeps them out of sanitizer runs, which cannot change their answer.
add_test(NAME check_layers COMMAND ${PROJECT_SOURCE_DIR}/tools/check_layers)
add_test(NAME check_layers_test COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/tools/check_layers_test.sh)
add_test(NAME check_headers COMMAND ${CMAKE_COMMAND} -E env TOKENLEDGER_BUILD_DIR=${CMAKE_BINARY_DIR}
  CXX=${CMAKE_CXX_COMPILER} ${PROJECT_SOURCE_DIR}/tools/check_headers)
set_tests_properties(check_headers PROPERTIES PROCESSORS 2)
set_tests_properties(check_layers check_layers_test check_headers PROPERTIES LABELS tree)

# The installed package, used from outside the tree (D07).
add_test(NAME embed COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/embed/run.sh ${CMAKE_BINARY_DIR} ${CMAKE_CXX_COMPILER})
set_tests_properties(embed PROPERTIES LABELS tree TIMEOUT 300)
