# Programs that others wrote, before a real server. 77 is a visible SKIP: what the test needs can't be had here.
set(tokenledger_conformance ${CMAKE_COMMAND} -E env TOKENLEDGER_PROGRAM=$<TARGET_FILE:tokenledger>
  ${TOKENLEDGER_PYTHON})

# OAuth clients from npm; their packages are kept in the build directory, one folder per lock file.
add_test(NAME npm_clients_test COMMAND ${tokenledger_conformance}
  ${CMAKE_CURRENT_SOURCE_DIR}/conformance/npm_clients_test.py ${CMAKE_BINARY_DIR}/npm_clients)
set_tests_properties(npm_clients_test PROPERTIES LABELS conformance TIMEOUT 600 SKIP_RETURN_CODE 77)

# The configurations of tools/gateway; `files` reads those whose programs Debian does not have.
foreach(gateway nginx apache files)
  add_test(NAME gateway_${gateway}_test COMMAND ${tokenledger_conformance}
    ${CMAKE_CURRENT_SOURCE_DIR}/conformance/gateway_test.py ${gateway})
  set_tests_properties(gateway_${gateway}_test PROPERTIES LABELS conformance TIMEOUT 300 SKIP_RETURN_CODE 77)
endforeach()

# /openapi.json against the answers of a running server.
add_test(NAME openapi_live_test COMMAND ${tokenledger_conformance} ${CMAKE_CURRENT_SOURCE_DIR}/conformance/openapi_test.py)
set_tests_properties(openapi_live_test PROPERTIES LABELS conformance TIMEOUT 300 SKIP_RETURN_CODE 77)

# What a running server says below /v1/audit, before the verifiers of transparency logs.
add_test(NAME served_log_test COMMAND ${tokenledger_conformance}
  ${CMAKE_CURRENT_SOURCE_DIR}/conformance/served_log_test.py ${CMAKE_BINARY_DIR}/go_tlog)
set_tests_properties(served_log_test PROPERTIES LABELS conformance TIMEOUT 300)

# Rows of published rules, each with its source, against a real server.
tokenledger_test(conformance/negative_cases_test.cpp tokenledger::api)
tokenledger_test(conformance/user_grant_cases_test.cpp tokenledger::api)

# Transparency logs of our making before verifiers that share nothing with us: one in Python written from the
# specifications, and the packages of Go's module database.
add_executable(write_tlog conformance/write_tlog.cpp)
target_link_libraries(write_tlog PRIVATE tokenledger::core GTest::gtest tokenledger::build_flags)
target_include_directories(write_tlog PRIVATE ${PROJECT_SOURCE_DIR})
set_target_properties(write_tlog PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
set(tokenledger_tlog ${CMAKE_COMMAND} -E env TOKENLEDGER_WRITE_TLOG=$<TARGET_FILE:write_tlog> ${TOKENLEDGER_PYTHON})
add_test(NAME verify_tlog_test COMMAND ${tokenledger_tlog}
  ${CMAKE_CURRENT_SOURCE_DIR}/conformance/verify_tlog_test.py)
add_test(NAME go_tlog_test COMMAND ${tokenledger_tlog}
  ${CMAKE_CURRENT_SOURCE_DIR}/conformance/go_tlog_test.py ${CMAKE_BINARY_DIR}/go_tlog)
set_tests_properties(verify_tlog_test go_tlog_test PROPERTIES LABELS conformance TIMEOUT 300 SKIP_RETURN_CODE 77)
