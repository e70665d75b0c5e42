# tests of this folder, listed by name
tokenledger_test(core/merkle_test.cpp tokenledger::core)
tokenledger_test(core/base64url_test.cpp tokenledger::core)
tokenledger_test(core/sha256_test.cpp tokenledger::core)
