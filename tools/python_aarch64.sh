#!/bin/sh
# Debian's Python for 64-bit Arm, which tools/setup.sh python-aarch64 unpacks, on another machine under QEMU, with the library for
# Arm: tools/python_aarch64.sh ARGUMENT...
# What it starts as `sys.executable` is this script again. As gcc and g++ it finds those of Tests/aarch64/bin.
set -eu
checkout=$(cd "$(dirname "$0")/.." && pwd)
root=$checkout/build/python-aarch64
export DNC_LIBRARY="$checkout/build/aarch64/libdnc.so" PATH="$checkout/Tests/aarch64/bin:$PATH"
exec qemu-aarch64 -L "$root" -0 "$checkout/tools/python_aarch64.sh" -E PYTHONHOME="$root/usr" "$root/usr/bin/python3" "$@"
