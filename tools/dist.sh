#!/bin/sh
# Packs a release archive, the same bytes from the same library: tools/dist.sh PROCESSOR VERSION
#
# build/dist/libdnc-VERSION-linux-PROCESSOR.tar.gz holds header, libraries with libpng and zlib inside, files for pkg-config and
# CMake, licences, and install.sh. The libraries are those in build/bundled/PROCESSOR.
set -eu
processor=$1 version=$2
bundled=build/bundled/$processor
name=libdnc-$version-linux-$processor
stage=build/dist/$name

rm -rf "$stage"
mkdir -p "$stage/lib" "$stage/include" "$stage/share/dnc/bindings/c/cmake"
cp include/*.h "$stage/include/"
cp "$bundled/libdnc.so" "$stage/lib/libdnc.so.$version"
ln -s "libdnc.so.$version" "$stage/lib/libdnc.so.0"
ln -s libdnc.so.0 "$stage/lib/libdnc.so"
cp "$bundled/libdnc.a" "$stage/lib/"
cp dnc.pc.in "$stage/share/dnc/"
cp bindings/c/cmake/*.in "$stage/share/dnc/bindings/c/cmake/"
cp LICENSE NOTICES CHANGELOG.md "$stage/"
cp tools/install.sh "$stage/"
echo "$version" >"$stage/VERSION"
find "$stage" -type d -exec chmod 755 {} + -o -type f -exec chmod 644 {} +
chmod 755 "$stage/install.sh" "$stage/lib/libdnc.so.$version"

date=${SOURCE_DATE_EPOCH:-315532800} # 1980, as in the wheels
tar --format=ustar --sort=name --mtime="@$date" --owner=0 --group=0 --numeric-owner -C build/dist -cf - "$name" |
    gzip -9 -n >"$stage.tar.gz"
rm -rf "$stage"
cd build/dist
sha256sum *.tar.gz >SHA256SUMS
ls -l "$name.tar.gz"
