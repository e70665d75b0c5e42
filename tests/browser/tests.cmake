# Our pages in Debian's Chromium, with JavaScript and without. 77 is a visible SKIP: there is no Chromium.
add_executable(page_server browser/page_server.cpp)
target_link_libraries(page_server PRIVATE tokenledger::api tokenledger::build_flags)
target_include_directories(page_server PRIVATE ${PROJECT_SOURCE_DIR})
set_target_properties(page_server PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
add_test(NAME browser_pages_test COMMAND ${CMAKE_COMMAND} -E env TOKENLEDGER_PAGE_SERVER=$<TARGET_FILE:page_server>
  ${TOKENLEDGER_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/browser/pages_test.py)
set_tests_properties(browser_pages_test PROPERTIES LABELS browser TIMEOUT 600 SKIP_RETURN_CODE 77)

# A running server, a client on another port, and people between them.
add_test(NAME browser_consent_test COMMAND ${CMAKE_COMMAND} -E env TOKENLEDGER_PROGRAM=$<TARGET_FILE:tokenledger>
  ${TOKENLEDGER_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/browser/consent_test.py)
set_tests_properties(browser_consent_test PROPERTIES LABELS browser TIMEOUT 600 SKIP_RETURN_CODE 77)
