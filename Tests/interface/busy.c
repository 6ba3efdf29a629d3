/*
 * Handles that are used wrongly: each way is a word on the command line.
 *
 *     busy callback     a dnc_progress calls the instance that it is told of
 *     busy freed        instances are freed while they are in use, by their dnc_progress and by another thread
 *     busy crowd        threads use one instance, one optimizer and one task all at once
 */
#include <dnc.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 400, T = 12, B = 3, X = 5, Y = 4, N = 6 };

static float inputs[T * B * X], outputs[T * B * Y], gradients[T * B * Y];
static int failures;

#define EXPECT(condition)                                                                                     \
    do {                                                                                                      \
        if (!(condition)) {                                                                                   \
            fprintf(stderr, "busy.c:%d: %s: %s\n", __LINE__, #condition, dnc_last_error());                   \
            failures = 1;                                                                                     \
        }                                                                                                     \
    } while (0)
#define GOOD(call) EXPECT((call) == DNC_OK)
#define IN_USE(call) EXPECT((call) == DNC_INVALID_STATE && strstr(dnc_last_error(), "in use") != NULL)

static dnc *create(uint32_t threads) {
    dnc_config config;
    dnc *net = NULL;
    GOOD(dnc_config_init(&config, sizeof config));
    config.input_size = X;
    config.output_size = Y;
    config.batch_size = B;
    config.memory_slots = N;
    config.num_threads = threads;
    GOOD(dnc_create(&config, &net));
    return net;
}

static dnc_optimizer *optimizer_of(const dnc *net) {
    dnc_optimizer_config config;
    dnc_optimizer *optimizer = NULL;
    GOOD(dnc_optimizer_config_init(&config, sizeof config));
    GOOD(dnc_optimizer_create(net, &config, &optimizer));
    return optimizer;
}

/* ------------------------------------------------------------------------------------- callback -- */

typedef struct callback {
    dnc *net;
    dnc_optimizer *optimizer;
    size_t recorded;
    int told;
} callback;

static int calls_back(void *context, size_t done, size_t total) {
    callback *c = context;
    float values[B * N], output[B * Y];
    dnc *copy = NULL;
    dnc_optimizer *optimizer = NULL;
    dnc_optimizer_config config;
    c->told++;
    EXPECT(done <= total);
    IN_USE(dnc_set_batch_size(c->net, 8));
    IN_USE(dnc_set_memory_slots(c->net, 8));
    IN_USE(dnc_set_training(c->net, 0));
    IN_USE(dnc_set_progress(c->net, NULL, NULL));
    IN_USE(dnc_set_bypass_dropout(c->net, 0.5f, 1));
    IN_USE(dnc_reset(c->net));
    IN_USE(dnc_detach(c->net));
    IN_USE(dnc_step(c->net, inputs, output));
    IN_USE(dnc_forward(c->net, T, inputs, output));
    IN_USE(dnc_backward(c->net, gradients, NULL));
    IN_USE(dnc_get_state(c->net, DNC_FIELD_USAGE, values, B * N));
    IN_USE(dnc_clone(c->net, DNC_CLONE_SHARE_PARAMETERS, &copy));
    IN_USE(dnc_optimizer_step(c->optimizer, c->net, NULL));
    IN_USE(dnc_save(c->net, c->optimizer, "/dev/null/never"));
    GOOD(dnc_optimizer_config_init(&config, sizeof config));
    IN_USE(dnc_optimizer_create(c->net, &config, &optimizer));
    EXPECT(copy == NULL && optimizer == NULL);
    /* The optimizer was given back, and what cannot fail still answers. */
    GOOD(dnc_optimizer_get_config(c->optimizer, &config));
    EXPECT(dnc_recorded_steps(c->net) == c->recorded);
    EXPECT(dnc_parameters(c->net) != NULL && dnc_gradients(c->net) != NULL && dnc_parameter_count(c->net) > 0);
    EXPECT(dnc_tensor_count(c->net) == 7);
    return 0;
}

static void callbacks(uint32_t threads) {
    dnc *net = create(threads), *twin = create(threads);
    callback c = {net, optimizer_of(net), 0, 0};
    float expected[T * B * Y];
    GOOD(dnc_set_progress(net, calls_back, &c));
    for (int training = 0; training < 2; training++) {
        GOOD(dnc_set_training(net, training));
        GOOD(dnc_set_training(twin, training));
        c.recorded = 0;
        GOOD(dnc_forward(net, T, inputs, outputs));
        GOOD(dnc_forward(twin, T, inputs, expected));
        EXPECT(memcmp(outputs, expected, sizeof expected) == 0);
    }
    EXPECT(dnc_recorded_steps(net) == T);
    c.recorded = T;
    GOOD(dnc_backward(net, gradients, NULL));
    GOOD(dnc_backward(twin, gradients, NULL));
    EXPECT(dnc_recorded_steps(net) == 0 && c.told >= 3);
    EXPECT(memcmp(dnc_gradients(net), dnc_gradients(twin), dnc_parameter_count(net) * sizeof(float)) == 0);
    GOOD(dnc_set_batch_size(net, 8));
    dnc_optimizer_free(c.optimizer);
    dnc_free(net);
    dnc_free(twin);
}

/* ---------------------------------------------------------------------------------------- freed -- */

/* Which numbers are told is not certain where two threads take the steps, nor how many. */
static int told;

static int frees(void *net, size_t done, size_t total) {
    (void)done, (void)total;
    if (told++ == 0) dnc_free(net);
    IN_USE(dnc_reset(net));
    return told == 3;
}

static pthread_barrier_t inside, gone;

static int waits(void *context, size_t done, size_t total) {
    (void)context, (void)done, (void)total;
    if (told++ == 0) {
        pthread_barrier_wait(&inside);
        pthread_barrier_wait(&gone);
    }
    return 0;
}

static void *frees_another(void *net) {
    pthread_barrier_wait(&inside);
    IN_USE(dnc_reset(net));
    dnc_free(net);
    pthread_barrier_wait(&gone);
    return NULL;
}

static void freed(uint32_t threads) {
    pthread_t other;
    dnc *net = create(threads);
    told = 0;
    GOOD(dnc_set_progress(net, frees, net));
    EXPECT(dnc_forward(net, T, inputs, outputs) == DNC_CANCELLED);
    net = create(threads);
    told = 0;
    pthread_barrier_init(&inside, NULL, 2);
    pthread_barrier_init(&gone, NULL, 2);
    GOOD(dnc_set_progress(net, waits, NULL));
    pthread_create(&other, NULL, frees_another, net);
    GOOD(dnc_forward(net, T, inputs, outputs));
    pthread_join(other, NULL);
    pthread_barrier_destroy(&inside);
    pthread_barrier_destroy(&gone);
}

/* ---------------------------------------------------------------------------------------- crowd -- */

static dnc *shared;
static dnc_optimizer *shared_optimizer;
static dnc_task *shared_task;
static pthread_barrier_t start;

/* Whether the call was made; if not, it must have been because somebody else's ran. */
static int made(dnc_status status, dnc_status otherwise) {
    EXPECT(status == DNC_OK || status == otherwise || (status == DNC_INVALID_STATE && dnc_last_error()[0] != 0));
    return status == DNC_OK;
}

static void *member(void *argument) {
    float *own = malloc(sizeof outputs), state[B * N];
    long done = 0;
    size_t steps;
    dnc *copy;
    pthread_barrier_wait(&start);
    for (int round = 0; round < ROUNDS; round++) {
        done += made(dnc_set_batch_size(shared, 1 + (uint32_t)round % B), DNC_OK);
        done += made(dnc_set_memory_slots(shared, round % 2 ? N : 40), DNC_OK);
        done += made(dnc_set_training(shared, round % 3 != 0), DNC_OK);
        done += made(dnc_step(shared, inputs, own), DNC_OK);
        done += made(dnc_forward(shared, T, inputs, own), DNC_OK);
        done += made(dnc_backward(shared, gradients, NULL), DNC_OK);
        done += made(dnc_optimizer_step(shared_optimizer, shared, NULL), DNC_NOT_FINITE);
        done += made(dnc_get_state(shared, DNC_FIELD_USAGE, state, B * N), DNC_INVALID_ARGUMENT);
        EXPECT(dnc_recorded_steps(shared) <= ROUNDS * T);
        if (made(dnc_clone(shared, DNC_CLONE_COPY, &copy), DNC_OK)) dnc_free(copy);
        done += made(dnc_task_sample(shared_task, 2, &steps), DNC_OK);
        done += made(dnc_task_read(shared_task, NULL, NULL, NULL), DNC_OK);
        done += made(dnc_reset(shared), DNC_OK);
    }
    free(own);
    *(long *)argument = done;
    return NULL;
}

static void crowd(void) {
    pthread_t threads[THREADS];
    long done[THREADS], all = 0;
    uint64_t updates;
    shared = create(2);
    shared_optimizer = optimizer_of(shared);
    GOOD(dnc_task_create("copy", NULL, 1, &shared_task));
    pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, member, &done[i]);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++) all += done[i];
    EXPECT(all > ROUNDS);
    /* Nobody left it in use. */
    updates = dnc_optimizer_step_count(shared_optimizer);
    EXPECT(updates <= (uint64_t)THREADS * ROUNDS && dnc_task_position(shared_task) > 0);
    GOOD(dnc_set_batch_size(shared, B));
    GOOD(dnc_set_training(shared, 1));
    GOOD(dnc_forward(shared, T, inputs, outputs));
    GOOD(dnc_backward(shared, gradients, NULL));
    GOOD(dnc_zero_gradients(shared));
    GOOD(dnc_optimizer_step(shared_optimizer, shared, NULL));
    EXPECT(dnc_optimizer_step_count(shared_optimizer) == updates + 1);
    dnc_free(shared);
    dnc_optimizer_free(shared_optimizer);
    dnc_task_free(shared_task);
}

int main(int count, char **words) {
    if (count != 2) return 2;
    for (int i = 0; i < T * B * X; i++) inputs[i] = (float)(i * 7 % 11) / 5 - 1;
    for (int i = 0; i < T * B * Y; i++) gradients[i] = (float)(i * 5 % 7) / 3 - 1;
    for (uint32_t threads = 1; threads < 3; threads++) {
        if (strcmp(words[1], "callback") == 0) callbacks(threads);
        if (strcmp(words[1], "freed") == 0) freed(threads);
    }
    if (strcmp(words[1], "crowd") == 0) crowd();
    return failures;
}
