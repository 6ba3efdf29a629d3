/*
 * Logs of trainings that anybody may have written, drawn as the training figure.
 *
 * The input is a line and after it up to three logs: the first, and others after a line "==". The line is a letter whose bits
 * say how to draw and then the metric's name, and after tabs, as far as it has any: the names of the three runs, the title,
 * width, height, pixel_scale and theme.
 */
#include "fuzz.h"

LARGEST_ALLOCATION(64)

MUTATE_NUMBERS

enum { RUNS = 3 };

/* Cuts the text before its first tab; what comes after it, NULL if there is none. */
static char *cut(char *text) {
    char *tab = text ? strchr(text, '\t') : NULL;
    if (tab == NULL) return NULL;
    *tab = 0;
    return tab + 1;
}

/* A number of the line, or what there was. One that may be is made small, so that a picture takes little time; one that may
 * not be is kept, and noticed. */
static uint32_t number(const char *text, uint32_t otherwise, uint32_t least, uint32_t most, uint32_t small, int *wrong) {
    if (text == NULL || !is_digit((uint8_t)text[0])) return otherwise;
    uint32_t value = (uint32_t)strtoul(text, NULL, 10);
    int may_be = value == 0 || (value >= least && value <= most);
    if (!may_be) *wrong = 1;
    return may_be && value > small ? least + value % (small - least + 1) : value;
}

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
    char *fields[RUNS + 5], *rest = cut(first);
    int wrong = 0;
    for (int i = 0; i < RUNS + 5; i++) {
        fields[i] = rest;
        rest = cut(rest);
        if (i < RUNS && fields[i]) names[i] = fields[i];
    }
    options.metric = first[0] && first[1] ? first + 1 : NULL;
    options.title = fields[RUNS];
    options.width = number(fields[RUNS + 1], options.width, 64, 8192, 320, &wrong);
    options.height = number(fields[RUNS + 2], options.height, 64, 8192, 160, &wrong);
    options.pixel_scale = number(fields[RUNS + 3], 0, 1, 8, 2, &wrong);
    options.theme = number(fields[RUNS + 4], options.theme, 1, 1, 1, &wrong);
    uint8_t *png = (uint8_t *)first;
    size_t bytes_of_it = 77;
    dnc_status status = CALL(dnc_training_image_encode(runs, paths, how & 32 ? names : NULL, &options, &png, &bytes_of_it));
    long allocations = faults.allocations, systems = faults.systems;
    if (status == DNC_OK) {
        CHECK(!wrong && bytes_of_it > 57 && memcmp(png, "\x89PNG\r\n\x1a\n", 8) == 0);
        CHECK(memcmp(png + bytes_of_it - 8, "IEND", 4) == 0);
        dnc_buffer_free(png);
        png = (uint8_t *)first;
        bytes_of_it = 77;
    } else {
        CHECK(status == DNC_BAD_FORMAT || status == DNC_INVALID_ARGUMENT || status == DNC_OUT_OF_MEMORY);
        CHECK(status != DNC_INVALID_ARGUMENT || options.metric != NULL || wrong);
        CHECK(png == (uint8_t *)first && bytes_of_it == 77);
    }
    uint64_t chance = hash_bytes(1, data, size) >> 8;
    if (chance % 2 && allocations > 0) faults.allocation = (long)(chance / 2 % (uint64_t)allocations);
    else if (systems > 0) faults.system = (long)(chance / 2 % (uint64_t)systems);
    faults.interrupts = chance % 3 == 0;
    status = CALL(dnc_training_image_encode(runs, paths, how & 32 ? names : NULL, &options, &png, &bytes_of_it));
    if (status == DNC_OK) dnc_buffer_free(png);
    else CHECK(png == (uint8_t *)first && bytes_of_it == 77);
    free(first);
    return 0;
}
