#!/bin/sh
# Packs wheels, of libraries with libpng and zlib inside, and the source distribution into build/wheels: tools/wheels.sh PYTHON PROCESSOR...
# Each processor's library is build/bundled/PROCESSOR/libdnc.so.
set -eu
python=$1
shift
here=$(cd "$(dirname "$0")/.." && pwd)
case "$python" in /*) ;; *) python=$here/$python ;; esac
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-315532800}" # 1980, the first that a zip can have
mkdir -p "$here/build/wheels"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$here/bindings/python"
"$python" setup.py -q egg_info --egg-base "$scratch" sdist --dist-dir "$here/build/wheels"
for processor; do
    export DNC_WHEEL_LIBRARY="$here/build/bundled/$processor/libdnc.so"
    "$python" setup.py -q egg_info --egg-base "$scratch" build --build-base "$scratch/$processor" \
        bdist_wheel --bdist-dir "$scratch/wheel-$processor" --plat-name "manylinux_2_17_$processor" \
        --dist-dir "$here/build/wheels"
done
ls -l "$here/build/wheels"
