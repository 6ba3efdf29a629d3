/*
 * Logs of trainings that anybody may have written, drawn as the training figure.
 *
 * The input is a line, a letter whose bits say how to draw and then the metric's name, and after it up to three logs: the
 * first, and others after a line "==".
 */
#include "fuzz.h"

LARGEST_ALLOCATION(64)

MUTATE_NUMBERS

enum { RUNS = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static memory_file files[RUNS];
    const char *paths[RUNS], *names[RUNS] = {"a run", "\xce\xb2", ""};
    bytes input = {data, size};
    char *first = line(&input);
    size_t runs = 0;
    while (runs < RUNS) {
        const uint8_t *end = input.at + input.left, *mark = input.at;
        for (; mark < end; mark++)
            if (end - mark >= 4 && memcmp(mark, "\n==\n", 4) == 0) break;
        size_t length = (size_t)(mark - input.at);
        paths[runs] = fill(&files[runs], input.at, length);
        runs++;
        if (mark == end) break;
        input.at += length + 4, input.left -= length + 4;
    }
    dnc_image_options options;
    CHECK(CALL(dnc_image_options_init(&options, sizeof options)) == DNC_OK);
    uint8_t how = (uint8_t)first[0];
    options.flags = how & 1 ? DNC_IMAGE_OVER_TIME : 0;
    options.theme = how >> 1 & 1;
    options.width = how & 4 ? 64 : how & 8 ? 720 : 200;
    options.height = how & 16 ? 64 : 150;
    options.metric = first[0] && first[1] ? first + 1 : NULL;
    uint8_t *png = (uint8_t *)first;
    size_t bytes_of_it = 77;
    dnc_status status = CALL(dnc_training_image_encode(runs, paths, how & 32 ? names : NULL, &options, &png, &bytes_of_it));
    long allocations = faults.allocations, systems = faults.systems;
    if (status == DNC_OK) {
        CHECK(bytes_of_it > 57 && memcmp(png, "\x89PNG\r\n\x1a\n", 8) == 0);
        CHECK(memcmp(png + bytes_of_it - 8, "IEND", 4) == 0);
        dnc_buffer_free(png);
        png = (uint8_t *)first;
        bytes_of_it = 77;
    } else {
        CHECK(status == DNC_BAD_FORMAT || status == DNC_INVALID_ARGUMENT || status == DNC_OUT_OF_MEMORY);
        CHECK(status != DNC_INVALID_ARGUMENT || options.metric != NULL);
        CHECK(png == (uint8_t *)first && bytes_of_it == 77);
    }
    uint64_t chance = hash_bytes(1, data, size) >> 8;
    if (chance % 2) faults.allocation = (long)(chance / 2 % (uint64_t)allocations);
    else faults.system = (long)(chance / 2 % (uint64_t)systems);
    faults.interrupts = chance % 3 == 0;
    status = CALL(dnc_training_image_encode(runs, paths, how & 32 ? names : NULL, &options, &png, &bytes_of_it));
    if (status == DNC_OK) dnc_buffer_free(png);
    else CHECK(png == (uint8_t *)first && bytes_of_it == 77);
    free(first);
    return 0;
}
