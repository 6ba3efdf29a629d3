#!/bin/sh
# Trains a network on bAbI's twenty tasks in seven stages, each from the best network of the one before:
#
#     sh curricula/babi.sh tasks_1-20_v1-2/en-10k 0 runs/babi-0
#
# The first argument is the folder of the stories, the second the seed, the third a folder for the runs; what follows goes to
# each new `train`. A stage that has been stopped is resumed, as it was planned, and one that has finished is left alone. With
# FACTS=no in the environment there are three stages, in which no network learns from the facts behind the answers.
set -eu
# Ctrl-C stops `train`, which saves its run; then this program ends as below.
trap : INT

if [ $# -lt 3 ]; then
  echo "usage: sh curricula/babi.sh STORIES SEED OUTPUT [options of train]" >&2
  exit 2
fi
stories=$1 seed=$2 output=$3
shift 3
extra=$*
python=${PYTHON:-python}

finished() { grep -q '"event": "finish"' "$run/log.jsonl"; }

# stage NUMBER OPTIONS…
stage() {
  number=$1 run=$output/$1
  shift
  if [ "$number" -gt 1 ]; then set -- --start-from "$output/$((number - 1))" "$@"; fi
  if [ ! -e "$run/log.jsonl" ]; then
    # shellcheck disable=SC2086
    "$python" -m dnc train babi --output "$run" --seed "$seed" --option folder="$stories" --option think=3 \
      --option names=exchanged --test-option buckets=8 --hidden-size 192 --word-size 32 --read-heads 3 --no-temporal-links \
      --content-masks --deallocation --controller-norm --interface-norm --average 0.999 --log-every 500 "$@" $extra
  elif ! finished; then
    "$python" -m dnc train --resume "$run"
  fi
  if ! finished; then
    echo "stage $number has been stopped; the same command goes on with it" >&2
    exit 1
  fi
}

# All tasks. The network says one word in 25 of what it reads, and so learns early to name it.
all() {
  stage "$@" --option balance=tasks --option buckets=8 --option echo=0.04 --test-option split=validation --memory-slots 128 \
    --batch-size 4 --schedule linear --test-episodes 1000
}

# One task, or some.
few() { stage "$@" --memory-slots 64 --batch-size 8 --learning-rate 1e-3 --test-episodes 900; }

all 1 --learning-rate 5e-4 --decay-share 0.25 --updates 95000 --test-every 5000

# Stage 1 stands still in tasks 15 to 17. In distinct stories of task 16, the commonest colour is no better than another.
few 2 --option tasks=15-17 --option balance=tasks --option distinct=yes --option buckets=2 --test-option split=validation \
  --updates 25000 --test-every 2500

again="--learning-rate 7e-4 --decay-share 0.5 --updates 40000 --test-every 2500"
if [ "${FACTS:-yes}" = no ]; then
  # shellcheck disable=SC2086
  all 3 $again
  exit
fi

# From here on, blank steps have targets: in task 16 the kind, then another animal of it, in task 19 the place on the way.
few 3 --option tasks=16 --option balance=tasks --option distinct=yes --option follow=1 --option buckets=1 \
  --test-option split=train --updates 10000 --test-every 1000
few 4 --option tasks=19 --option balance=tasks --option follow=1 --option buckets=1 --test-option split=validation \
  --updates 30000 --test-every 2500

# These tasks together, those with many stories more often, and task 16 as it is told.
few 5 --option tasks=15-19 --option balance=stories --option follow=1 --option buckets=4 --test-option split=validation \
  --test-option balance=tasks --updates 15000 --test-every 2500

# Since stage 4, north, south, east and west mean something.
few 6 --option tasks=4 --option balance=tasks --option buckets=1 --test-option split=validation --updates 3000 --test-every 500

# shellcheck disable=SC2086
all 7 --option follow=1 $again
