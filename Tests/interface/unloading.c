/*
 *     unloading LIBRARY ROUNDS FILE
 *
 * Loads the library, uses it, now and then with four threads, and unloads it, again and again: nothing of it may stay, neither
 * a thread nor the library itself, nor a file, a key of a thread's storage, or memory.
 */
#define _GNU_SOURCE
#include <dnc.h>

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { T = 20, B = 4, X = 8, Y = 8 };

static int threads(void) {
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

static int files(void) {
    int count = 0;
    for (int file = 0; file < 256; file++) count += fcntl(file, F_GETFD) != -1;
    return count;
}

/* The number that the next one gets. */
static unsigned key(void) {
    pthread_key_t next;
    if (pthread_key_create(&next, NULL) != 0) return 0;
    pthread_key_delete(next);
    return next;
}

/* Pages in memory. */
static long resident(void) {
    long size = 0, pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (fscanf(file, "%ld %ld", &size, &pages) != 2) pages = 0;
    fclose(file);
    return pages;
}

#define FIND(name)                 \
    __typeof__(&name) call_##name; \
    *(void **)&call_##name = dlsym(library, #name)

int main(int count, char **words) {
    static float inputs[T * B * X], outputs[T * B * Y], gradients[T * B * Y];
    if (count != 4) return 2;
    const int rounds = atoi(words[2]), files_before = files();
    const unsigned key_before = key();
    long most[2] = {0, 0}; /* pages, in both halves of the time */
    for (int i = 0; i < T * B * Y; i++) gradients[i] = (float)(i % 5) - 2;
    for (int round = 0; round < rounds; round++) {
        const int others = round % 20 == 0 ? 3 : 0; /* threads */
        void *library = dlopen(words[1], RTLD_NOW | RTLD_LOCAL);
        if (library == NULL) return fprintf(stderr, "%s\n", dlerror()), 1;
        FIND(dnc_config_init);
        FIND(dnc_create);
        FIND(dnc_set_training);
        FIND(dnc_forward);
        FIND(dnc_backward);
        FIND(dnc_free);
        FIND(dnc_save);
        FIND(dnc_load);
        FIND(dnc_task_create);
        FIND(dnc_task_free);
        FIND(dnc_image_write);
        FIND(dnc_last_error);
        dnc_config config;
        dnc *net;
        call_dnc_config_init(&config, sizeof config);
        config.input_size = X;
        config.output_size = Y;
        config.batch_size = B;
        config.num_threads = 1 + (uint32_t)others;
        if (call_dnc_create(&config, &net) != DNC_OK) return 1;
        if (threads() != 1) return fprintf(stderr, "%d threads before there is work\n", threads()), 1;
        if (call_dnc_set_training(net, 1) != DNC_OK || call_dnc_forward(net, T, inputs, outputs) != DNC_OK ||
            call_dnc_backward(net, gradients, NULL) != DNC_OK)
            return 1;
        if (threads() != 1 + others) return fprintf(stderr, "%d threads, not %d\n", threads(), 1 + others), 1;
        dnc_task *task;
        dnc *loaded;
        if (call_dnc_save(net, NULL, words[3]) != DNC_OK || call_dnc_load(words[3], &loaded, NULL) != DNC_OK ||
            call_dnc_image_write(words[3], T, B * X, inputs, NULL) != DNC_OK ||
            call_dnc_task_create("copy", NULL, 1, &task) != DNC_OK ||
            call_dnc_load(words[3], NULL, NULL) != DNC_INVALID_ARGUMENT || call_dnc_last_error()[0] == 0)
            return 1;
        call_dnc_task_free(task);
        call_dnc_free(loaded);
        call_dnc_free(net);
        /* A joined thread may stand in /proc for a moment. */
        for (int wait = 0; threads() != 1 && wait < 1000; wait++) usleep(1000);
        if (threads() != 1) return fprintf(stderr, "%d threads left\n", threads()), 1;
        dlclose(library);
        if (dlopen(words[1], RTLD_NOW | RTLD_NOLOAD) != NULL) return fprintf(stderr, "still loaded\n"), 1;
        if (files() != files_before) return fprintf(stderr, "%d files, not %d\n", files(), files_before), 1;
        if (key() != key_before) return fprintf(stderr, "key %u, not %u\n", key(), key_before), 1;
        if (resident() > most[round >= rounds / 2]) most[round >= rounds / 2] = resident();
    }
    if (most[1] > most[0] + 64) return fprintf(stderr, "%ld pages, then %ld\n", most[0], most[1]), 1;
    return 0;
}
