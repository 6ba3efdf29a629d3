/* What the benchmarks print. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "machine.h"

void report_machine(const machine *m);

/* A row of the table by mechanism. What it takes: seconds of a step, which takes `whole` seconds in all; what it
 * needs: operations, bytes, and seconds at least. */
typedef struct mechanism_row {
    const char *name, *direction;
    double seconds, whole, operations, bytes, floor;
} mechanism_row;

void report_mechanisms(const char *workload, const char *what);
void report_mechanism(mechanism_row row);

/* The program's words. */
int bench_count(void);
const char *bench_word(int index);

/* Ends the program. */
__attribute__((noreturn)) void report_problem(const char *problem);

#endif
