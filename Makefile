# make          builds build/libdnc.so
# make ARCH=aarch64   builds build/aarch64/libdnc.so for 64-bit Arm; make test-aarch64 runs it under QEMU
# make demo     trains the copy task and draws what the network does
# make test     every test
# make gallery  draws the pictures of docs/gallery.md
# make book     builds a site from the pages, build/book/site/index.html
# make fuzz     looks for inputs that break something, FUZZ=checkpoint and SECONDS=3600 as wanted; docs/reliability.md
# make faults   puts faults into the code, one at a time: which tests notice? FAULT=softmax_tail and the like
# make bench    times training and inference steps, their mechanisms, and gradients by hand beside autodiff's
# make bench-mechanisms   times each mechanism of workloads, MECHANISMS="C16 B" and the like
# make bench-peers   times other implementations beside them, PEERS="--threads 2" and the like
# make bench-words   times the training of bAbI in words a second, FOLDER=its files WORDS="--batches 1 16" and the like
# make bench-layers   times training steps of the layer of PyTorch beside the bare library's, LAYERS="--workloads C16" and the like
# make static   builds build/libdnc.a, one object that exports only dnc_*
# make LITE=1   builds build/lite/libdnc.so: without tasks and pictures, and so without libpng
# make install  PREFIX=/usr/local, LIBDIR=PREFIX/lib, INCLUDEDIR=PREFIX/include: header, libraries, files for pkg-config and CMake
# make uninstall   removes them again
# make dist     packs a release archive into build/dist, make wheels a wheel into build/wheels; ARCH=aarch64 for Arm
#
# What is missing (libpng, Python packages for the tests) is installed on the way; tools/setup.sh says what and how.

VERSION := $(shell sed -n 's/^.define DNC_VERSION_STRING "\(.*\)"/\1/p' include/dnc.h)
SONAME := libdnc.so.0
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
CC ?= cc
CFLAGS ?= -O2
WARNINGS := -std=c99 -Wall -Wextra -Wpedantic -Werror

# The processor that the library is for: this machine's, unless the command line says another.
MACHINE := $(shell uname -m)
ARCH := $(MACHINE)
ifeq ($(filter $(ARCH),$(MACHINE) aarch64),)
$(error ARCH is $(ARCH): allowed are aarch64 and this machine's own, $(MACHINE))
endif
ifneq ($(and $(LITE),$(filter-out $(MACHINE),$(ARCH))),)
$(error LITE is for this machine's processor only)
endif
OUTPUT := $(if $(filter $(ARCH),$(MACHINE)),build$(if $(LITE),/lite),build/$(ARCH))
LIBRARY := $(OUTPUT)/libdnc.so
SOURCES := Package.swift dnc.map include/dnc.h $(shell find Sources -type f -not -path 'Sources/Autodiff/*')
PYTHON := build/venv/bin/python
# In lists that make cuts at commas.
, := ,
EXAMPLES := build/copy_task build/pictures build/step

FUZZ := checkpoint calls babi curriculum options graph log
SECONDS := 600
# The library that is shipped, with AddressSanitizer and the checks of debug builds.
FUZZ_SWIFT := -sanitize=address -assert-config Debug -g
# What the targets let fail.
FUZZ_WRAPPED := calloc malloc realloc fsync rename fstat pread pthread_create write

.PHONY: all abi test-asan test-tsan gallery book bench bench-autodiff bench-layers bench-mechanisms bench-peers bench-words demo faults fuzz fuzz-programs test \
  test-swift test-threads test-fuzz test-python test-level-v3 test-level-plain test-fresh test-layers test-mpi test-torch lint format install clean setup
.PHONY: static dist wheels uninstall ffi test-aarch64 test-neon test-packages test-tools test-languages test-lite

all: $(LIBRARY)

setup:
	@tools/setup.sh build

# The loader asks for the soname, the linker for the plain name: the links make build/ usable as it is.
# The set-up stands in the recipe, so that what is built can be installed where there is no Swift. Objects of sources that are
# gone would go into archives.
build/libdnc.so: $(SOURCES)
	@tools/setup.sh build
	@rm -f .build-embedded/release/*.build/*.o
	DNC_EMBEDDED=1 swift build -c release --product dnc --scratch-path .build-embedded
	@mkdir -p build
	strip --strip-unneeded -R .comment -R .swift_modhash -o $@.new .build-embedded/release/libdnc.so
	mv $@.new $@
	ln -sf libdnc.so build/$(SONAME)

# Without tasks and pictures.
build/lite/libdnc.so: $(SOURCES)
	@tools/setup.sh build
	@rm -f .build-lite/release/*.build/*.o
	DNC_EMBEDDED=1 DNC_LITE=1 swift build -c release --product dnc --scratch-path .build-lite
	@mkdir -p build/lite
	strip --strip-unneeded -R .comment -R .swift_modhash -o $@.new .build-lite/release/libdnc.so
	mv $@.new $@
	ln -sf libdnc.so build/lite/$(SONAME)

# What a library was linked from.
OBJECTS = $(if $(filter $(ARCH),$(MACHINE)),$(if $(LITE),.build-lite,.build-embedded)/release,$(ARM_OBJECTS))

static: $(OUTPUT)/libdnc.a

$(OUTPUT)/libdnc.a: $(LIBRARY) tools/archive.sh $(wildcard bindings/static/*.c)
	tools/archive.sh $(ARCH) $(OBJECTS) $@

# What is given to others has libpng and zlib inside.
BUNDLED := tools/link.sh tools/archive.sh $(wildcard bindings/static/*.c)

build/bundled/$(ARCH)/libdnc.so: $(LIBRARY) $(BUNDLED)
	@tools/setup.sh fuzz
	tools/link.sh $(ARCH) $(OBJECTS) $@ bundled
	tools/archive.sh $(ARCH) $(OBJECTS) $(@D)/libdnc.a

# A release archive; ARCH=aarch64 for Arm's.
dist: build/bundled/$(ARCH)/libdnc.so
	tools/dist.sh $(ARCH) $(VERSION)

# For this machine's processor, and with ARCH=aarch64 for Arm; and the source distribution.
wheels: build/bundled/$(ARCH)/libdnc.so $(PYTHON)
	tools/wheels.sh $(PYTHON) $(ARCH)

test-packages: dist wheels
	$(PYTHON) -m pytest -q Tests/packages

# Not part of make test, since it builds the library once more.
test-lite: build/lite/libdnc.so $(PYTHON)
	$(PYTHON) -m pytest -q Tests/packages/test_lite.py

# For Arm, on another machine: Swift compiles for the bare processor with the headers of Arm's libc.
ARM_OBJECTS := .build-aarch64/aarch64-none-none-elf/release
ARM_LITE_OBJECTS := .build-aarch64-lite/aarch64-none-none-elf/release
ARM_BUILD := DNC_EMBEDDED=1 DNC_ARCH=aarch64 DNC_SYSROOT=/usr/aarch64-linux-gnu swift build -c release \
  --triple aarch64-none-none-elf --target DNC --scratch-path

build/aarch64/libdnc.so: $(SOURCES) tools/link.sh
	@tools/setup.sh build
	@tools/setup.sh aarch64
	@rm -f $(ARM_OBJECTS)/*.build/*.o
	$(ARM_BUILD) .build-aarch64
	tools/link.sh aarch64 $(ARM_OBJECTS) $@

build/aarch64/lite/libdnc.so: $(SOURCES) tools/link.sh
	@tools/setup.sh aarch64
	@rm -f $(ARM_LITE_OBJECTS)/*.build/*.o
	DNC_LITE=1 $(ARM_BUILD) .build-aarch64-lite
	tools/link.sh aarch64 $(ARM_LITE_OBJECTS) $@

# Tests of the build itself, of other languages, and of MPI, which need tools that are programs of this machine.
ARM_IGNORED := abi build languages mpi

# Not part of make test, since the library for Arm takes as long to build as the other one. First what this machine checks of it,
# then, with Python for Arm, the tests of the interface.
test-aarch64: build/aarch64/libdnc.so build/libdnc.so $(PYTHON)
	@tools/setup.sh python-aarch64
	$(MAKE) ARCH=aarch64 wheels
	$(PYTHON) -m pytest -q -n $$(nproc) Tests/aarch64
	tools/python_aarch64.sh -m pytest -q -n $$(nproc) $(ARM_IGNORED:%=--ignore=Tests/interface/test_%.py) \
	  -m "not real_machine" -k "not valgrind" Tests/interface

# A part of make test: Arm's library without tasks and pictures, which is two thirds of what is compiled.
test-neon: build/aarch64/lite/libdnc.so $(LIBRARY) $(PYTHON)
	$(PYTHON) -m pytest -q Tests/aarch64/test_kernels.py Tests/aarch64/test_lite.py

build/%: bindings/c/examples/%.c include/dnc.h $(LIBRARY)
	$(CC) $(WARNINGS) $(CFLAGS) -Iinclude -o $@ $< -Lbuild -ldnc -lm -Wl,-rpath,'$$ORIGIN'

demo: build/copy_task
	build/copy_task --output demo

# The pictures of docs/gallery.md: model, log, task, the episode's options, the options of a length, folder. Of 192 slots, the
# picture of an episode would show little.
gallery: build/pictures $(PYTHON)
	build/pictures models/copy.safetensors models/copy.jsonl copy min_length=8,max_length=8 \
	  "min_length={},max_length={}" 4 docs/images/copy
	build/pictures models/repeat_copy.safetensors models/repeat_copy.jsonl repeat_copy \
	  min_length=4,max_length=4,min_repeats=3,max_repeats=3 \
	  "min_length={},max_length={},min_repeats=2,max_repeats=2" 1 docs/images/repeat_copy
	build/pictures models/graph_traversal.safetensors models/graph_traversal_stage_1.jsonl graph_traversal \
	  nodes=6,out_degree=2,path=4 "nodes={},out_degree=3,path=3" 4 docs/images/graph_traversal
	$(WITH_LIBRARY) $(PYTHON) -m dnc plot episode models/graph_traversal.safetensors graph_traversal --option nodes=6 \
	  --option out_degree=2 --option path=4 --memory-slots 32 --panels phases,input,target,prediction,error,writes,reads,origins,usage \
	  --output docs/images/graph_traversal/episode.png
	$(WITH_LIBRARY) $(PYTHON) -m dnc plot training models/graph_traversal_by_content.jsonl --output docs/images/graph_traversal/lessons.png
	$(WITH_LIBRARY) $(PYTHON) -m dnc plot training models/babi_seed_2_stage_1.jsonl --output docs/images/babi/training.png
	$(WITH_LIBRARY) $(PYTHON) -m dnc plot training models/babi_seed_0_stage_4.jsonl models/babi_seed_1_stage_4.jsonl models/babi_seed_2_stage_4.jsonl \
	  --name "seed 0" --name "seed 1" --name "seed 2" --output docs/images/babi/seeds.png
	$(PYTHON) tools/add_still.py docs/images/*/film.png

# With the reference of the package and of its command line. A link that leads nowhere ends it.
BOOK := PYTHONPATH=tools/book:bindings/python DNC_LIBRARY="$(CURDIR)/$(LIBRARY)" NO_MKDOCS_2_WARNING=1 build/book-venv/bin

book: $(LIBRARY) build/book-venv/installed
	$(BOOK)/python tools/book/gather.py
	$(BOOK)/mkdocs build --strict -f tools/book/mkdocs.yml
	@echo 'build/book/site/index.html; with its search: python3 -m http.server -d build/book/site'

build/book-venv/installed: tools/book/requirements.txt
	@tools/setup.sh book
	@touch $@

bench: build/bench
	build/bench
	$(MAKE) bench-mechanisms
	$(MAKE) bench-autodiff

# The library's sources with the flags of the product, as a program that times their mechanisms. SwiftPM doesn't know its own
# description of such a build again.
bench-mechanisms: | setup
	@rm -f .build-mechanisms/*/release/*description.json
	DNC_EMBEDDED=1 DNC_MECHANISMS=1 swift build -c release --product mechanisms --scratch-path .build-mechanisms
	.build-mechanisms/release/mechanisms $(MECHANISMS)

# The same way of optimizing for both; that of the product is for size.
bench-autodiff: | setup
	swift build -c release --product autodiff-bench --scratch-path .build
	.build/release/autodiff-bench $(AUTODIFF)

bench-peers: $(LIBRARY) build/peers-venv/installed
	DNC_LIBRARY="$(CURDIR)/$(LIBRARY)" build/peers-venv/bin/python benchmarks/peers/run.py $(PEERS)

bench-layers: $(LIBRARY) build/peers-venv/installed
	$(WITH_LIBRARY) build/peers-venv/bin/python benchmarks/peers/layer.py $(LAYERS)

bench-words: $(LIBRARY) $(PYTHON)
	$(WITH_LIBRARY) $(PYTHON) benchmarks/words.py $(FOLDER) $(WORDS)

build/peers-venv/installed: benchmarks/peers/requirements.txt
	@tools/setup.sh peers
	@touch $@

# Fused products also where C's standard would round twice: the machine is measured at its best.
build/bench: benchmarks/bench.c $(wildcard benchmarks/common/*) include/dnc.h $(LIBRARY)
	$(CC) $(WARNINGS) $(CFLAGS) -ffp-contract=fast -Iinclude -o $@ $(filter %.c,$^) -Lbuild -ldnc -lm -Wl,-rpath,'$$ORIGIN'

$(PYTHON): Tests/requirements.txt
	@tools/setup.sh python
	@touch $@

# Every phase is a target; tools/run_tests.py says which waits for which, and counts their tests.
test: | setup
	@python3 tools/run_tests.py

# The phase that installs what others take, beside the first builds.
test-tools: $(PYTHON) build/book-venv/installed
	@tools/setup.sh languages
	@tools/setup.sh mpi
	@tools/setup.sh torch
	@$(if $(filter x86_64,$(MACHINE)),tools/setup.sh aarch64)

# Without tasks and pictures, which these tests do not touch: they are a third of what is compiled.
test-swift: | setup
	DNC_LITE=1 swift test --scratch-path .build

# Every access of the threads to memory, watched.
test-threads: | setup
	DNC_THREADS=1 swift test --scratch-path .build-tsan --sanitize=thread --filter ThreadsTests

# Not part of make test, since they take long: every access to memory, and every access of the threads in C programs too.
test-asan: | setup
	ASAN_OPTIONS=detect_leaks=0 swift test --scratch-path .build-asan --sanitize=address
	Tests/interface/sanitized.sh address

test-tsan: test-threads
	Tests/interface/sanitized.sh thread

.build-fuzz/built: $(SOURCES) | setup
	@tools/setup.sh fuzz
	@rm -f .build-fuzz/release/*.build/*.o
	DNC_EMBEDDED=1 DNC_SANITIZED=1 DNC_FUZZED=1 swift build -c release --target DNC --scratch-path .build-fuzz $(addprefix -Xswiftc ,$(FUZZ_SWIFT))
	@touch $@

build/fuzz/%: Tests/fuzz/%.c Tests/fuzz/fuzz.h Tests/fuzz/tasks.h Tests/interface/pieces.h include/dnc.h .build-fuzz/built
	@mkdir -p build/fuzz
	clang -std=gnu11 -Wall -Wextra -Werror -O1 -g -fuse-ld=lld -fsanitize=fuzzer,address -Iinclude \
	  $(addprefix -Wl$(,)--wrap=,$(FUZZ_WRAPPED)) -o $@ $< \
	  .build-fuzz/release/DNC.build/*.o .build-fuzz/release/Kernels*.build/*.o $$(pkg-config --libs libpng) -lm -lpthread

fuzz-programs: $(FUZZ:%=build/fuzz/%)

fuzz: fuzz-programs
	@test -n "$(strip $(FUZZ))" || { echo "FUZZ is empty: which targets?" >&2; exit 1; }
	@for target in $(FUZZ); do Tests/fuzz/run.sh $$target $(SECONDS) || exit 1; done

# Every seed and every input that once broke something, and new ones for a minute.
test-fuzz: fuzz-programs
	@test -n "$(strip $(FUZZ))" || { echo "FUZZ is empty: which targets?" >&2; exit 1; }
	@for target in $(FUZZ); do Tests/fuzz/run.sh $$target 9 test || exit 1; done

test-python: $(LIBRARY) $(EXAMPLES) $(PYTHON)
	$(PYTHON) -m pytest -q -n $$(nproc) --dist worksteal --ignore=Tests/aarch64 --ignore=Tests/packages \
	  --ignore=Tests/interface/test_languages.py Tests

# What the kernels compute, with those of the lower levels; but for what takes long.
LEVEL_TESTS := -m "not any_level" -k "not valgrind and not helgrind and not learning"

test-level-v3: $(LIBRARY) $(PYTHON)
	DNC_CPU=x86-64-v3 $(PYTHON) -m pytest -q Tests/interface $(LEVEL_TESTS)

test-level-plain: $(LIBRARY) $(PYTHON)
	DNC_CPU=plain $(PYTHON) -m pytest -q Tests/interface $(LEVEL_TESTS)

# Takes an hour; docs/reliability.md has what came of it.
faults: $(PYTHON)
	$(PYTHON) tools/faults/run.py $(FAULT)

# The layer of PyTorch and its examples, with Debian's torch, which is old and small. With the newest, which is larger than
# everything else together, they are not part of make test.
TORCH_TESTS := $(addprefix Tests/python/test_torch,.py _examples.py _processes.py)
WITH_LIBRARY := OMP_NUM_THREADS=1 DNC_LIBRARY="$(CURDIR)/$(LIBRARY)" PYTHONPATH=bindings/python

test-layers: $(LIBRARY)
	@tools/setup.sh torch
	$(WITH_LIBRARY) build/torch-venv/bin/python -m pytest -q $(TORCH_TESTS)

test-torch: $(LIBRARY) build/peers-venv/installed
	$(WITH_LIBRARY) build/peers-venv/bin/python -m pytest -q $(TORCH_TESTS)

# A part of make test: what takes many processes.
test-mpi: $(LIBRARY) $(PYTHON)
	@tools/setup.sh mpi
	DNC_LIBRARY="$(CURDIR)/$(LIBRARY)" $(PYTHON) -m pytest -q Tests/interface/test_mpi.py Tests/python/test_ranks.py

# Not part of make test, since it builds everything anew: what the pages say, with the package installed from a fresh clone.
test-fresh:
	tools/fresh.sh

# The interface as a description that programs can be checked against: what is in it must stay.
abi: $(PYTHON)
	$(PYTHON) Tests/abi/describe.py Tests/abi/libdnc.so.0.abi

# The header for other languages: include/dnc_ffi.h, bindings/rust/src/sys.rs.
ffi: $(PYTHON)
	@tools/setup.sh languages
	$(PYTHON) tools/make_ffi.py

test-languages: $(LIBRARY) $(PYTHON)
	@tools/setup.sh languages
	$(PYTHON) -m pytest -q Tests/interface/test_languages.py

lint: $(PYTHON)
	swift format lint -s -r Package.swift Sources Tests benchmarks
	build/venv/bin/ruff check -q benchmarks bindings curricula Tests tools
	build/venv/bin/ruff format -q --check benchmarks bindings curricula Tests tools

format: $(PYTHON)
	swift format -i -r Package.swift Sources Tests benchmarks
	build/venv/bin/ruff format -q benchmarks bindings curricula Tests tools

# The shell takes them from its environment, where no character of theirs means anything to it.
install uninstall: export PREFIX := $(PREFIX)
install uninstall: export LIBDIR := $(LIBDIR)
install uninstall: export INCLUDEDIR := $(INCLUDEDIR)
install uninstall: export DESTDIR := $(DESTDIR)
install: $(LIBRARY)
	@tools/install.sh install $(OUTPUT) $(VERSION)

uninstall:
	@tools/install.sh uninstall $(OUTPUT) $(VERSION)

clean:
	rm -rf build demo .build .build-embedded .build-tsan .build-asan .build-mechanisms .build-*-library .build-fuzz .build-aarch64 .build-aarch64-lite .build-lite
