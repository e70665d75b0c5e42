# tests of this folder, listed by name
tokenledger_test(replay/as_of_test.cpp tokenledger::replay)
tokenledger_test(replay/audit_files_test.cpp tokenledger::replay)
tokenledger_test(replay/migration_test.cpp tokenledger::replay RocksDB::rocksdb PkgConfig::SODIUM)
