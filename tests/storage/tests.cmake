# tests of this folder, listed by name
tokenledger_test(storage/file_layer_test.cpp tokenledger::storage)
tokenledger_test(storage/fault_injection_test.cpp tokenledger::storage RocksDB::rocksdb)
tokenledger_test(storage/head_file_test.cpp tokenledger::storage)
tokenledger_test(storage/keyring_test.cpp tokenledger::storage)
tokenledger_test(storage/key_store_test.cpp tokenledger::storage)
