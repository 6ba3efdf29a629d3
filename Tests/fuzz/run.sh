#!/bin/sh
# Runs a fuzz target that `make` has built, from the folder of the checkout.
#   run.sh TARGET SECONDS     fuzzes in two processes; the corpus that grows is build/fuzz/corpus/TARGET
#   run.sh TARGET SECONDS test  runs the seeds and the regressions, then fuzzes in one process and forgets the corpus
# An input that breaks something is left in build/fuzz/found/TARGET; build/fuzz/TARGET with its
# whole path runs it again.
set -eu
target=$1 seconds=$2 mode=${3:-fuzz}
case $seconds in
'' | *[!0-9]*) echo "seconds is $seconds: allowed is a whole number" >&2 && exit 2 ;;
esac
here=$PWD/Tests/fuzz found=$PWD/build/fuzz/found/$target corpus=$PWD/build/fuzz/corpus/$target log=$PWD/build/fuzz/$target.log
program=$PWD/build/fuzz/$target

# The targets write files; in memory, where there is some.
parent=/dev/shm
[ -w $parent ] || parent=${TMPDIR:-/tmp}
FUZZ_FOLDER=$(mktemp -d $parent/fuzz-XXXXXX)
trap 'rm -rf "$FUZZ_FOLDER"' EXIT
trap 'exit 1' INT TERM
export FUZZ_FOLDER

seeds=$here/corpus/$target
regressions=$here/regressions/$target
[ -d "$regressions" ] || regressions=""
# Backtraces of the Swift runtime take minutes.
export SWIFT_BACKTRACE=enable=no
options="-print_funcs=0 -timeout=25 -rss_limit_mb=1500 -malloc_limit_mb=0 -artifact_prefix=$found/"
case $target in
checkpoint) options="$options -max_len=16384" ;;
calls) options="$options -max_len=2048 -len_control=20" ;;
*) options="$options -max_len=4096" ;;
esac
[ ! -f "$here/$target.dict" ] || options="$options -dict=$here/$target.dict"
mkdir -p "$found" "$corpus"

if [ "$mode" = test ]; then
    # One seed, so that what a commit is blamed for is there again; new ones are for the long runs. On a machine that has
    # other work, what is slow is not yet an endless loop.
    options="$options -seed=1 -timeout=120"
    corpus=$FUZZ_FOLDER/corpus
    mkdir "$corpus"
    find $seeds $regressions -type f -exec "$program" $options {} + >"$log" 2>&1 &&
        "$program" $options -max_total_time="$seconds" "$corpus" $seeds $regressions >>"$log" 2>&1 || {
        tail -n 60 "$log"
        exit 1
    }
    echo "fuzz $target: $(grep -aw DONE "$log")"
else
    "$program" $options -fork=2 -ignore_ooms=0 -ignore_timeouts=0 -max_total_time="$seconds" "$corpus" $seeds $regressions
fi
