#!/bin/sh
# tools/check_layers is trusted only because it is seen to fail: each row plants one violation in a clean tree and
# expects it to be named; the rows that must pass guard against a checker that refuses everything.
set -eu
check_layers=$(cd "$(dirname "$0")/../.." && pwd)/tools/check_layers
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

clean_tree() {
  rm -rf "$work/tree"
  for folder in core storage replay api tools bench tests; do mkdir -p "$work/tree/$folder"; done
  echo 'project(x)' >"$work/tree/CMakeLists.txt"
  echo 'target_link_libraries(tokenledger_storage PUBLIC tokenledger::core)' >"$work/tree/storage/CMakeLists.txt"
}

# row NAME WANT FILE LINE   WANT: "passes", or words the complaint contains beside FILE (or its top-level folder)
row() {
  clean_tree
  mkdir -p "$work/tree/$(dirname "$3")"
  printf '%s\n' "$4" >>"$work/tree/$3"
  got=0
  output=$("$check_layers" "$work/tree" 2>&1) || got=$?
  if [ "$2" = passes ]; then
    [ "$got" -eq 0 ] && return
  elif [ "$got" -eq 1 ] && echo "$output" | grep -E "($3|: ${3%%/*}):" | grep -qF "$2"; then
    return
  fi
  echo "FAILED: $1: wanted \"$2\", got exit $got: $output"
  failures=$((failures + 1))
}

row CoreIncludesStorage "core may include only" core/a.hpp '#include "storage/ledger.hpp"'
row StorageIncludesReplay "storage may include only" storage/a.cpp '#include "replay/why.hpp"'
row ReplayIncludesApi "replay may include only" replay/a.cpp '#include "api/server.hpp"'
row ApiIncludesTools "api may include only" api/a.cpp '#include "tools/main.hpp"'
row ApiSubfolderIncludesTools "api may include only" api/console/a.cpp '#include "tools/main.hpp"'
row CoreIncludesTests "core may include only" core/a.cpp '#include "tests/core/helper.hpp"'
row IndentedDirective "core may include only" core/a.cpp '  #  include "api/server.hpp"'
row IncludeWithoutFolder "core may include only" core/a.cpp '#include "ids.hpp"'
row CoreLinksStorage "core may link only" core/CMakeLists.txt 'target_link_libraries(a tokenledger::storage)'
row CoreIncludesRocksdb "knows no RocksDB" core/a.cpp '#include <rocksdb/db.h>'
row CoreIncludesAsio "no networking" core/a.hpp '#include <boost/asio/awaitable.hpp>'
row CoreIncludesFiles "touches no files" core/a.cpp '#include <fstream>'
row CoreReadsClock "reads no clock" core/a.cpp 'auto now = std::chrono::system_clock::now();'
row CoreDrawsRandomness "draws no randomness" core/a.cpp 'std::random_device device;'
row StorageIncludesBeast "no networking" storage/a.cpp '#include <boost/beast/core.hpp>'
row StorageIncludesAsioElsewhere "no networking" storage/ledger.hpp '#include <boost/asio/post.hpp>'
row StorageAsyncIncludesBeastInSubfolder "no networking" storage/x/ledger_async.hpp '#include <boost/beast/core.hpp>'
row StorageIncludesAsyncHeader "only callers" storage/a.cpp '#include "storage/ledger_async.hpp"'
row ReplayIncludesRocksdb "only storage/" replay/a.cpp '#include <rocksdb/db.h>'
row ToolsIncludesRocksdb "only storage/" tools/a.cpp '#include <rocksdb/db.h>'
row UnknownTopLevelFolder "not a top-level" docs/a.md 'text'

row CleanTree passes core/a.cpp '#include <vector>'
row StorageIncludesCoreAndRocksdb passes storage/a.cpp '#include "core/ids.hpp"
#include <rocksdb/db.h>'
row StorageAsyncHeaderIncludesAsio passes storage/ledger_async.hpp '#include <boost/asio/async_result.hpp>'
row ApiIncludesAsioAndReplay passes api/a.cpp '#include <boost/asio.hpp>
#include "replay/why.hpp"'
row TestsUseAll passes tests/api/a.cpp '#include <rocksdb/db.h>
#include "tools/main.hpp"'
row CommentMentionsClock passes core/a.cpp '// Never call system_clock::now() here.'
row DotFolder passes .ci/run 'text'
row BuildFolder passes build-asan/a.cpp 'text'

[ "$failures" -eq 0 ] || { echo "$failures row(s) failed"; exit 1; }
echo "check_layers_test: all rows as expected"
