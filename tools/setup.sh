#!/bin/sh
# Installs what is missing, or says the exact command when it may not.
#   tools/setup.sh build     what building the library takes: Swift 6.3, a C compiler, libpng
#   tools/setup.sh aarch64   what building it for 64-bit Arm takes on another machine: GCC and libc for it, QEMU to run it, and
#                            libpng and zlib of Arm, unpacked into build/sysroot-aarch64
#   tools/setup.sh python-aarch64   Debian's Python for Arm with what the tests of the interface take, unpacked into
#                            build/python-aarch64, for QEMU to run
#   tools/setup.sh python    a local environment, build/venv, with what the tests take; valgrind, abigail-tools
#   tools/setup.sh fuzz      what the fuzz targets take: Clang with AddressSanitizer and libFuzzer, and lld
#   tools/setup.sh languages  LuaJIT, Rust with bindgen, and Go
#   tools/setup.sh mpi       Open MPI
#   tools/setup.sh torch     Debian's PyTorch, and an environment that sees it, build/torch-venv, with what its tests take
#   tools/setup.sh book      another one, build/book-venv, with what makes a site of the pages
#   tools/setup.sh peers     another one, build/peers-venv, with the implementations that benchmarks/peers compares
set -eu

# What is installed is compiled when it is imported: most of it never is.
pip_install="install -q --no-compile --disable-pip-version-check"

# packages PACKAGE...: installs Debian packages, one call of this script at a time.
packages() {
    mkdir -p build && exec 9>build/setup.lock && flock 9
    if [ "$(id -u)" = 0 ]; then run=""; elif sudo -n true 2>/dev/null; then run="sudo"; else run="no"; fi
    if [ "$run" = no ] || ! command -v apt-get >/dev/null; then
        echo "missing: $*. Please install with:  sudo apt-get install $*" >&2
        exit 1
    fi
    $run apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $run apt-get install -y -qq "$@" >/dev/null
    exec 9>&-
}

# foreign ARCHITECTURE FOLDER COMMAND...: unpacks Debian packages of another architecture, which a command of apt-get downloads.
# apt has lists of its own for that, so that the machine's packages stay as they are.
foreign() {
    architecture=$1 folder=$2
    shift 2
    rm -rf "$folder"
    mkdir -p "$folder/apt/lists/partial" "$folder/apt/archives/partial"
    lists=$(cd "$folder/apt" && pwd)
    : >"$lists/status"
    options="-qq -o APT::Architecture=$architecture -o APT::Architectures=$architecture -o APT::Sandbox::User=root
        -o Dir::State::Lists=$lists/lists -o Dir::State::status=$lists/status
        -o Dir::Cache::archives=$lists/archives -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache="
    apt-get $options update
    (cd "$lists/archives" && apt-get $options "$@")
    for package in "$lists"/archives/*.deb; do dpkg-deb -x "$package" "$folder"; done
    rm -rf "$lists"
}

# newest VERSION VERSION: the higher of two.
newest() { printf '%s\n' "$@" | sort -V | tail -n 1; }

case "${1-}" in
build)
    swift=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9.]*[0-9]\).*/\1/p' | head -n 1)
    if [ "$(newest "${swift:-0}" 6.3)" != "${swift:-0}" ]; then
        echo "missing: Swift 6.3 or newer${swift:+, this is $swift}. Please install it from https://www.swift.org/install/" >&2
        exit 1
    fi
    command -v cc >/dev/null && command -v pkg-config >/dev/null && pkg-config --exists libpng ||
        packages gcc libc6-dev pkg-config libpng-dev
    ;;
aarch64)
    command -v qemu-aarch64 >/dev/null && command -v aarch64-linux-gnu-gcc >/dev/null ||
        packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
    command -v clang >/dev/null && command -v ld.lld >/dev/null || packages clang lld
    [ -e build/sysroot-aarch64/installed ] || {
        foreign arm64 build/sysroot-aarch64 download libpng-dev libpng16-16 zlib1g-dev zlib1g
        touch build/sysroot-aarch64/installed
    }
    ;;
python-aarch64)
    site=build/python-aarch64/usr/lib/python3/dist-packages
    [ -e build/python-aarch64/installed ] && [ -e $site/safetensors ] || {
        foreign arm64 build/python-aarch64 install --download-only -y --no-install-recommends \
            python3-numpy python3-pip python3-filelock python3-pil python3-pytest python3-pytest-xdist
        # What their installation would do.
        for name in blas lapack; do
            (cd build/python-aarch64/usr/lib/aarch64-linux-gnu && ln -sf "$name/lib$name.so.3" .)
        done
        # Debian has none.
        [ -x build/venv/bin/pip ] || "$0" python
        build/venv/bin/pip $pip_install --no-deps --only-binary=:all: --platform manylinux2014_aarch64 --python-version 3.11 \
            --target $site safetensors
        touch build/python-aarch64/installed
    }
    ;;
fuzz)
    # Swift brings all of it; where its Clang is not in the PATH, Debian's does as well.
    program="int LLVMFuzzerTestOneInput(const char *data, unsigned long size) { return data && size > 99999; }"
    echo "$program" | clang -x c -fsanitize=fuzzer,address -fuse-ld=lld -o /dev/null - 2>/dev/null ||
        packages clang lld libclang-rt-dev
    ;;
book)
    python3 -c 'import venv, ensurepip' 2>/dev/null || packages python3-venv
    [ -x build/book-venv/bin/pip ] || python3 -m venv build/book-venv
    build/book-venv/bin/pip $pip_install -r tools/book/requirements.txt
    ;;
languages)
    for tool in luajit cargo go; do
        command -v $tool >/dev/null || packages luajit cargo golang-go
    done
    # With the libclang that tools/make_ffi.py gives to it.
    command -v bindgen >/dev/null && command -v rustfmt >/dev/null || packages bindgen libclang1 rustfmt
    ;;
mpi)
    command -v mpicc >/dev/null && command -v mpirun >/dev/null || packages libopenmpi-dev openmpi-bin
    ;;
peers)
    python3 -c 'import venv, ensurepip' 2>/dev/null || packages python3-venv
    [ -x build/peers-venv/bin/pip ] || python3 -m venv build/peers-venv
    pip="build/peers-venv/bin/pip $pip_install"
    $pip -r benchmarks/peers/requirements.txt
    $pip --no-deps dnc==1.1.0 # the package asks for another that it does not need
    ;;
torch)
    # Debian 12 has 1.13, the oldest that the layer works with.
    /usr/bin/python3 -c 'import torch, venv, ensurepip' 2>/dev/null || packages python3-torch python3-venv
    [ -x build/torch-venv/bin/pip ] || /usr/bin/python3 -m venv --system-site-packages build/torch-venv
    build/torch-venv/bin/pip $pip_install 'pytest>=7' 'gymnasium>=0.29'
    ;;
python)
    for tool in valgrind g++ cmake abidw musl-gcc; do
        command -v $tool >/dev/null || packages valgrind g++ cmake abigail-tools musl-tools
    done
    python3 -c 'import venv, ensurepip' 2>/dev/null || packages python3-venv
    [ -x build/venv/bin/pip ] || python3 -m venv build/venv
    build/venv/bin/pip $pip_install -r Tests/requirements.txt
    ;;
*)
    echo "usage: tools/setup.sh build|aarch64|python-aarch64|python|fuzz|languages|mpi|torch|book|peers" >&2
    exit 2
    ;;
esac
