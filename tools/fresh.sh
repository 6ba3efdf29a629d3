#!/bin/sh
# What somebody finds who knows only the pages: clones the last commit to a temporary folder, installs the Python package
# that is built from there into fresh environments, and runs there what the pages show (Tests/python/test_snippets.py).
#   tools/fresh.sh [PYTHON]     also with PYTHON (the oldest that is found) and the lowest NumPy that the package allows
# Takes some minutes: the library is built twice.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

# The oldest Python from the lowest that the package allows on.
oldest() {
    for minor in $(seq "$(sed -n 's/^requires-python = ">=3\.\([0-9]*\)"/\1/p' bindings/python/pyproject.toml)" 30); do
        if "python3.$minor" -c 'import venv, ensurepip' 2>/dev/null; then
            echo "python3.$minor"
            return
        fi
    done
    echo python3
}
python=${1:-$(oldest)}
# Later Pythons than the oldest have no wheel of the lowest NumPy; this is the first that each has.
case $("$python" -c 'import sys; print(sys.version_info[1])') in
9) numpy=$(sed -n 's/.*"numpy>=\([0-9.]*\)".*/\1/p' bindings/python/pyproject.toml) ;;
10) numpy=1.21.2 ;;
11) numpy=1.23.2 ;;
12) numpy=1.26.0 ;;
*) numpy=2.3.2 ;;
esac

git clone -q . "$folder/libdnc"
cd "$folder/libdnc"

# environment PYTHON NAME PACKAGE...: a fresh one with these packages, and what these tests take.
environment() {
    "$1" -m venv "$folder/$2"
    shift
    name=$1
    shift
    "$folder/$name/bin/pip" install -q --disable-pip-version-check "$@" pillow pytest safetensors
}

# This builds the library in the clone, where the C program of the README finds it.
environment python3 today "setuptools>=77" ./bindings/python
"$folder/today/bin/python" -m pytest -q Tests/python/test_snippets.py

# The source distribution builds it once more.
(cd bindings/python && "$folder/today/bin/python" setup.py -q sdist --dist-dir "$folder/dist" >/dev/null)
environment "$python" lowest "numpy==$numpy" "$folder"/dist/*.tar.gz
"$folder/lowest/bin/python" -m pytest -q Tests/python/test_snippets.py Tests/python/test_bindings.py

# To work on the package, as bindings/python/README.md says.
"$folder/today/bin/pip" install -q --disable-pip-version-check -e ./bindings/python
(cd "$folder" && today/bin/python -c 'import dnc; assert "libdnc/bindings" in dnc.__file__, dnc.__file__')
echo "fresh: nothing found"
