/*
 * Four threads at once: clones that share parameters run the same episodes, each beside its own training instance and
 * its own errors. Each instance has a second thread that helps. Every thread must compute what one thread alone computes,
 * bit for bit.
 */
#include <dnc.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 12, T = 12, B = 3, X = 5, Y = 4 };

static float inputs[T * B * X], expected[T * B * Y], gradients[T * B * Y];

typedef struct worker {
    dnc *shared; /* a clone with the parameters of all */
    int number;
    float *learned; /* what its own training ended with */
    const char *problem;
} worker;

static dnc *create(void) {
    dnc_config config;
    dnc *net = NULL;
    dnc_config_init(&config, sizeof config);
    config.input_size = X;
    config.output_size = Y;
    config.batch_size = B;
    config.memory_slots = 16;
    config.hidden_size = 64;
    config.num_threads = 2;
    config.seed = 3;
    return dnc_create(&config, &net) == DNC_OK ? net : NULL;
}

/* Trains a network of its own; the result is the same in every thread. */
static const char *learn(float **result) {
    dnc *net = create();
    dnc_optimizer_config config;
    dnc_optimizer *optimizer = NULL;
    static _Thread_local float outputs[T * B * Y];
    if (net == NULL) return "create";
    dnc_optimizer_config_init(&config, sizeof config);
    if (dnc_optimizer_create(net, &config, &optimizer) != DNC_OK) return "optimizer";
    dnc_set_training(net, 1);
    for (int round = 0; round < ROUNDS / 4; round++) {
        dnc_reset(net);
        if (dnc_forward(net, T, inputs, outputs) != DNC_OK) return "forward";
        if (dnc_backward(net, gradients, NULL) != DNC_OK) return "backward";
        if (dnc_optimizer_step(optimizer, net, NULL) != DNC_OK) return "update";
    }
    size_t bytes = dnc_parameter_count(net) * sizeof(float);
    *result = malloc(bytes);
    memcpy(*result, dnc_parameters(net), bytes);
    dnc_optimizer_free(optimizer);
    dnc_free(net);
    return NULL;
}

static void *work(void *argument) {
    worker *me = argument;
    float outputs[T * B * Y];
    char named[32];
    if (dnc_last_error()[0] != 0) me->problem = "a new thread begins with an error";
    for (int round = 0; round < ROUNDS && me->problem == NULL; round++) {
        dnc_reset(me->shared);
        if (dnc_forward(me->shared, T, inputs, outputs) != DNC_OK) me->problem = "forward";
        else if (memcmp(outputs, expected, sizeof outputs) != 0) me->problem = "other outputs than one thread";
        /* Errors are the thread's own. */
        dnc_task *task = NULL;
        snprintf(named, sizeof named, "thread%d", me->number);
        if (dnc_task_create(named, NULL, 0, &task) != DNC_INVALID_ARGUMENT) me->problem = "a bad task";
        else if (strstr(dnc_last_error(), named) == NULL) me->problem = "another thread's error";
    }
    if (me->problem == NULL) me->problem = learn(&me->learned);
    return NULL;
}

int main(void) {
    worker workers[THREADS];
    pthread_t threads[THREADS];
    int result = 0;
    dnc *net = create();
    if (net == NULL) return 2;
    size_t bytes = dnc_parameter_count(net) * sizeof(float);
    for (int i = 0; i < T * B * X; i++) inputs[i] = (float)(i * 7 % 11) / 5 - 1;
    for (int i = 0; i < T * B * Y; i++) gradients[i] = (float)(i * 5 % 7) / 3 - 1;
    if (dnc_forward(net, T, inputs, expected) != DNC_OK) return 2;
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){NULL, i, NULL, NULL};
        if (dnc_clone(net, DNC_CLONE_SHARE_PARAMETERS, &workers[i].shared) != DNC_OK) return 2;
    }
    dnc_free(net); /* the parameters live as long as one of the clones */
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, work, &workers[i]);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        if (workers[i].problem == NULL && memcmp(workers[i].learned, workers[0].learned, bytes) != 0)
            workers[i].problem = "learned something else";
        if (workers[i].problem != NULL) {
            fprintf(stderr, "thread %d: %s: %s\n", i, workers[i].problem, dnc_last_error());
            result = 1;
        }
    }
    for (int i = 0; i < THREADS; i++) {
        dnc_free(workers[i].shared);
        free(workers[i].learned);
    }
    return result;
}
