/*
 * Times a training step of libdnc (reset, forward, sigmoid cross-entropy over all outputs, backward, Adam; in stories softmax
 * cross-entropy over the answers) and an inference step, on the workloads of common/workloads.c. Writes the least of many
 * times beside the floor: the time that the machine needs at least for the operations and the memory traffic of the
 * equations, at rates that are measured first. Memory is what dnc_estimate_bytes says. The time of one thread is processor
 * time, that of several is wall time: leave the machine alone meanwhile.
 *
 *     make bench
 *     build/bench A C1        # some workloads; --seconds 5 each, --threads 2
 */
#define _POSIX_C_SOURCE 200809L
#include "common/report.h"
#include "common/workloads.h"

#include <dnc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(dnc_status status) {
    if (status == DNC_OK) return;
    fprintf(stderr, "bench: %s\n", dnc_last_error());
    exit(1);
}

static float *numbers(size_t count) {
    float *values = malloc(count * sizeof *values);
    if (values == NULL) exit(1);
    for (size_t i = 0; i < count; i++) values[i] = (float)rand() / (float)RAND_MAX - 0.5f;
    return values;
}

static int is_stories(const workload *k) { return k->name[0] == 'S'; }

/* Of what the clock measures at once, in seconds. */
#define SHORT 0.001

typedef struct result {
    double seconds; /* the least of many */
    size_t bytes;
} result;

static result measure(const workload *k, double seconds, uint32_t threads) {
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
    config.memory = k->variants & NTM ? DNC_MEMORY_NTM : DNC_MEMORY_DNC;
    config.controller = k->variants & GATED ? DNC_CONTROLLER_GRU : DNC_CONTROLLER_LSTM;
    config.controller_norm = config.interface_norm = (k->variants & NORMS) != 0;
    config.temporal_links = !(k->variants & CONTENT_ONLY);
    config.content_masks = (k->variants & MASKS) != 0;
    config.deallocation = (k->variants & DEALLOCATION) != 0;
    config.link_sharpening = (k->variants & SHARPENING) != 0;
    dnc_optimizer_config settings;
    check(dnc_optimizer_config_init(&settings, sizeof settings));
    dnc *net;
    dnc_optimizer *adam;
    result result = {1e9, 0};
    check(dnc_create(&config, &net));
    check(dnc_optimizer_create(net, &settings, &adam));
    check(dnc_set_training(net, k->training));
    check(dnc_estimate_bytes(&config, k->t, k->training, &result.bytes));

    size_t rows = (size_t)k->t * k->b;
    float *inputs = numbers(rows * k->x), *targets = numbers(rows * k->y);
    float *outputs = numbers(rows * k->y), *gradients = numbers(rows * k->y), *mask = NULL;
    for (size_t i = 0; i < rows * k->y; i++) targets[i] = targets[i] > 0;
    uint32_t loss_number = DNC_LOSS_SIGMOID_CROSS_ENTROPY;
    if (is_stories(k)) {
        /* One word is the target of each step, and every tenth step is an answer. */
        loss_number = DNC_LOSS_SOFTMAX_CROSS_ENTROPY;
        mask = numbers(rows);
        for (size_t i = 0; i < rows * k->y; i++) targets[i] = i % k->y == i / k->y % k->y;
        for (size_t i = 0; i < rows; i++) mask[i] = i / k->b % 10 == 9;
    }

    /* What is short is done many times between two looks at the clock, whose steps are not always of nanoseconds. */
    int count = 0, repeats = 1;
    double loss, (*clock)(void) = threads == 1 ? machine_worked : machine_now;
    for (double start = machine_now(); count < 3 || machine_now() - start < seconds;) {
        double begin = clock();
        for (int i = 0; i < repeats; i++) {
            if (k->training) check(dnc_reset(net));
            check(dnc_forward(net, k->t, inputs, outputs));
            if (k->training) {
                check(dnc_loss_evaluate(loss_number, k->t, k->b, k->y, outputs, targets, mask, &loss, gradients));
                check(dnc_backward(net, gradients, NULL));
                check(dnc_optimizer_step(adam, net, NULL));
            }
        }
        double time = clock() - begin;
        if (time < SHORT) {
            repeats *= 2;
            continue;
        }
        count++;
        if (time / repeats < result.seconds) result.seconds = time / repeats;
    }
    free(inputs);
    free(targets);
    free(outputs);
    free(gradients);
    free(mask);
    dnc_optimizer_free(adam);
    dnc_free(net);
    return result;
}

static void print_workload(const workload *k, double seconds, uint32_t threads, const machine *m) {
    result found = measure(k, seconds, threads);
    double floor = workload_floor(k, m) / threads;
    printf("| %-5s | %-24s | %10.5f | %9.5f | %5.2f | %7.1f | %10.1f |\n", k->name, k->what, 1e3 * found.seconds, 1e3 * floor,
           found.seconds / floor, 1e-9 * workload_operations(k) / found.seconds, 1e-6 * (double)found.bytes);
    fflush(stdout);
}

/* The same stories with one and two threads. */
static void print_words(const workload *k, double seconds, const machine *m) {
    double words = (double)k->b * k->t, one = measure(k, seconds, 1).seconds, two = measure(k, seconds, 2).seconds;
    printf("| %2u | %9.3f | %5.2f | %7.0f | %9.3f | %7.0f | %4.2f |\n", k->b, 1e3 * one, one / workload_floor(k, m),
           words / one, 1e3 * two, words / two, one / two);
    fflush(stdout);
}

int main(int count, char **words) {
    double seconds = 3;
    uint32_t threads = 1;
    int chosen[64] = {0}, any = 0, stories = 0;
    for (int i = 1; i < count; i++) {
        const workload *named = workload_named(words[i]);
        if (strcmp(words[i], "--seconds") == 0 && i + 1 < count) {
            seconds = atof(words[++i]);
        } else if (strcmp(words[i], "--threads") == 0 && i + 1 < count) {
            threads = (uint32_t)atoi(words[++i]);
        } else if (named != NULL) {
            chosen[named - workloads] = any = 1;
        } else {
            fprintf(stderr, "bench: %s is no workload; there are", words[i]);
            for (size_t k = 0; k < workload_count; k++) fprintf(stderr, " %s", workloads[k].name);
            fprintf(stderr, ", --seconds 3 and --threads 1\n");
            return 2;
        }
    }
    machine m;
    machine_measure(&m);
    printf("%s\n%u thread%s\n", dnc_build_info(), threads, threads == 1 ? "" : "s, for which the floor is divided");
    report_machine(&m);
    printf("\n| workload |                       |  least, ms | floor, ms | ratio | GFLOP/s | memory, MB |\n");
    printf("|---|---|---|---|---|---|---|\n");
    for (size_t k = 0; k < workload_count; k++) {
        if (any && !chosen[k]) continue;
        if (is_stories(&workloads[k])) stories = 1;
        else print_workload(&workloads[k], seconds, threads, &m);
    }
    if (!stories) return 0;
    printf("\nTraining on bAbI with one thread and two, in words a second\n\n");
    printf("| batch | ms | ratio | words/s | two, ms | words/s | gain |\n|---|---|---|---|---|---|---|\n");
    for (size_t k = 0; k < workload_count; k++) {
        if (is_stories(&workloads[k]) && (!any || chosen[k])) print_words(&workloads[k], seconds, &m);
    }
    return 0;
}
