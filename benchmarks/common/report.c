#include "report.h"

#include <stdio.h>
#include <stdlib.h>

void report_machine(const machine *m) {
    printf("A core makes %.1f GFLOP/s in a product of matrices, and moves (read; read and written)\n", 1e-9 * m->arithmetic);
    for (int i = 0; i < LEVELS; i++) {
        const cache_level *l = &m->levels[i];
        printf("    %3.0f and %3.0f GB/s in %s", 1e-9 * l->read, 1e-9 * l->update, l->name);
        if (i < LEVELS - 1) printf(", %.0f KB", l->bytes / 1024);
        printf("\n");
    }
}

void report_mechanisms(const char *workload, const char *what) {
    printf("\n%s, %s: a step on one thread\n\n", workload, what);
    printf("| mechanism                    |          |        ms |  of all |   MFLOP |      MB | floor, ms | ratio |\n");
    printf("|---|---|---|---|---|---|---|---|\n");
}

void report_mechanism(mechanism_row row) {
    printf("| %-28s | %-8s | %9.4f | %5.1f %% |", row.name, row.direction, 1e3 * row.seconds, 100 * row.seconds / row.whole);
    if (row.floor > 0) {
        printf(" %7.2f | %7.2f | %9.4f | %5.1f |\n", 1e-6 * row.operations, 1e-6 * row.bytes, 1e3 * row.floor,
               row.seconds / row.floor);
    } else {
        printf("         |         |           |       |\n");
    }
    fflush(stdout);
}

/* glibc gives the program's words to every constructor; Embedded Swift has no other way to them. */
static int count;
static char **words;
__attribute__((constructor)) static void keep(int all, char **given) { count = all, words = given; }

int bench_count(void) { return count; }
const char *bench_word(int index) { return words[index]; }

void report_problem(const char *problem) {
    fprintf(stderr, "bench: %s\n", problem);
    exit(2);
}
