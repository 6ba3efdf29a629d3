/*
 * A folder of bAbI files that anybody may have written.
 *
 * The input is a line of options, and then the files: each a line "== name" and what is in it.
 */
#include "tasks.h"

LARGEST_ALLOCATION(64)

enum { FILES = 8 };

static dnc_status make(void *argument, dnc_task **task) { return dnc_task_create("babi", argument, 3, task); }

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    if (chdir(scratch_folder()) != 0 || mkdir("b", 0700) != 0 || chdir("b") != 0) abort();
    return 0;
}

/* Where the next file begins, or the end. */
static const uint8_t *next_file(const uint8_t *at, const uint8_t *end) {
    while (end - at >= 4) {
        const uint8_t *found = memchr(at, '\n', (size_t)(end - at) - 3);
        if (found == NULL) return end;
        if (memcmp(found + 1, "== ", 3) == 0) return found + 1;
        at = found + 1;
    }
    return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    bytes input = {data, size};
    const uint8_t *end = data + size;
    char *first = line(&input), *names[FILES] = {NULL}, *options = malloc(size + 100);
    int files = 0;
    while (input.left >= 3 && memcmp(input.at, "== ", 3) == 0 && files < FILES) {
        const uint8_t *next = next_file(input.at, end);
        input.at += 3, input.left -= 3;
        char *name = line(&input);
        size_t length = input.at < next ? (size_t)(next - input.at) : 0;
        int is_name = name[0] && strlen(name) < 250 && !strchr(name, '/') && !same(name, ".") && !same(name, "..");
        if (is_name) {
            write_file(name, input.at, length);
            names[files++] = name;
        } else {
            free(name);
        }
        input.at = next, input.left = (size_t)(end - next);
    }
    uint32_t chance = chance_of(data, size);
    sprintf(options, "folder=.%s%s", first[0] ? "," : "", first);
    dnc_task *task = made(make, options, DNC_INVALID_ARGUMENT, chance);
    if (task) {
        uint32_t x = 0, y = 0;
        uint64_t episodes = 0;
        metrics(task);
        CHECK(CALL(dnc_task_sizes(task, &x, &y, NULL)) == DNC_OK && x == y && x <= 16383);
        CHECK(CALL(dnc_task_episode_count(task, &episodes)) == DNC_OK);
        words(task);
        play(task, 1 + chance % 3, chance % 7);
        dnc_task_free(task);
    }
    for (int i = 0; i < files; i++) {
        unlink(names[i]);
        free(names[i]);
    }
    free(first);
    free(options);
    return 0;
}
