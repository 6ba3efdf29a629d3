#!/bin/sh
# Runs a program of 64-bit Arm, on another machine under QEMU: tools/on_aarch64.sh PROGRAM ARGUMENT...
# It finds build/aarch64/libdnc.so, and the libraries that tools/setup.sh aarch64 unpacked.
set -eu
build=$(cd "$(dirname "$0")/.." && pwd)/build
folders=$build/aarch64
for folder in usr/lib lib; do folders=$folders:$build/sysroot-aarch64/$folder/aarch64-linux-gnu; done
exec qemu-aarch64 -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH="$folders" "$@"
