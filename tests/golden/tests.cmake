# Ledgers of every release, opened by today's program.
add_executable(make_golden EXCLUDE_FROM_ALL golden/make_golden.cpp golden/golden_people.cpp)
target_link_libraries(make_golden PRIVATE tokenledger::storage tokenledger::build_flags)
target_include_directories(make_golden PRIVATE ${PROJECT_SOURCE_DIR})
set_target_properties(make_golden PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

add_test(NAME golden_test COMMAND ${CMAKE_COMMAND} -E env TOKENLEDGER_PROGRAM=$<TARGET_FILE:tokenledger>
  ${TOKENLEDGER_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/golden/golden_test.py)
set_tests_properties(golden_test PROPERTIES LABELS cli TIMEOUT 300)
