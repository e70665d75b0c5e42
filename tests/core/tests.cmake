# tests of this folder, listed by name
tokenledger_test(core/merkle_test.cpp tokenledger::core)
