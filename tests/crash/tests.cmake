# tests of this folder, listed by name
add_library(tokenledger_crash_support STATIC crash/ledger_checker.cpp crash/random_workload.cpp)
target_link_libraries(tokenledger_crash_support PUBLIC tokenledger::storage PRIVATE tokenledger::build_flags)
target_include_directories(tokenledger_crash_support PUBLIC ${PROJECT_SOURCE_DIR})

tokenledger_test(crash/crash_kill_test.cpp tokenledger_crash_support)
tokenledger_test(crash/crash_fault_test.cpp tokenledger_crash_support)
tokenledger_test(crash/open_refusal_test.cpp tokenledger_crash_support RocksDB::rocksdb)
tokenledger_test(crash/audit_fault_test.cpp tokenledger::storage)
tokenledger_test(crash/audit_tamper_test.cpp tokenledger::replay RocksDB::rocksdb)
tokenledger_test(crash/audit_killed_test.cpp tokenledger::replay)
tokenledger_test(crash/backup_fault_test.cpp tokenledger::replay)
# Every change on disk times the ways it can fail: minutes on a busy machine, most of them waiting for the disk. It
# begins first, or all would wait for it in the end.
set_tests_properties(crash_fault_test PROPERTIES TIMEOUT 3600 COST 1000)
