/*
 * Loads the library, trains with four threads, unloads it, again and again: nothing of it may stay, neither a thread nor the
 * library itself.
 */
#define _GNU_SOURCE
#include <dnc.h>

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { T = 20, B = 4, X = 8, Y = 8, ROUNDS = 20 };

static int threads(void) {
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

#define FIND(name)                 \
    __typeof__(&name) call_##name; \
    *(void **)&call_##name = dlsym(library, #name)

int main(int count, char **words) {
    static float inputs[T * B * X], outputs[T * B * Y], gradients[T * B * Y];
    if (count != 2) return 2;
    for (int i = 0; i < T * B * Y; i++) gradients[i] = (float)(i % 5) - 2;
    for (int round = 0; round < ROUNDS; round++) {
        void *library = dlopen(words[1], RTLD_NOW | RTLD_LOCAL);
        if (library == NULL) return fprintf(stderr, "%s\n", dlerror()), 1;
        FIND(dnc_config_init);
        FIND(dnc_create);
        FIND(dnc_set_training);
        FIND(dnc_forward);
        FIND(dnc_backward);
        FIND(dnc_free);
        dnc_config config;
        dnc *net;
        call_dnc_config_init(&config, sizeof config);
        config.input_size = X;
        config.output_size = Y;
        config.batch_size = B;
        config.num_threads = 4;
        if (call_dnc_create(&config, &net) != DNC_OK) return 1;
        if (threads() != 1) return fprintf(stderr, "%d threads before there is work\n", threads()), 1;
        if (call_dnc_set_training(net, 1) != DNC_OK || call_dnc_forward(net, T, inputs, outputs) != DNC_OK ||
            call_dnc_backward(net, gradients, NULL) != DNC_OK)
            return 1;
        if (threads() != 4) return fprintf(stderr, "%d threads, not 4\n", threads()), 1;
        call_dnc_free(net);
        /* A joined thread may stand in /proc for a moment. */
        for (int wait = 0; threads() != 1 && wait < 1000; wait++) usleep(1000);
        if (threads() != 1) return fprintf(stderr, "%d threads left\n", threads()), 1;
        dlclose(library);
        if (dlopen(words[1], RTLD_NOW | RTLD_NOLOAD) != NULL) return fprintf(stderr, "still loaded\n"), 1;
    }
    return 0;
}
