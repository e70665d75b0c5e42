# A fuzz target is one file with LLVMFuzzerTestOneInput. Everywhere it is built with fuzz/replay_main.cpp, which runs
# the committed corpus plus bounded seeded mutations as a ctest; with TOKENLEDGER_FUZZ=ON (clang) also as a libFuzzer
# program: tokenledger_fuzz(jwt tokenledger::core).
function(tokenledger_fuzz name)
  add_executable(fuzz_${name} fuzz/fuzz_${name}.cpp fuzz/replay_main.cpp)
  target_link_libraries(fuzz_${name} PRIVATE ${ARGN} tokenledger::build_flags)
  set_target_properties(fuzz_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME fuzz_${name} COMMAND fuzz_${name} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name})
  if(TOKENLEDGER_FUZZ)
    add_executable(libfuzzer_${name} fuzz/fuzz_${name}.cpp)
    target_compile_options(libfuzzer_${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(libfuzzer_${name} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(libfuzzer_${name} PRIVATE ${ARGN} tokenledger::build_flags)
  endif()
endfunction()
tokenledger_fuzz(event tokenledger::core)
tokenledger_fuzz(jwt tokenledger::core)
tokenledger_fuzz(opaque_token tokenledger::core)
