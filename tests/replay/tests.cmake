# tests of this folder, listed by name
tokenledger_test(replay/as_of_test.cpp tokenledger::replay)
tokenledger_test(replay/audit_files_test.cpp tokenledger::replay)
tokenledger_test(replay/migration_test.cpp tokenledger::replay RocksDB::rocksdb PkgConfig::SODIUM)
tokenledger_test(replay/format_activation_test.cpp tokenledger::replay)
target_compile_definitions(format_activation_test PRIVATE TOKENLEDGER_GOLDEN="${CMAKE_CURRENT_SOURCE_DIR}/golden/data")
tokenledger_test(replay/backup_test.cpp tokenledger::replay)
tokenledger_test(replay/backup_target_test.cpp tokenledger::replay)
tokenledger_test(replay/restore_test.cpp tokenledger::replay)
