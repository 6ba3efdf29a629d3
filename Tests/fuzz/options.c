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

/* A name has options just if it is a task's, and each is said whole. */
static void declared(const char *name) {
    size_t count = dnc_task_option_count(name), tasks = 0;
    const char *known;
    int is_known = 0;
    while ((known = dnc_task_name(tasks++))) is_known |= same(known, name);
    CHECK((count > 0) == is_known);
    for (size_t i = 0; i <= count; i++) {
        dnc_task_option option = {.struct_size = sizeof option};
        CHECK(CALL(dnc_task_option_at(name, i, &option)) == (i < count ? DNC_OK : DNC_INVALID_ARGUMENT));
        if (i < count) CHECK(option.name[0] && option.allowed[0] && option.meaning[0] && option.is_path <= 1);
    }
}

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
    declared(name);
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
