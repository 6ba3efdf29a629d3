#!/bin/sh
# Links the library from what Swift has compiled, as Package.swift does:
#
#     tools/link.sh PROCESSOR OBJECTS LIBRARY [bundled]
#
# OBJECTS is the folder of a release build. With `bundled`, libpng and zlib are inside, hidden from the host: for wheels and
# release archives. Processors other than this machine's need tools/setup.sh PROCESSOR.
set -eu
processor=$1 objects=$2 library=$3 kind=${4-}

if [ "$processor" = "$(uname -m)" ]; then
    root= prefix=
    images=$(pkg-config --variable=libdir libpng)
else
    root=-L/usr/$processor-linux-gnu/lib prefix=$processor-linux-gnu-
    images=build/sysroot-$processor/usr/lib/$processor-linux-gnu
fi
compile="clang --target=$processor-linux-gnu"
if [ "$kind" = bundled ]; then
    for part in bundled checks; do
        $compile -O2 -fPIC -Wall -Wextra -Werror -c -o "$objects/$part.o" "bindings/static/$part.c"
    done
    pictures="$objects/bundled.o $objects/checks.o -Wl,--wrap=pow $images/libpng16.a $images/libz.a"
else
    pictures="-Wl,--as-needed -lpng16"
fi
mkdir -p "$(dirname "$library")"
$compile -shared -nostdlib -fuse-ld=lld -o "$objects/libdnc-linked.so" "$objects"/DNC.build/*.o "$objects"/Kernels*.build/*.o \
    -Wl,--icf=all,--gc-sections,-z,undefs,--version-script=dnc.map,-soname,libdnc.so.0 $root "-L$images" $pictures \
    -Wl,--as-needed -lm -l:libc.so.6 "$("${prefix}gcc" -print-libgcc-file-name)"
# Two names are those of glibc's loader, and every process has them. If the library named that loader, musl's would refuse it.
if "${prefix}nm" -D --undefined-only "$objects/libdnc-linked.so" |
    grep -v -e @GLIBC_ -e ' png_' -e ' __tls_get_addr$' -e ' __stack_chk_guard$'; then
    echo "nothing defines these" >&2
    exit 1
fi
"${prefix}strip" --strip-unneeded -R .comment -R .swift_modhash -o "$library.new" "$objects/libdnc-linked.so"
mv "$library.new" "$library"
ln -sf libdnc.so "$(dirname "$library")/libdnc.so.0"
