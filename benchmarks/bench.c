/*
 * Times a training step (reset, forward, sigmoid cross-entropy over all outputs, backward, Adam) and an inference step of
 * libdnc on workloads of several sizes: least and median of many, in milliseconds, the arithmetic rate of the work that the
 * mathematics needs, and the share of what the cores in use can do at most, which is measured first. Memory is what
 * dnc_estimate_bytes says. Wall time: leave the machine alone meanwhile.
 *
 *     make bench
 *     build/bench A C1        # some workloads; --seconds 5 each, --threads 2
 */
#define _POSIX_C_SOURCE 200809L
#include <dnc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef struct workload {
    const char *name, *what;
    uint32_t x, y, h, n, w, r, b; /* sizes in the letters of dnc.h; one LSTM layer, one write head */
    size_t t;
    int training;
} workload;

static const workload workloads[] = {
    {"A", "copy task of DNC-NumPy", 8, 8, 64, 16, 16, 1, 1, 20, 1},
    {"B", "repeat copy", 6, 5, 64, 16, 16, 4, 16, 40, 1},
    {"C1", "bAbI, one story", 160, 160, 256, 256, 64, 4, 1, 100, 1},
    {"C16", "bAbI, a batch", 160, 160, 256, 256, 64, 4, 16, 100, 1},
    {"D", "graph", 92, 90, 256, 128, 50, 5, 2, 200, 1},
    {"E64", "64 slots", 8, 8, 128, 64, 32, 4, 4, 64, 1},
    {"E256", "256 slots", 8, 8, 128, 256, 32, 4, 4, 64, 1},
    {"E1024", "1024 slots", 8, 8, 128, 1024, 32, 4, 4, 64, 1},
    {"E2048", "2048 slots", 8, 8, 128, 2048, 32, 4, 4, 64, 1},
    {"IA", "one inference step of A", 8, 8, 64, 16, 16, 1, 1, 1, 0},
    {"IC", "one inference step of C1", 160, 160, 256, 256, 64, 4, 1, 1, 0},
};

static void check(dnc_status status) {
    if (status == DNC_OK) return;
    fprintf(stderr, "bench: %s\n", dnc_last_error());
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static float *numbers(size_t count) {
    float *values = malloc(count * sizeof *values);
    if (values == NULL) exit(1);
    for (size_t i = 0; i < count; i++) values[i] = (float)rand() / (float)RAND_MAX - 0.5f;
    return values;
}

/* Floating-point operations of one step of one sequence, forward. A matrix product takes two for each weight; the links four
 * for each element's update and four for each head that reads it; the memory seven for each element's writing, and, for each of
 * the R + 1 keys and R readings, two. */
static double forward_operations(const workload *k) {
    double rw = (double)k->r * k->w, xi = rw + 3.0 * k->w + 5.0 * k->r + 3;
    double weights = 4.0 * k->h * (k->x + rw + k->h) + xi * k->h + k->y * (k->h + rw);
    double links = (double)k->n * k->n * (4 + 4.0 * k->r);
    double memory = (double)k->n * k->w * (7 + 2 * (2.0 * k->r + 1));
    return 2 * weights + links + memory;
}

/* A loop of fused products on twelve independent vectors; GFLOP/s. */
enum { ITERATIONS = 4000000 };
static volatile float sink;

#if defined(__x86_64__)
#define PEAK(name, features, vector, lanes, set, fma, first)                                                     \
    __attribute__((target(features))) static double name(void) {                                                 \
        vector x = set(0.5f), a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x; \
        double begin = now();                                                                                    \
        for (int n = 0; n < ITERATIONS; n++) {                                                                   \
            a = fma(a, x, x), b = fma(b, x, x), c = fma(c, x, x), d = fma(d, x, x);                              \
            e = fma(e, x, x), f = fma(f, x, x), g = fma(g, x, x), h = fma(h, x, x);                              \
            i = fma(i, x, x), j = fma(j, x, x), k = fma(k, x, x), l = fma(l, x, x);                              \
            __asm__ volatile("" : "+x"(a), "+x"(b), "+x"(c), "+x"(d), "+x"(e), "+x"(f));                         \
            __asm__ volatile("" : "+x"(g), "+x"(h), "+x"(i), "+x"(j), "+x"(k), "+x"(l));                         \
        }                                                                                                        \
        double seconds = now() - begin;                                                                          \
        sink = first(a) + first(b) + first(c) + first(d) + first(e) + first(f) + first(g) + first(h) + first(i)  \
               + first(j) + first(k) + first(l);                                                                 \
        return 2e-9 * 12 * lanes * ITERATIONS / seconds;                                                         \
    }
PEAK(peak_avx512, "avx512f", __m512, 16, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_cvtss_f32)
PEAK(peak_avx2, "avx2,fma", __m256, 8, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_cvtss_f32)
#endif

/* Most GFLOP/s of a core; 0 where it isn't known. */
static double peak(void) {
    double most = 0;
#if defined(__x86_64__)
    for (int i = 0; i < 5; i++) {
        double rate = 0;
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) rate = peak_avx2();
        if (rate > most) most = rate;
        if (__builtin_cpu_supports("avx512f")) rate = peak_avx512();
        if (rate > most) most = rate;
    }
#endif
    return most;
}

static void measure(const workload *k, double seconds, uint32_t threads, double peak_rate) {
    dnc_config config;
    check(dnc_config_init(&config, sizeof config));
    config.input_size = k->x;
    config.output_size = k->y;
    config.hidden_size = k->h;
    config.memory_slots = k->n;
    config.word_size = k->w;
    config.read_heads = k->r;
    config.batch_size = k->b;
    config.num_threads = threads;
    dnc_optimizer_config settings;
    check(dnc_optimizer_config_init(&settings, sizeof settings));
    dnc *net;
    dnc_optimizer *adam;
    size_t bytes;
    check(dnc_create(&config, &net));
    check(dnc_optimizer_create(net, &settings, &adam));
    check(dnc_set_training(net, k->training));
    check(dnc_estimate_bytes(&config, k->t, k->training, &bytes));

    size_t rows = k->t * k->b;
    float *inputs = numbers(rows * k->x), *targets = numbers(rows * k->y);
    float *outputs = numbers(rows * k->y), *gradients = numbers(rows * k->y);
    for (size_t i = 0; i < rows * k->y; i++) targets[i] = targets[i] > 0;

    enum { MOST = 100000 };
    static double times[MOST];
    int count = 0;
    double loss = 0;
    for (double start = now(); count < MOST && (count < 3 || now() - start < seconds); count++) {
        double begin = now();
        if (k->training) check(dnc_reset(net));
        check(dnc_forward(net, k->t, inputs, outputs));
        if (k->training) {
            check(dnc_loss_evaluate(DNC_LOSS_SIGMOID_CROSS_ENTROPY, k->t, k->b, k->y, outputs, targets, NULL, &loss,
                                    gradients));
            check(dnc_backward(net, gradients, NULL));
            check(dnc_optimizer_step(adam, net, NULL));
        }
        times[count] = now() - begin;
    }
    qsort(times, (size_t)count, sizeof *times, ascending);
    /* Backward needs each product twice, once for the inputs and once for the weights; and so do links and memory. */
    double operations = forward_operations(k) * (double)rows * (k->training ? 3 : 1);
    double rate = 1e-9 * operations / times[0];
    printf("| %-5s | %-24s | %10.3f | %10.3f | %6.1f | %3.0f %% | %8.1f | %7.4f |\n", k->name, k->what, 1e3 * times[0],
           1e3 * times[count / 2], rate, peak_rate > 0 ? 100 * rate / peak_rate : 0.0, 1e-6 * (double)bytes, loss);
    fflush(stdout);
    free(inputs);
    free(targets);
    free(outputs);
    free(gradients);
    dnc_optimizer_free(adam);
    dnc_free(net);
}

int main(int count, char **words) {
    double seconds = 3;
    uint32_t threads = 1;
    int chosen = 0;
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "--seconds") == 0 && i + 1 < count) seconds = atof(words[++i]);
        else if (strcmp(words[i], "--threads") == 0 && i + 1 < count) threads = (uint32_t)atoi(words[++i]);
        else chosen++;
    }
    double most = peak();
    printf("%s\n%u thread(s); a core does at most %.0f GFLOP/s\n\n", dnc_build_info(), threads, most);
    printf("|       | workload                 |  least, ms | median, ms | GFLOP/s | of peak | memory, MB | loss |\n");
    printf("|---|---|---|---|---|---|---|---|\n");
    for (size_t k = 0; k < sizeof workloads / sizeof *workloads; k++) {
        int wanted = chosen == 0;
        for (int i = 1; i < count; i++) wanted |= strcmp(words[i], workloads[k].name) == 0;
        if (wanted) measure(&workloads[k], seconds, threads, most * threads);
    }
    return 0;
}
