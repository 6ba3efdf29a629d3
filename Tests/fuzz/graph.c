/*
 * A graph that anybody may have written, for the three tasks that take one.
 *
 * The input is a line "name:options" and then the file.
 */
#include "tasks.h"

LARGEST_ALLOCATION(64)

typedef struct {
    const char *name, *options;
} arguments;

static dnc_status make(void *argument, dnc_task **task) {
    const arguments *a = argument;
    return dnc_task_create(a->name, a->options, 3, task);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static memory_file file;
    static const char *const names[] = {"graph_traversal", "shortest_path", "graph_inference"};
    bytes input = {data, size};
    char *first = line(&input), *options = malloc(size + 100), *rest = strchr(first, ':');
    const char *path = fill(&file, input.at, input.left);
    uint32_t chance = chance_of(data, size);
    /* A name that is none is as good as any. */
    const char *name = names[first[0] % 3];
    for (int i = 0; i < 3; i++)
        if (rest && same(first + (rest - first), rest) && strncmp(first, names[i], (size_t)(rest - first)) == 0) name = names[i];
    sprintf(options, "graph=%s%s%s", path, rest && rest[1] ? "," : "", rest ? rest + 1 : "");
    arguments a = {name, options};
    dnc_task *task = made(make, &a, DNC_INVALID_ARGUMENT, chance);
    if (task) {
        metrics(task);
        play(task, 1 + chance % 3, chance % 7);
        dnc_task_free(task);
    }
    free(first);
    free(options);
    return 0;
}
