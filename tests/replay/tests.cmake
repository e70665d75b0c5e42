# tests of this folder, listed by name
tokenledger_test(replay/as_of_test.cpp tokenledger::replay)
tokenledger_test(replay/audit_files_test.cpp tokenledger::replay)
tokenledger_test(replay/migration_test.cpp tokenledger::replay RocksDB::rocksdb PkgConfig::SODIUM)
tokenledger_test(replay/backup_test.cpp tokenledger::replay)
tokenledger_test(replay/restore_test.cpp tokenledger::replay)
