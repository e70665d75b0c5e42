# tests of this folder, listed by name
tokenledger_test(core/merkle_test.cpp tokenledger::core)
tokenledger_test(core/base64url_test.cpp tokenledger::core)
tokenledger_test(core/sha256_test.cpp tokenledger::core)
tokenledger_test(core/event_codec_test.cpp tokenledger::core)
tokenledger_test(core/token_list_test.cpp tokenledger::core)
tokenledger_test(core/validity_index_check_test.cpp tokenledger::core)
tokenledger_test(core/validity_index_memory_test.cpp tokenledger::core)
tokenledger_test(core/validity_index_lock_free_test.cpp tokenledger::core)
