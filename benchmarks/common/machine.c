#define _GNU_SOURCE
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* On a shared machine every measurement has to hit a quiet moment, so each is the best of many. */
enum { ROUNDS = 12 };

static double seconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

double machine_now(void) { return seconds(CLOCK_MONOTONIC); }
double machine_worked(void) { return seconds(CLOCK_THREAD_CPUTIME_ID); }

static void *room(size_t bytes) {
    void *start = NULL;
    if (posix_memalign(&start, 4096, bytes) != 0) {
        fprintf(stderr, "bench: no memory\n");
        exit(1);
    }
    memset(start, 0, bytes);
    return start;
}

/* MARK: Instruments */

/* The loops that measure, made for one kind of CPU. */
typedef struct instruments {
    void (*tile)(size_t depth, const float *a, const float *b, float *c);
    size_t rows, columns; /* of a tile */
    void (*read)(float *numbers, size_t count), (*update)(float *numbers, size_t count); /* count: a multiple of 128 */
} instruments;

static volatile float sink;

#if defined(__x86_64__)
#define LANES 16
#define ROWS 12
#define TARGET __attribute__((target("avx512f")))
#define NAMED(name) name##_avx512
#include "vectors.h"
#define LANES 8
#define ROWS 6
#define TARGET __attribute__((target("avx2,fma")))
#define NAMED(name) name##_avx2
#include "vectors.h"
#endif
#define LANES 4
#define ROWS 6
#define TARGET
#define NAMED(name) name##_plain
#include "vectors.h"

static instruments choose(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return with_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return with_avx2;
#endif
    return with_plain;
}

/* MARK: Measurements */

/* Operations a second of c += a b, for packed a [96, 256] and b [256, 256], all of which L2 holds. */
static double product_rate(const instruments *with) {
    enum { M = 96, DEPTH = 256, N = 256 };
    float *a = room(M * DEPTH * sizeof *a), *b = room(DEPTH * N * sizeof *b), *c = room(M * N * sizeof *c);
    for (size_t i = 0; i < M * DEPTH; i++) a[i] = (float)(i % 7) - 3;
    for (size_t i = 0; i < DEPTH * N; i++) b[i] = (float)(i % 5) - 2;
    double best = 1e9;
    for (int round = 0; round < 20 * ROUNDS; round++) {
        double begin = machine_worked();
        for (size_t column = 0; column < N; column += with->columns) {
            for (size_t row = 0; row < M; row += with->rows) {
                with->tile(DEPTH, a + row * DEPTH, b + column * DEPTH, c + column * M + row * with->columns);
            }
        }
        double time = machine_worked() - begin;
        if (time < best) best = time;
    }
    free(a);
    free(b);
    free(c);
    return 2.0 * M * DEPTH * N / best;
}

/* Numbers a second, over `count` of them again and again. */
static double rate(void (*visit)(float *numbers, size_t count), float *numbers, size_t count) {
    size_t repeats = 1 + (1 << 20) / count;
    double best = 1e9;
    for (int round = 0; round < (count > 1 << 22 ? ROUNDS / 3 : ROUNDS); round++) {
        double begin = machine_worked();
        for (size_t i = 0; i < repeats; i++) visit(numbers, count);
        double time = (machine_worked() - begin) / (double)repeats;
        if (time < best) best = time;
    }
    return (double)count / best;
}

/* What the kernel says of a cache of the first core, by `format`; 0 if nothing. */
static int cache_says(int index, const char *name, const char *format, void *value) {
    char path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, name);
    FILE *file = fopen(path, "r");
    if (file == NULL) return 0;
    int found = fscanf(file, format, value);
    fclose(file);
    return found == 1;
}

/* Bytes of a data cache of the first core: from the kernel, or else from the C library, or else 0. */
static double cache_bytes(int wanted) {
    for (int index = 0; index < 8; index++) {
        char type[32] = "";
        int level = 0, kilobytes = 0;
        if (cache_says(index, "level", "%d", &level) && level == wanted && cache_says(index, "type", "%31s", type)
            && strcmp(type, "Instruction") != 0 && cache_says(index, "size", "%d", &kilobytes)) {
            return 1024.0 * kilobytes;
        }
    }
#if defined(_SC_LEVEL1_DCACHE_SIZE)
    const int names[] = {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE};
    long bytes = sysconf(names[wanted - 1]);
    if (bytes > 0) return (double)bytes;
#endif
    return 0;
}

void machine_measure(machine *m) {
    static const char *const names[LEVELS] = {"L1", "L2", "L3", "memory"};
    static const double usual[LEVELS] = {32 << 10, 1 << 20, 32 << 20, 1e18};
    instruments with = choose();
    m->arithmetic = product_rate(&with);
    for (int i = 0; i < LEVELS; i++) {
        double known = i < 3 ? cache_bytes(i + 1) : 0;
        m->levels[i] = (cache_level){names[i], known > 0 ? known : usual[i], 0, 0};
    }
    /* Sets that surely lie in their level: half of L1 and of L2, of the shared L3 an eighth (more than L2), and a set of
     * four times L3. */
    const cache_level *l = m->levels;
    double third = l[2].bytes / 8 > 2 * l[1].bytes ? l[2].bytes / 8 : 2 * l[1].bytes;
    double last = 4 * l[2].bytes > 512e6 ? 512e6 : 4 * l[2].bytes;
    double sets[LEVELS] = {l[0].bytes / 2, l[1].bytes / 2, third, last};
    float *numbers = room((size_t)last);
    for (int i = 0; i < LEVELS; i++) {
        size_t count = (size_t)sets[i] / 512 * 128;
        m->levels[i].read = 4 * rate(with.read, numbers, count);
        m->levels[i].update = 8 * rate(with.update, numbers, count);
    }
    free(numbers);
}

double machine_move(const machine *m, double set, double read, double update) {
    int level = 0;
    while (level < LEVELS - 1 && set > m->levels[level].bytes) level++;
    return read / m->levels[level].read + update / m->levels[level].update;
}
