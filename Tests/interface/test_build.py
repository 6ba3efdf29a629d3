"""What was built: the header, the library's symbols and needs, and C programs against both."""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from programs import WARNINGS, needs, run, valgrind
from support import CHECKOUT, HEADER, LIBRARY, c, load

HERE = Path(__file__).parent
EXAMPLES = CHECKOUT / "bindings" / "c" / "examples"
README = CHECKOUT / "bindings" / "c" / "README.md"


# ------------------------------------------------------------------------------------ the header --


@pytest.mark.any_level
@needs("gcc", "g++")
@pytest.mark.parametrize("compiler", ["gcc -std=c99", "gcc -std=c11", "g++ -std=c++11 -x c++", "g++ -std=c++17 -x c++"])
def test_the_header_stands_alone(compiler, tmp_path):
    """Twice, since it guards itself; and used, since macros and enums are expanded only then."""
    source = tmp_path / "only.c"
    source.write_text(
        '#include "dnc.h"\n#include "dnc.h"\n'
        "int main(void) { dnc_config config; return dnc_config_init(&config, sizeof config) == DNC_OK ? 0 : 1; }\n"
    )
    run(*compiler.split(), *WARNINGS, "-Wshadow", "-Wconversion", "-fsyntax-only", "-I", HEADER.parent, source)


NAMESPACE = """
namespace dnc { class Network; }
#include "dnc.h"
namespace dnc {
class Network {
public:
    explicit Network(const dnc_config &config) { status = dnc_create(&config, &handle); }
    Network(const Network &) = delete;
    Network &operator=(const Network &) = delete;
    ~Network() { dnc_free(handle); }
    dnc_network *handle = nullptr;
    dnc_status status;
};
}
int main() {
    dnc_config config;
    dnc_config_init(&config, sizeof config);
    config.input_size = config.output_size = 2;
    dnc::Network network(config);
    float input[2] = {1, 0}, output[2];
    return network.status || dnc_step(network.handle, input, output);
}
"""


@pytest.mark.any_level
@pytest.mark.parametrize("compiler", [
    pytest.param(f"{compiler} -std={standard}", marks=needs(compiler.split()[0]))
    for compiler in ("g++", "clang++") for standard in ("c++11", "c++17")
])  # fmt: skip
def test_a_program_in_cpp_has_a_namespace_dnc(compiler, tmp_path):
    source, program = tmp_path / "program.cpp", tmp_path / "program"
    source.write_text(f"#define DNC_NO_SHORT_NAME\n{NAMESPACE}")
    (tmp_path / "libdnc.so.0").symlink_to(LIBRARY)
    run(*compiler.split(), *WARNINGS, "-I", HEADER.parent, source, "-o", program, tmp_path / "libdnc.so.0",
        f"-Wl,-rpath,{tmp_path}")  # fmt: skip
    run(program)


@pytest.mark.any_level
@needs("gcc", "g++")
@pytest.mark.parametrize("compiler", ["gcc -std=c99", "g++ -std=c++11 -x c++"])
@pytest.mark.parametrize("macro", ["", "#define DNC_NO_SHORT_NAME\n"])
def test_the_long_name_of_a_network_is_there_with_the_short_one_and_without(compiler, macro, tmp_path):
    """So a header of others compiles in both."""
    source = tmp_path / "long.c"
    use = "int reset(struct dnc_network *one); int reset(struct dnc_network *one) { return dnc_reset(one); }\n"
    source.write_text(f'{macro}#include "dnc.h"\n{use}' + ("int dnc;\n" if macro else "dnc *short_one;\n"))
    run(*compiler.split(), *WARNINGS, "-fsyntax-only", "-I", HEADER.parent, source)


def test_the_header_includes_little():
    assert re.findall(r"#include (.+)", HEADER.read_text()) == ["<stddef.h>", "<stdint.h>"]


@needs("gcc")
def test_the_mirror_agrees_with_the_header(tmp_path):
    """Sizes, offsets and constants, as the compiler sees them."""
    structs = ("dnc_config", "dnc_tensor", "dnc_optimizer_config", "dnc_image_options")
    constants = re.findall(r"\b(DNC_[A-Z0-9_]+) = \d+", HEADER.read_text())
    assert len(constants) > 45
    lines, expected = [], []
    for struct in structs:
        mirror = getattr(c, struct)
        lines.append(f'printf("%zu\\n", sizeof({struct}));')
        expected.append(str(ctypes.sizeof(mirror)))
        for field, _ in mirror._fields_:
            lines.append(f'printf("%zu\\n", offsetof({struct}, {field}));')
            expected.append(str(getattr(mirror, field).offset))
    for name in constants:
        lines.append(f'printf("%d\\n", (int){name});')
        expected.append(str(getattr(c, name)))
    source = tmp_path / "mirror.c"
    source.write_text("#include <stdio.h>\n#include <dnc.h>\nint main(void) {" + "\n".join(lines) + "return 0; }\n")
    run("gcc", "-I", HEADER.parent, source, "-o", tmp_path / "mirror")
    assert run(tmp_path / "mirror").split() == expected


# ----------------------------------------------------------------------------------- the library --


@needs("nm")
def test_exported_symbols():
    """Exactly the functions of the header, which are exactly those of the committed list."""
    lines = run("nm", "-D", "--defined-only", LIBRARY).splitlines()
    symbols = {line.split()[-1].split("@")[0] for line in lines if " A " not in line}
    committed = (HERE / "symbols.txt").read_text().split()
    assert committed == sorted(committed)
    assert sorted(symbols) == committed
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.S)
    assert sorted(set(re.findall(r"\b(dnc_\w+)\(", text))) == committed
    assert all(" T " in line or " A " in line for line in lines), "functions only"


@needs("readelf")
def test_what_the_library_needs():
    dynamic = run("readelf", "-d", LIBRARY)
    needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic))
    unexpected = needed - {"libc.so.6", "libm.so.6", "libpng16.so.16"}
    assert not {name for name in unexpected if not name.startswith("ld-linux")}
    assert re.findall(r"\(SONAME\).*\[(.+)\]", dynamic) == ["libdnc.so.0"]
    assert set(re.findall(r"\(R(?:UN)?PATH\).*\[(.*)\]", dynamic)) <= {"$ORIGIN"}, "no folder of this machine"
    assert "TEXTREL" not in dynamic


@needs("objdump")
def test_every_glibc_from_2_17_on_will_do():
    """Of 2012. A symbol with a newer version would keep the library from loading on older systems."""
    versions = {
        tuple(map(int, found.split("."))) for found in re.findall(r"\bGLIBC_([\d.]+)", run("objdump", "-T", LIBRARY))
    }
    assert versions and max(versions) <= (2, 17), sorted(versions)


@needs("readelf")
def test_the_stack_is_not_executable():
    line = next(line for line in run("readelf", "-lW", LIBRARY).splitlines() if "GNU_STACK" in line)
    assert "RWE" not in line


@needs("strip")
def test_the_library_is_small(tmp_path):
    stripped = tmp_path / "libdnc.so"
    shutil.copy(LIBRARY, stripped)
    run("strip", stripped)
    assert stripped.stat().st_size < 900_000


@needs("objdump")
def test_no_hot_loop_keeps_a_vector_on_the_stack():
    """If the sums of a product are on the stack, it takes twice the time. That depends on what the compiler inlines."""
    unstripped = CHECKOUT / ".build-embedded" / "release" / "libdnc.so"
    lines = run(sys.executable, CHECKOUT / "tools" / "count_instructions.py", unstripped).splitlines()
    assert len(lines) == 6 * len({line.partition(":")[0] for line in lines}) > 0
    assert not [line for line in lines if not line.endswith(", 0 to the stack")]


def test_nothing_of_this_machine_is_in_the_library():
    content = LIBRARY.read_bytes()
    for text in (str(CHECKOUT).encode(), b"/root/", b"/home/"):
        assert text not in content, text


# ---------------------------------------------------------------------------------- the programs --


def test_step_is_short():
    assert len((EXAMPLES / "step.c").read_text().splitlines()) < 60


@needs("gcc")
def test_step(built):
    output = run(built(EXAMPLES / "step.c"))
    assert len(output.splitlines()) == 5
    assert run(built(EXAMPLES / "step.c")) == output


PICTURES = {"input.png", "target.png", "prediction.png", "logits.png", "episode.png", "state.png", "film.png"}


def assert_demo(folder, optimizer_steps=None):
    assert {path.name for path in folder.iterdir()} == PICTURES | {"copy.safetensors"}
    for name in PICTURES:
        with Image.open(folder / name) as image:
            image.load()
            assert image.format == "PNG" and min(image.size) > 50
    net, optimizer = load(folder / "copy.safetensors")
    size = net.config
    assert (size.hidden_size, size.memory_slots, size.word_size, size.read_heads) == (64, 32, 16, 2)
    assert optimizer_steps is None or optimizer.steps == optimizer_steps
    return net


@pytest.mark.any_level
@needs("gcc")
def test_streams_are_parked_and_resumed(built, tmp_path):
    output = run(built(EXAMPLES / "stream.c"), cwd=tmp_path)
    assert "outputs as in one go, bit for bit" in output and not list(tmp_path.iterdir())


@pytest.mark.any_level
@needs("g++")
def test_agents_learn_while_they_act(built):
    """Half of the answers are right by chance."""
    program = built(EXAMPLES / "agents.cpp")
    assert float(run(program, 600).split(" %")[0]) > 80
    run(program, 3, expect=1)


@needs("gcc")
def test_copy_task(built, tmp_path):
    """Too short a training ends with 1, and leaves everything; twice the same is the same."""
    program = built(EXAMPLES / "copy_task.c")
    output = run(program, "--iterations", 30, "--batch", 4, "--output", tmp_path / "a", expect=1)
    assert output.startswith("not learned after 30 iterations")
    assert all(name in output for name in PICTURES)
    assert_demo(tmp_path / "a", optimizer_steps=30)
    run(program, "--iterations", 30, "--batch", 4, "--output", tmp_path / "b", "--quiet", expect=1)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name
    run(program, "--iterations", 30, "--batch", 4, "--output", tmp_path / "c", "--seed", 2, expect=1)
    assert (tmp_path / "a" / "copy.safetensors").read_bytes() != (tmp_path / "c" / "copy.safetensors").read_bytes()


@pytest.mark.any_level
@needs("gcc")
def test_pictures(built, tmp_path):
    """Every picture, of a trained network."""
    models = CHECKOUT / "models"
    run(built(EXAMPLES / "pictures.c"), models / "copy.safetensors", models / "copy.jsonl", "copy", "max_length=3",
        "min_length={},max_length={}", 1, tmp_path / "pictures", "dark")  # fmt: skip
    names = ("episode.png", "state.png", "film.png", "training.png", "capacity.png")
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == sorted(names)
    for name in names:
        with Image.open(tmp_path / "pictures" / name) as image:
            image.load()
            assert min(image.size) > 100 and image.convert("RGB").getpixel((0, 0)) == (18, 18, 22)


@pytest.mark.any_level
@needs("gcc")
def test_benchmark(built):
    """A table of times and floors, and one of words a second."""
    folder = CHECKOUT / "benchmarks"
    program = built(folder / "bench.c", *sorted((folder / "common").glob("*.c")))
    output = run(program, "--seconds", 0.01, "A", "IA", "S1")
    rows = [re.findall(r"[^| ][^|]*[^| ]|[^| ]", row) for row in output.splitlines() if row.startswith("| ")]
    cells = {row[0]: row[1:] for row in rows}
    for _, least, floor, ratio, rate, memory in (cells["A"], cells["IA"]):
        assert float(ratio) == pytest.approx(float(least) / float(floor), rel=0.1)
        assert float(rate) > 0 and float(memory) > 0
    least, ratio, words, *_ = map(float, cells["1"])
    assert words == pytest.approx(70_000 / least, rel=0.01) and ratio > 0
    assert "is no workload" in subprocess.run([program, "Z"], capture_output=True, text=True).stderr


@pytest.mark.any_level
@needs("gcc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_copy_task_interrupted(built, tmp_path, number):
    """Ctrl-C keeps the model."""
    process = subprocess.Popen(
        [built(EXAMPLES / "copy_task.c"), "--output", "demo", "--batch", "2", "--learning-rate", "0"],
        cwd=tmp_path, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(1)
    assert process.poll() is None
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and "stopped after" in output
    assert_demo(tmp_path / "demo")


@pytest.mark.any_level
@needs("gcc")
@pytest.mark.parametrize(
    "arguments",
    ["--batch 0", "--batch", "--batch x", "--seed -1", "--iterations 0", "--nothing", "--output /dev/null/x", "help"],
)
def test_copy_task_refuses(built, tmp_path, arguments):
    command = [built(EXAMPLES / "copy_task.c"), *arguments.split()]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 2 and result.stderr.startswith("copy_task: ")
    assert not list(tmp_path.iterdir())


@pytest.mark.any_level
@needs("gcc", "script")
def test_copy_task_on_a_terminal(built, tmp_path):
    """The progress line rewrites itself."""
    program = built(EXAMPLES / "copy_task.c")
    command = f"{program} --iterations 30 --batch 2 --output {tmp_path / 'demo'}"
    output = subprocess.run(["script", "-qec", command, "/dev/null"], capture_output=True, timeout=60).stdout.decode()
    progress = [part for part in output.split("\r") if part.startswith("iteration")]
    assert len(progress) >= 3
    for word in ("loss", "bit error", "sequences a second", "left"):
        assert word in progress[-1], progress[-1]


@needs("gcc")
def test_threads(built):
    run(built(HERE / "threads.c", "-pthread", "-std=c11"))


@needs("gcc", "valgrind")
def test_step_under_valgrind(built):
    valgrind(built(EXAMPLES / "step.c"))


@needs("gcc", "valgrind")
def test_copy_task_under_valgrind(built, tmp_path):
    program = built(EXAMPLES / "copy_task.c")
    valgrind(program, "--iterations", 2, "--batch", 1, "--output", tmp_path / "demo", expect=1)
    assert_demo(tmp_path / "demo", optimizer_steps=2)


@needs("gcc", "valgrind")
def test_abuse_under_valgrind(built, tmp_path):
    """Every function, rightly and wrongly."""
    valgrind(built(HERE / "abuse.c"), tmp_path)
    assert not [path.name for path in tmp_path.iterdir() if "partial" in path.name]


@needs("gcc", "valgrind")
def test_threads_under_helgrind(built):
    """No data race, in the shared parameters nor anywhere else."""
    program = built(HERE / "threads.c", "-pthread", "-std=c11")
    quiet = f"--suppressions={HERE / 'helgrind.supp'}", "--ignore-thread-creation=yes"
    run("valgrind", "--quiet", "--tool=helgrind", "--error-exitcode=99", *quiet, program)


def test_abuse_calls_every_function():
    source = (HERE / "abuse.c").read_text()
    for name in (HERE / "symbols.txt").read_text().split():
        assert f"{name}(" in source, name


# ------------------------------------------------------------------------------------- installed --


@pytest.fixture(scope="session")
def install(once):
    """Calls `make install` with the library that is tested, where there is no Swift."""
    if shutil.which("make") is None:
        pytest.skip("no make")

    def lay_out(folder):
        for name in (
            "Makefile",
            "Package.swift",
            "dnc.map",
            "dnc.pc.in",
            "include/dnc.h",
            "tools/setup.sh",
            "tools/install.sh",
            "bindings/c/cmake/dncConfig.cmake.in",
            "bindings/c/cmake/dncConfigVersion.cmake.in",
        ):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, folder / name)
        (folder / "Sources").mkdir()
        (folder / "build").mkdir()
        shutil.copyfile(LIBRARY, folder / "build" / "libdnc.so")
        (folder / "tools that are there").mkdir()
        for tool in ("make", "sh", "find", "install", "ln", "sed", "uname", "dirname", "rm", "rmdir"):
            (folder / "tools that are there" / tool).symlink_to(shutil.which(tool))

    checkout = once("a checkout", lay_out)
    environment = {**os.environ, "PATH": str(checkout / "tools that are there")}

    def install(expect=0, target="install", **places):
        variables = [f"{name}={path}" for name, path in places.items()]
        command = ["make", "-C", checkout, target, *variables]
        result = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert result.returncode == expect, result.stdout + result.stderr
        return result.stderr

    return install


@pytest.fixture(scope="session")
def installed(once, install):
    """The PREFIX."""
    return once("prefix", lambda prefix: install(PREFIX=prefix))


def test_what_is_installed(installed):
    assert (installed / "include" / "dnc.h").read_bytes() == HEADER.read_bytes()
    library = installed / "lib" / "libdnc.so"
    assert os.readlink(library) == "libdnc.so.0"
    assert os.readlink(installed / "lib" / "libdnc.so.0") == f"libdnc.so.{c.DNC_VERSION_STRING}"
    assert (installed / "lib" / "pkgconfig" / "dnc.pc").exists()


@pytest.mark.any_level
@needs("gcc", "pkg-config")
def test_pkg_config(installed, tmp_path):
    environment = {**os.environ, "PKG_CONFIG_PATH": str(installed / "lib" / "pkgconfig")}
    assert run("pkg-config", "--modversion", "dnc", env=environment).strip() == c.DNC_VERSION_STRING
    shutil.copy(EXAMPLES / "step.c", tmp_path)
    line = re.search(r"^    (cc step\.c .+)$", README.read_text(), flags=re.M).group(1)
    assert "pkg-config" in line
    run("sh", "-c", line, cwd=tmp_path, env=environment)
    output = run(tmp_path / "step", env={**os.environ, "LD_LIBRARY_PATH": str(installed / "lib")})
    assert len(output.splitlines()) == 5


@pytest.mark.any_level
@needs("gcc", "pkg-config")
def test_spaces_in_the_names_of_folders(install, tmp_path):
    prefix = tmp_path / "for all & sundry"
    install(PREFIX=prefix)
    environment = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig"), "LIBRARY_PATH": ""}
    shutil.copy(EXAMPLES / "step.c", tmp_path)
    command = 'eval "cc step.c -o step $(pkg-config --cflags --libs dnc)"'
    run("sh", "-c", command, cwd=tmp_path, env=environment)
    assert len(run(tmp_path / "step", env={**os.environ, "LD_LIBRARY_PATH": str(prefix / "lib")}).splitlines()) == 5


def test_a_package_is_staged_elsewhere_than_it_will_be(install, tmp_path):
    stage = tmp_path / "the stage"
    install(DESTDIR=stage, PREFIX="/opt/my libraries")
    below = stage / "opt" / "my libraries"
    assert (below / "include" / "dnc.h").exists() and (below / "lib" / "libdnc.so").exists()
    described = (below / "lib" / "pkgconfig" / "dnc.pc").read_text()
    assert described.startswith("prefix=/opt/my libraries\n") and "stage" not in described


def test_folders_of_its_own_and_the_way_back(install, tmp_path):
    places = dict(
        DESTDIR=tmp_path / "the stage", PREFIX="/opt/dnc", LIBDIR="/opt/dnc/lib 64", INCLUDEDIR="/usr/dnc headers"
    )
    install(**places)
    stage = places["DESTDIR"]
    assert (stage / "opt" / "dnc" / "lib 64" / "libdnc.so").exists() and (
        stage / "usr" / "dnc headers" / "dnc.h"
    ).exists()
    described = (stage / "opt" / "dnc" / "lib 64" / "pkgconfig" / "dnc.pc").read_text()
    assert described.startswith("prefix=/opt/dnc\nincludedir=/usr/dnc headers\nlibdir=${prefix}/lib 64\n")
    install(target="uninstall", **places)
    assert not [path for path in stage.rglob("*") if not path.is_dir()]


@pytest.mark.any_level
@pytest.mark.parametrize("name", ["LIBDIR", "INCLUDEDIR"])
def test_other_folders_that_dnc_pc_cannot_have_are_refused(install, tmp_path, name):
    refusal = install(expect=2, DESTDIR=f"{tmp_path}/", PREFIX="/usr", **{name: "relative"})
    assert f"{name} is relative: allowed are paths that begin with /" in refusal
    assert not list(tmp_path.iterdir())


@pytest.mark.any_level
@pytest.mark.parametrize("prefix", ["relative", "../relative", "/a'b", '/a"b', "/a`b", "/a\\b", "/a#b", "/a$$b"])
def test_a_prefix_that_dnc_pc_cannot_have_is_refused(install, tmp_path, prefix):
    refusal = install(expect=2, DESTDIR=f"{tmp_path}/", PREFIX=prefix)
    assert f"PREFIX is {prefix.replace('$$', '$')}: allowed are paths that begin with /" in refusal
    assert not list(tmp_path.iterdir())


@needs("pkg-config")
def test_programs_need_no_headers_of_libpng(installed):
    """The library brings what it needs itself; pkg-config must not ask for more."""
    environment = {**os.environ, "PKG_CONFIG_LIBDIR": str(installed / "lib" / "pkgconfig"), "PKG_CONFIG_PATH": ""}
    assert "png" not in run("pkg-config", "--cflags", "--libs", "dnc", env=environment)


@pytest.mark.any_level
@needs("gcc", "cmake")
@pytest.mark.parametrize("with_pkg_config", [True, False], ids=["pkg-config", "find_library"])
def test_cmake(installed, tmp_path, with_pkg_config):
    source = CHECKOUT / "bindings" / "c" / "cmake"
    hide = [] if with_pkg_config else ["-DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON"]
    run("cmake", "-S", source, "-B", tmp_path, f"-DCMAKE_PREFIX_PATH={installed}", *hide)
    run("cmake", "--build", tmp_path)
    assert len(run(tmp_path / "step").splitlines()) == 5
    run(tmp_path / "copy_task", "--iterations", 1, "--output", tmp_path / "demo", expect=1)


@pytest.mark.any_level
@needs("gcc", "cmake", "pkg-config")
def test_cmake_as_the_readme_says(installed, tmp_path):
    lines = README.read_text().split("## With CMake\n\n")[1].split("\n\n")[0].replace("your_program", "step")
    head, target = lines.rsplit("\n", 1)
    assert target.strip().startswith("target_link_libraries(step")
    (tmp_path / "CMakeLists.txt").write_text(
        f"cmake_minimum_required(VERSION 3.16)\nproject(reader C)\n{head}\nadd_executable(step step.c)\n{target}\n"
    )
    shutil.copy(EXAMPLES / "step.c", tmp_path)
    run("cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={installed}")
    run("cmake", "--build", tmp_path / "build")
    assert len(run(tmp_path / "build" / "step").splitlines()) == 5
