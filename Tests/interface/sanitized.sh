#!/bin/sh
# Builds the library as it is shipped, but for a sanitizer, and runs C programs that use all of it.
#   Tests/interface/sanitized.sh address|thread
set -eu
cd "$(dirname "$0")/../.."
build=.build-$1-library
DNC_EMBEDDED=1 DNC_SANITIZED=1 swift build -c release --product dnc --scratch-path "$build" --sanitize="$1"
ln -sf libdnc.so "$build/release/libdnc.so.0"
programs="abuse busy threads hosts"
# Where Swift has what its thread sanitizer wants.
runtime=$(dirname "$(readlink -f "$(command -v swift)")")/../lib/swift/linux
libraries="-lm -ldl -pthread"
[ "$1" = address ] || libraries="$libraries -L$runtime -ldispatch -lBlocksRuntime -Wl,-rpath,$runtime"
for program in $programs; do
    clang -fsanitize="$1" -fuse-ld=lld -std=gnu11 -O1 -g -w -DWITHOUT_INTERPOSING -Iinclude Tests/interface/$program.c \
        -o "$build/$program" -L"$build/release" -l:libdnc.so.0 -Wl,-rpath,"$PWD/$build/release" $libraries
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export ASAN_OPTIONS=allocator_may_return_null=1 TSAN_OPTIONS=halt_on_error=1:allocator_may_return_null=1
"$build/abuse" "$folder"
"$build/threads"
"$build/busy" callback
"$build/busy" freed
"$build/busy" crowd
"$build/hosts" crowd "$folder"
if [ "$1" = address ]; then
    for host in quiet alarms streams; do
        rm -rf "$folder"/*
        "$build/hosts" $host "$folder"
    done
fi
echo "$1: nothing found"
