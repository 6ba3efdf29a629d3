#!/bin/sh
# Installs the library, or removes it: tools/install.sh install|uninstall FOLDER VERSION
#
# FOLDER has libdnc.so and, if it was built, libdnc.a. From the environment: PREFIX; LIBDIR and INCLUDEDIR, which are
# PREFIX/lib and PREFIX/include; DESTDIR, under which a package is staged. A release archive has this script, too; there it is
# `./install.sh install` with PREFIX=/usr/local.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ -e "$here/VERSION" ]; then # a release archive
    action=${1-install} from=$here/lib root=$here/share/dnc version=$(cat "$here/VERSION") header=$here/include/dnc.h
else
    action=$1 from=$2 root=$here/.. version=$3 header=$here/../include/dnc.h
fi
PREFIX=${PREFIX:-/usr/local} DESTDIR=${DESTDIR-}
LIBDIR=${LIBDIR:-$PREFIX/lib} INCLUDEDIR=${INCLUDEDIR:-$PREFIX/include}

# allowed NAME PATH: what dnc.pc and CMake can have.
allowed() {
    case "$2" in [!/]*|*[\'\"\`\\\#\$]*)
        printf '%s is %s: allowed are paths that begin with /, without quotes, \, # and $\n' "$1" "$2" >&2
        exit 2
        ;;
    esac
}
allowed PREFIX "$PREFIX"
allowed LIBDIR "$LIBDIR"
allowed INCLUDEDIR "$INCLUDEDIR"
to=$DESTDIR$LIBDIR

# below PATH: the same with ${prefix}, so that a package can be moved.
below() {
    case "$1" in "$PREFIX"/*) printf '${prefix}/%s' "${1#"$PREFIX/"}" ;; *) printf '%s' "$1" ;; esac
}

if [ "$action" = uninstall ]; then
    rm -f "$DESTDIR$INCLUDEDIR/dnc.h" "$DESTDIR$INCLUDEDIR/dnc_ffi.h" "$to/libdnc.a" \
        "$to/libdnc.so" "$to/libdnc.so.0" "$to/libdnc.so.$version" \
        "$to/pkgconfig/dnc.pc" "$to/cmake/dnc/dncConfig.cmake" "$to/cmake/dnc/dncConfigVersion.cmake"
    rmdir "$to/cmake/dnc" 2>/dev/null || true
    exit 0
fi

install -d "$DESTDIR$INCLUDEDIR" "$to/pkgconfig" "$to/cmake/dnc"
install -m 644 "$header" "$DESTDIR$INCLUDEDIR/dnc.h"
[ ! -e "${header%.h}_ffi.h" ] || install -m 644 "${header%.h}_ffi.h" "$DESTDIR$INCLUDEDIR/dnc_ffi.h"
install -m 755 "$from/libdnc.so" "$to/libdnc.so.$version"
ln -sf "libdnc.so.$version" "$to/libdnc.so.0"
ln -sf libdnc.so.0 "$to/libdnc.so"
[ ! -e "$from/libdnc.a" ] || install -m 644 "$from/libdnc.a" "$to/libdnc.a"
{
    printf 'prefix=%s\nincludedir=%s\nlibdir=%s\n' "$PREFIX" "$(below "$INCLUDEDIR")" "$(below "$LIBDIR")"
    sed "s|@VERSION@|$version|" "$root/dnc.pc.in"
} >"$to/pkgconfig/dnc.pc"
for file in dncConfig.cmake dncConfigVersion.cmake; do
    while IFS= read -r line; do
        case "$line" in
        *@INCLUDEDIR@*) printf '%s\n' "set(_dnc_include \"$INCLUDEDIR\")" ;;
        *@VERSION@*) printf '%s\n' "set(PACKAGE_VERSION \"$version\")" ;;
        *) printf '%s\n' "$line" ;;
        esac
    done <"$root/bindings/c/cmake/$file.in" >"$to/cmake/dnc/$file"
done
if [ -z "$DESTDIR" ] && ! ldconfig -Nv 2>/dev/null | grep -q "^$LIBDIR:"; then
    echo "The loader does not look into $LIBDIR: set LD_LIBRARY_PATH, link with -Wl,-rpath,$LIBDIR, or add it to /etc/ld.so.conf"
fi
