/*
 * The options of a task: dnc_task_create takes any string, and the task that comes of it plays a bounded batch.
 *
 * The input is "name:options"; the options may name the graph "g" and the folder of stories "b".
 */
#include "tasks.h"

LARGEST_ALLOCATION(64)

typedef struct {
    const char *name, *options;
    uint64_t seed;
} arguments;

static dnc_status make(void *argument, dnc_task **task) {
    const arguments *a = argument;
    return dnc_task_create(a->name, a->options, a->seed, task);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    enter_folder();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *name = malloc(size + 1), *options = NULL;
    memcpy(name, data, size);
    name[size] = 0;
    char *colon = strchr(name, ':');
    if (colon) {
        *colon = 0;
        options = strdup(colon + 1);
    }
    uint32_t chance = chance_of(data, size);
    arguments a = {name, options, chance};
    dnc_task *task = made(make, &a, DNC_INVALID_ARGUMENT, chance);
    if (task) {
        metrics(task);
        dnc_lesson lesson = {.struct_size = sizeof lesson};
        CHECK(dnc_task_lesson_count(task) == 1 && CALL(dnc_task_lesson_at(task, 0, &lesson)) == DNC_OK);
        CHECK(same(lesson.options, options ? options : "") && isnan(lesson.pass_score));
        words(task);
        play(task, 1 + chance % 3, chance % 5 == 0 ? UINT64_MAX - 1 : chance % 7);
        CHECK(CALL(dnc_task_set_evaluating(task, 1)) == DNC_OK);
        play(task, 1, 0);
        dnc_task_free(task);
    }
    free(name);
    free(options);
    return 0;
}
