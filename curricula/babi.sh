#!/bin/sh
# Trains a network on bAbI's twenty tasks in three stages, each from the best network of the one before:
#
#     sh curricula/babi.sh tasks_1-20_v1-2/en-10k 0 runs/babi-0
#
# The first argument is the folder of the stories, the second the seed, the third a folder for the three runs; what follows goes to
# each new `train`. A stage that has been stopped is resumed, as it was planned, and one that has finished is left alone.
set -eu

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
  if [ ! -e "$run/log.jsonl" ]; then
    # shellcheck disable=SC2086
    "$python" -m dnc train babi --output "$run" --seed "$seed" --option folder="$stories" --option balance=tasks \
      --option think=3 --option names=exchanged --hidden-size 192 --word-size 32 --read-heads 3 --no-temporal-links \
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
stage 1 --option buckets=8 --option echo=0.04 --test-option split=validation --test-option buckets=8 --memory-slots 128 \
  --batch-size 4 --learning-rate 5e-4 --schedule linear --decay-share 0.25 --updates 95000 --test-every 5000 --test-episodes 1000

# Tasks 15 to 17, in which stage 1 stands still. In distinct stories of task 16, the commonest colour is no better than another.
stage 2 --start-from "$output/1" --option tasks=15-17 --option distinct=yes --option buckets=2 --test-option split=validation \
  --test-option buckets=8 --memory-slots 64 --batch-size 8 --learning-rate 1e-3 --updates 25000 --test-every 2500 --test-episodes 900

# All tasks again.
stage 3 --start-from "$output/2" --option buckets=8 --option echo=0.04 --test-option split=validation --test-option buckets=8 \
  --memory-slots 128 --batch-size 4 --learning-rate 7e-4 --schedule linear --decay-share 0.5 --updates 40000 --test-every 2500 \
  --test-episodes 1000
