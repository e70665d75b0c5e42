#!/bin/sh
# D07: installs the built libraries to a prefix of its own, then configures, builds and runs a program that knows only
# that prefix. Arguments: the build directory to install from, and the compiler.
set -eu
source_dir=$(cd "$(dirname "$0")" && pwd)
build_dir=$1
compiler=$2
work=$build_dir/embed
rm -rf "$work"
mkdir -p "$work"

cmake --install "$build_dir" --prefix "$work/prefix" --component development >"$work/install.log" ||
  { tail -n 20 "$work/install.log"; exit 1; }

# The consumer must not find headers through the source tree: it is copied away from it.
cp "$source_dir/CMakeLists.txt" "$source_dir/main.cpp" "$work/"
cmake -S "$work" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER="$compiler" \
  -DCMAKE_PREFIX_PATH="$work/prefix"
cmake --build "$work/build"

# A header that leaks the source tree into the package would still compile on this machine.
if grep -rqF "$(cd "$source_dir/../.." && pwd)" "$work/prefix/lib"*/cmake "$work/prefix/lib/"*/cmake 2>/dev/null; then
  echo "embed: the installed package names the source tree"
  exit 1
fi
exec "$work/build/embed_consumer"
