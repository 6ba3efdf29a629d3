/*
 * A curriculum that anybody may have written: dnc_task_load refuses it with the line, or gives lessons that can be played.
 *
 * The input is the file; it may name the graph "g" and the folder of stories "b".
 */
#include "tasks.h"

LARGEST_ALLOCATION(64)

static memory_file file;

static dnc_status make(void *argument, dnc_task **task) { return dnc_task_load(argument, 7, task); }

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    enter_folder();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fill(&file, data, size);
    uint32_t chance = chance_of(data, size);
    dnc_task *task = made(make, file.path, DNC_BAD_FORMAT, chance);
    if (task == NULL) return 0;
    metrics(task);
    size_t count = dnc_task_lesson_count(task);
    CHECK(count >= 1 && count <= 1000);
    for (size_t i = 0; i < count; i++) {
        dnc_lesson lesson = {.struct_size = sizeof lesson};
        CHECK(CALL(dnc_task_lesson_at(task, i, &lesson)) == DNC_OK);
        CHECK(lesson.metric < dnc_task_metric_count(task) && strlen(lesson.options) < 2048);
        CHECK(isnan(lesson.pass_score) || (lesson.pass_score >= 0 && lesson.pass_score <= 1));
        CHECK(lesson.rehearsal >= 0 && lesson.rehearsal <= 1);
        CHECK(lesson.test_every >= 1 && lesson.test_every <= 1000000);
        CHECK(lesson.test_episodes >= 1 && lesson.test_episodes <= 1000000);
        if (i > 2 && i + 1 < count) continue;
        CHECK(CALL(dnc_task_set_lesson(task, i)) == DNC_OK);
        play(task, 1 + chance % 3, i);
    }
    CHECK(CALL(dnc_task_set_lesson(task, count)) == DNC_INVALID_ARGUMENT);
    dnc_task_free(task);
    return 0;
}
