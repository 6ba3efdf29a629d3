/* The workloads that the benchmarks time, and the least that each must cost. */
#ifndef BENCH_WORKLOADS_H
#define BENCH_WORKLOADS_H

#include "machine.h"

#include <stdint.h>

/* What differs from the plain network. */
enum {
    CONTENT_ONLY = 1,
    MASKS = 2,
    DEALLOCATION = 4,
    SHARPENING = 8,
    ALL_THREE = MASKS | DEALLOCATION | SHARPENING,
    NTM = 16, /* the Neural Turing Machine's memory */
    NORMS = 32, /* of the controller and of the interface */
    GATED = 64,  /* gated recurrent units */
};

typedef struct workload {
    const char *name, *what;
    uint32_t x, y, h, n, w, r, b; /* sizes in the letters of dnc.h; one layer, an LSTM unless said otherwise, one write head */
    uint32_t t;
    int training;
    uint32_t variants;
} workload;

extern const workload workloads[];
extern const size_t workload_count;

/* NULL where there is none of that name. */
const workload *workload_named(const char *name);

/* The numbers of the interface vector, and of all parameters. */
double workload_interface(const workload *k);
double workload_parameters(const workload *k);

/* Additions, multiplications, exponentials and the like: what the mathematics of one step needs, all sequences and times. */
double workload_operations(const workload *k);

/* The least traffic of one step with some numbers: what is kept for the way back, the state and its gradient, the weights. */
typedef struct stream {
    double set;          /* bytes of all these numbers */
    double read, update; /* bytes read only; bytes read and bytes written of what is also written */
} stream;

enum { STREAMS = 4 };
void workload_streams(const workload *k, stream streams[STREAMS]);
double workload_bytes(const workload *k);

/* Seconds below which no program can be on one core of the machine: its operations at the rate of a matrix product, or its
 * streams at the rates of the caches that hold them, whichever takes longer; arithmetic and memory can overlap. */
double workload_floor(const workload *k, const machine *m);

#endif
