/* What one core of the machine at hand can do: the measure for what a workload takes. */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stddef.h>

typedef struct cache_level {
    const char *name;
    double bytes; /* what fits; for memory, everything */
    double read;  /* bytes a second, from a set of numbers that fits */
    double update; /* the same, of bytes read and bytes written, where each number is read, changed and written */
} cache_level;

enum { LEVELS = 4 };

typedef struct machine {
    double arithmetic; /* additions and multiplications a second, in a product of matrices */
    cache_level levels[LEVELS]; /* L1, L2, L3, memory */
} machine;

/* Takes about a second. */
void machine_measure(machine *m);

/* Seconds that it takes to read some bytes, and to read and write others, of a set of `set` bytes. */
double machine_move(const machine *m, double set, double read, double update);

/* Seconds of the monotonic clock, and of this thread's processor time. */
double machine_now(void);
double machine_worked(void);

#endif
