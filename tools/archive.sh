#!/bin/sh
# Makes the static library from what Swift has compiled: one object that exports only dnc_*.
#
#     tools/archive.sh PROCESSOR OBJECTS ARCHIVE
#
# OBJECTS is the folder of a release build. What it needs of libpng and zlib is inside.
set -eu
processor=$1 objects=$2 archive=$3
if [ "$processor" = "$(uname -m)" ]; then
    prefix= images=$(pkg-config --variable=libdir libpng)
else
    prefix=$processor-linux-gnu- images=build/sysroot-$processor/usr/lib/$processor-linux-gnu
fi
parts=$objects/archive
mkdir -p "$parts" "$(dirname "$archive")"
for part in archived checks; do
    "${prefix}gcc" -O2 -fPIC -U_FORTIFY_SOURCE -Wall -Wextra -Werror -c -o "$parts/$part.o" "bindings/static/$part.c"
done
"${prefix}ld" -r -o "$parts/all.o" "$objects"/DNC.build/*.o "$objects"/Kernels*.build/*.o \
    "$images/libpng16.a" "$images/libz.a"
# A static libc has one version of each function.
"${prefix}nm" -u "$parts/all.o" |
    sed -n -e 's/^ *U __\([lf]*xstat\)@GLIBC_\(.*\)$/__\1@GLIBC_\2 archived_\1/p;t' \
        -e 's/^ *w pthread_\(.*\)@GLIBC_\(.*\)$/pthread_\1@GLIBC_\2 archived_\1/p;t' \
        -e 's/^ *U \(.*\)@GLIBC_\(.*\)$/\1@GLIBC_\2 \1/p' >"$parts/names"
"${prefix}objcopy" --redefine-syms="$parts/names" --strip-debug "$parts/all.o" "$parts/named.o"
"${prefix}ld" -r -o "$parts/one.o" "$parts/named.o" "$parts/archived.o" "$parts/checks.o"
"${prefix}objcopy" --wildcard --keep-global-symbol='dnc_*' --strip-unneeded -R .comment -R .swift_modhash \
    "$parts/one.o" "$parts/dnc.o"
rm -f "$archive"
"${prefix}ar" rcsD "$archive" "$parts/dnc.o"
