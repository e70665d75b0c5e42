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

find_program(TOKENLEDGER_PYTHON python3 REQUIRED)
add_test(NAME bench_report_test COMMAND ${TOKENLEDGER_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/tools/bench_report_test.py)
set_tests_properties(bench_report_test PROPERTIES LABELS tree)
# Every benchmark program still runs, at reduced size; no figure is judged.
if(TOKENLEDGER_BENCH)
  add_test(NAME bench_smoke COMMAND ${TOKENLEDGER_PYTHON} ${PROJECT_SOURCE_DIR}/tools/bench_report.py --quick
    --seconds-max 300 --programs ${CMAKE_BINARY_DIR}/bench)
  set_tests_properties(bench_smoke PROPERTIES LABELS bench TIMEOUT 400)
  # The comparison with other programs still runs; skipped where they are not installed.
  add_test(NAME peers_smoke COMMAND ${CMAKE_COMMAND} -E env TOKENLEDGER_PROGRAM=$<TARGET_FILE:tokenledger>
    ${TOKENLEDGER_PYTHON} ${PROJECT_SOURCE_DIR}/bench/peers/run --quick --build ${CMAKE_BINARY_DIR})
  set_tests_properties(peers_smoke PROPERTIES LABELS bench TIMEOUT 300 SKIP_RETURN_CODE 77)
endif()

# The program as people and scripts use it.
foreach(suite cli_offline cli_audit cli_recover cli_backup cli_witness cli_http cli_both cli_people cli_key cli_settings serve_tls http_hostile)
  add_test(NAME ${suite}_test COMMAND ${CMAKE_COMMAND} -E env TOKENLEDGER_PROGRAM=$<TARGET_FILE:tokenledger>
    ${TOKENLEDGER_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/tools/${suite}_test.py)
  set_tests_properties(${suite}_test PROPERTIES LABELS cli TIMEOUT 300)
endforeach()
# Its answers to others are watched while ten thousand connections wait: a neighbour would be blamed.
set_tests_properties(http_hostile_test PROPERTIES RUN_SERIAL TRUE)
