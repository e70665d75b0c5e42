# tests of this folder, listed by name
tokenledger_test(core/merkle_test.cpp tokenledger::core)
tokenledger_test(core/merkle_proof_test.cpp tokenledger::core)
target_compile_definitions(merkle_proof_test PRIVATE TOKENLEDGER_VECTORS="${CMAKE_CURRENT_SOURCE_DIR}/core/vectors")
tokenledger_test(core/log_tile_test.cpp tokenledger::core)
tokenledger_test(core/base64url_test.cpp tokenledger::core)
tokenledger_test(core/sha256_test.cpp tokenledger::core)
tokenledger_test(core/event_codec_test.cpp tokenledger::core)
tokenledger_test(core/token_list_test.cpp tokenledger::core)
tokenledger_test(core/validity_index_check_test.cpp tokenledger::core)
tokenledger_test(core/validity_index_memory_test.cpp tokenledger::core)
tokenledger_test(core/validity_index_lock_free_test.cpp tokenledger::core)
tokenledger_test(core/state_codec_test.cpp tokenledger::core)
tokenledger_test(core/crc32_test.cpp tokenledger::core)
tokenledger_test(core/seal_key_test.cpp tokenledger::core)
tokenledger_test(core/opaque_token_test.cpp tokenledger::core)
tokenledger_test(core/json_strict_test.cpp tokenledger::core)
tokenledger_test(core/jwt_test.cpp tokenledger::core)
tokenledger_test(core/token_allocation_test.cpp tokenledger::core)
tokenledger_test(core/signing_key_test.cpp tokenledger::core)
tokenledger_test(core/jwt_signature_test.cpp tokenledger::core)
tokenledger_test(core/validity_index_race_test.cpp tokenledger::core)

# The oracle: a model of the ledger that shares nothing with it, and what compares the two.
add_library(tokenledger_oracle STATIC core/oracle_model.cpp core/oracle_model_registry.cpp
  core/oracle_generator.cpp core/oracle_generator_token.cpp core/oracle_adapter.cpp
  core/oracle_compare.cpp core/oracle_run.cpp)
target_link_libraries(tokenledger_oracle PUBLIC tokenledger::core PRIVATE tokenledger::build_flags)
tokenledger_test(core/oracle_test.cpp tokenledger_oracle)
add_test(NAME oracle_model_includes_nothing_of_the_product COMMAND ${CMAKE_COMMAND}
  -DFOLDER=${CMAKE_CURRENT_SOURCE_DIR}/core -P ${CMAKE_CURRENT_SOURCE_DIR}/core/oracle_includes.cmake)
tokenledger_test(core/decide_test.cpp tokenledger::core)
tokenledger_test(core/fold_test.cpp tokenledger::core)
tokenledger_test(core/status_test.cpp tokenledger::core)
