#include "workloads.h"

#include <math.h>
#include <string.h>

const workload workloads[] = {
    {"A", "copy task of DNC-NumPy", 8, 8, 64, 16, 16, 1, 1, 20, 1, 0},
    {"B", "repeat copy", 6, 5, 64, 16, 16, 4, 16, 40, 1, 0},
    {"C1", "bAbI, one story", 160, 160, 256, 256, 64, 4, 1, 100, 1, 0},
    {"C16", "bAbI, a batch", 160, 160, 256, 256, 64, 4, 16, 100, 1, 0},
    {"C16C", "C16, content only", 160, 160, 256, 256, 64, 4, 16, 100, 1, CONTENT_ONLY},
    {"C16M", "C16 with masks", 160, 160, 256, 256, 64, 4, 16, 100, 1, MASKS},
    {"C16A", "C16 with all three", 160, 160, 256, 256, 64, 4, 16, 100, 1, ALL_THREE},
    {"C16N", "C16, NTM", 160, 160, 256, 256, 64, 4, 16, 100, 1, NTM},
    {"C16L", "C16 with layer norms", 160, 160, 256, 256, 64, 4, 16, 100, 1, NORMS},
    {"C16G", "C16, GRU", 160, 160, 256, 256, 64, 4, 16, 100, 1, GATED},
    {"D", "graph", 92, 90, 256, 128, 50, 5, 2, 200, 1, 0},
    {"E64", "64 slots", 8, 8, 128, 64, 32, 4, 4, 64, 1, 0},
    {"E256", "256 slots", 8, 8, 128, 256, 32, 4, 4, 64, 1, 0},
    {"E1024", "1024 slots", 8, 8, 128, 1024, 32, 4, 4, 64, 1, 0},
    {"E2048", "2048 slots", 8, 8, 128, 2048, 32, 4, 4, 64, 1, 0},
    {"IA", "one inference step of A", 8, 8, 64, 16, 16, 1, 1, 1, 0, 0},
    {"IC", "one inference step of C1", 160, 160, 256, 256, 64, 4, 1, 1, 0, 0},
    /* Stories of 70 words, the mean of bAbI's, with its vocabulary. */
    {"S1", "bAbI as trained, 1 story", 156, 156, 256, 128, 32, 4, 1, 70, 1, 0},
    {"S2", "2 stories", 156, 156, 256, 128, 32, 4, 2, 70, 1, 0},
    {"S4", "4 stories", 156, 156, 256, 128, 32, 4, 4, 70, 1, 0},
    {"S16", "16 stories", 156, 156, 256, 128, 32, 4, 16, 70, 1, 0},
};
const size_t workload_count = sizeof workloads / sizeof *workloads;

const workload *workload_named(const char *name) {
    for (size_t i = 0; i < workload_count; i++) {
        if (strcmp(workloads[i].name, name) == 0) return &workloads[i];
    }
    return NULL;
}

static int has(const workload *k, uint32_t variant) { return (k->variants & variant) == variant; }
static int has_links(const workload *k) { return !has(k, NTM) && !has(k, CONTENT_ONLY); }

/* The numbers of the state of a sequence that go from step to step: memory and links. */
static double state(const workload *k) { return (double)k->n * k->w + (has_links(k) ? (double)k->n * k->n : 0); }

double workload_interface(const workload *k) {
    double r = k->r, w = k->w, common = r * w + 3 * w + r + 1;
    if (has(k, NTM)) return common + 5 * r + 5;
    double gates = r + 2, modes = has_links(k) ? 3 * r : 0, masks = has(k, MASKS) ? (r + 1) * w : 0;
    return common + gates + modes + masks + (has(k, SHARPENING) ? 2 * r : 0);
}

/* Pre-activations of the controller. */
static double units(const workload *k) { return (has(k, GATED) ? 3.0 : 4.0) * k->h; }

/* The weights that are multiplied in a step. */
static double weights(const workload *k) {
    double rw = (double)k->r * k->w;
    return units(k) * (k->x + rw + k->h) + workload_interface(k) * k->h + k->y * (k->h + rw);
}

/* Numbers that norms are taken of: the pre-activations, the LSTM's cells, the interface vector. */
static double normalized(const workload *k) {
    return has(k, NORMS) ? units(k) + (has(k, GATED) ? 0 : k->h) + workload_interface(k) : 0;
}

double workload_parameters(const workload *k) {
    /* A norm has scales, that of the cells also biases; a GRU has a bias more. */
    double own = has(k, GATED) ? k->h : has(k, NORMS) ? k->h : 0;
    return weights(k) + units(k) + workload_interface(k) + k->y + normalized(k) + own;
}

/* Operations forwards and backwards. */
typedef struct operations {
    double forward, back;
} operations;

/* What heads compare, and a softmax. */
static operations content(const workload *k) {
    double n = k->n, nw = n * k->w, heads = k->r + 1.0;
    /* k . M[i] for each head; each product twice backwards. */
    operations found = {2 * heads * nw + 8 * heads * n, 4 * heads * nw + 10 * heads * n};
    if (has(k, MASKS)) {
        /* m^2 . M[i]^2 for each head, with the squares of M taken once; backwards towards M and towards m. */
        found.forward += 2 * heads * nw + nw;
        found.back += 4 * heads * nw + 2 * nw;
    } else {
        /* The norms of M before and after, which are the same when the NTM looks before it writes. */
        double norms = (has(k, NTM) ? 2 : 4) * nw;
        found.forward += norms;
        found.back += norms;
    }
    return found;
}

/* Where heads go from step to step. */
static operations addressing(const workload *k) {
    double n = k->n, nn = n * n, r = k->r;
    /* Interpolation, three shifts, and a power of what they give. */
    if (has(k, NTM)) return (operations){15 * (r + 1) * n, 30 * (r + 1) * n};
    /* Sorting, allocation and usage. */
    double usage = n * (10 + 2 * log2(n)) + 15 * n * r;
    operations found = {usage, usage};
    if (has_links(k)) {
        /* (1 - w[i] - w[j]) L + w[i] p[j], and a product with L and one with its transpose for each head. */
        found.forward += 5 * nn + 4 * r * nn;
        found.back += 9 * nn + 8 * r * nn;
    }
    if (has(k, SHARPENING)) found.forward += 2 * r * 7 * n, found.back += 2 * r * 9 * n;
    return found;
}

/* An addition, a multiplication and an exponential count as one each. Nothing is counted twice: no recomputation, and the
 * factors of a whole row or column are taken once. */
double workload_operations(const workload *k) {
    double h = k->h, nw = (double)k->n * k->w, r = k->r;
    /* Two for each weight; backwards twice that, for inputs and weights, but without the gradient of x. */
    double products = 2 * weights(k), products_back = 2 * products - 2 * units(k) * k->x;
    double gates = (has(k, GATED) ? 19 : 25) * h, gates_back = 2 * gates;
    /* Mean, difference, variance, quotient, scale and bias; backwards the same means, and the gradient of the scales. */
    gates += 7 * normalized(k), gates_back += 11 * normalized(k);
    /* M (1 - w e) + w v, and backwards the gradients of M, w, e, v; the read vectors. */
    double memory = 4 * nw + 2 * r * nw, memory_back = 10 * nw + 4 * r * nw;
    if (has(k, DEALLOCATION)) memory += nw, memory_back += 3 * nw;
    operations looked = content(k), moved = addressing(k);
    double forward = products + gates + looked.forward + memory + moved.forward;
    double back = products_back + gates_back + looked.back + memory_back + moved.back;
    return (double)k->b * k->t * (k->training ? forward + back : forward);
}

/* Nothing is recomputed, and everything that follows from a number is computed while it is at hand. */
void workload_streams(const workload *k, stream streams[STREAMS]) {
    double bytes = 4 * state(k), steps = (double)k->b * k->t;
    if (!k->training) {
        streams[0] = (stream){bytes, 0, 2 * steps * bytes};
        streams[1] = (stream){4 * weights(k), k->t * 4 * weights(k), 0};
        streams[2] = streams[3] = (stream){0};
        return;
    }
    double recurrent = 4 * (units(k) * ((double)k->r * k->w + k->h) + k->h * workload_interface(k));
    double parameters = 4 * workload_parameters(k);
    /* Memory and links of each step are written forwards and read backwards. */
    streams[0] = (stream){steps * bytes, steps * bytes, steps * bytes};
    /* One sequence after the other: its state is read forwards, and its gradient read and written backwards. */
    streams[1] = (stream){2 * bytes, steps * bytes, 2 * steps * bytes};
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
