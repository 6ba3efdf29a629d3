#include "workloads.h"

#include <math.h>
#include <string.h>

const workload workloads[] = {
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
    /* Stories of 70 words, the mean of bAbI's, with its vocabulary. */
    {"S1", "bAbI as trained, 1 story", 156, 156, 256, 128, 32, 4, 1, 70, 1},
    {"S2", "2 stories", 156, 156, 256, 128, 32, 4, 2, 70, 1},
    {"S4", "4 stories", 156, 156, 256, 128, 32, 4, 4, 70, 1},
    {"S16", "16 stories", 156, 156, 256, 128, 32, 4, 16, 70, 1},
};
const size_t workload_count = sizeof workloads / sizeof *workloads;

const workload *workload_named(const char *name) {
    for (size_t i = 0; i < workload_count; i++) {
        if (strcmp(workloads[i].name, name) == 0) return &workloads[i];
    }
    return NULL;
}

double workload_interface(const workload *k) { return (double)k->r * k->w + 3.0 * k->w + 5.0 * k->r + 3; }

/* The weights that are multiplied in a step. */
static double weights(const workload *k) {
    double rw = (double)k->r * k->w;
    return 4.0 * k->h * (k->x + rw + k->h) + workload_interface(k) * k->h + k->y * (k->h + rw);
}

double workload_parameters(const workload *k) { return weights(k) + 4.0 * k->h + workload_interface(k) + k->y; }

/* An addition, a multiplication and an exponential count as one each. Nothing is counted twice: no recomputation, and the
 * factors of a whole row or column are taken once. */
double workload_operations(const workload *k) {
    double h = k->h, n = k->n, nw = n * k->w, nn = n * n, r = k->r;
    /* Two for each weight; backwards twice that, for inputs and weights, but without the gradient of x. */
    double products = 2 * weights(k), products_back = 2 * products - 8 * h * k->x;
    double gates = 25 * h, gates_back = 2 * gates;
    /* k . M[i] for each head, the norms of M before and after, and a softmax; each product twice backwards. */
    double content = 2 * (r + 1) * nw + 4 * nw + 8 * (r + 1) * n, content_back = 4 * (r + 1) * nw + 4 * nw + 10 * (r + 1) * n;
    /* M (1 - w e) + w v, and backwards the gradients of M, w, e, v; the read vectors. */
    double memory = 4 * nw + 2 * r * nw, memory_back = 10 * nw + 4 * r * nw;
    /* (1 - w[i] - w[j]) L + w[i] p[j], and a product with L and one with its transpose for each head. */
    double links = 5 * nn + 4 * r * nn, links_back = 9 * nn + 8 * r * nn;
    /* Sorting, allocation and usage. */
    double usage = n * (10 + 2 * log2(n)) + 15 * n * r, usage_back = usage;
    double forward = products + gates + content + memory + links + usage;
    double back = products_back + gates_back + content_back + memory_back + links_back + usage_back;
    return (double)k->b * k->t * (k->training ? forward + back : forward);
}

/* Nothing is recomputed, and everything that follows from a number is computed while it is at hand. */
void workload_streams(const workload *k, stream streams[STREAMS]) {
    double state = 4.0 * ((double)k->n * k->n + (double)k->n * k->w), steps = (double)k->b * k->t;
    if (!k->training) {
        streams[0] = (stream){state, 0, 2 * steps * state};
        streams[1] = (stream){4 * weights(k), k->t * 4 * weights(k), 0};
        streams[2] = streams[3] = (stream){0};
        return;
    }
    double recurrent = 4 * (4.0 * k->h * ((double)k->r * k->w + k->h) + k->h * workload_interface(k));
    double parameters = 4 * workload_parameters(k);
    /* Memory and links of each step are written forwards and read backwards. */
    streams[0] = (stream){steps * state, steps * state, steps * state};
    /* One sequence after the other: its state is read forwards, and its gradient read and written backwards. */
    streams[1] = (stream){2 * state, steps * state, 2 * steps * state};
    /* The recurrence reads its weights in each step, forwards and backwards. The gradients of all weights are added up once. */
    streams[2] = (stream){recurrent, 2 * k->t * recurrent, 0};
    /* Adam reads the gradients, and changes the parameters and both averages. */
    streams[3] = (stream){4 * parameters, parameters, 6 * parameters};
}

double workload_floor(const workload *k, const machine *m) {
    stream streams[STREAMS];
    workload_streams(k, streams);
    double arithmetic = workload_operations(k) / m->arithmetic, memory = 0;
    for (int i = 0; i < STREAMS; i++) memory += machine_move(m, streams[i].set, streams[i].read, streams[i].update);
    return arithmetic > memory ? arithmetic : memory;
}

double workload_bytes(const workload *k) {
    stream streams[STREAMS];
    workload_streams(k, streams);
    double bytes = 0;
    for (int i = 0; i < STREAMS; i++) bytes += streams[i].read + streams[i].update;
    return bytes;
}
