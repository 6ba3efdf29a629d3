/*
 * Every picture that libdnc draws, of one trained network: an episode, the state of the memory in it, the film of that
 * memory, how the training went, and what is left of the skill on memories and episodes of other sizes.
 *
 *     cc pictures.c -o pictures $(pkg-config --cflags --libs dnc)
 *     ./pictures MODEL LOG TASK OPTIONS LENGTHS STEP OUTPUT [dark]
 *
 *     MODEL     a network for dnc_load          LOG      the log of its training
 *     TASK      the name of a task              OPTIONS  of the task, for the episode that is shown
 *     LENGTHS   the task's options with {} for a length, as "min_length={},max_length={}", and
 *     STEP      from one length to the next, 1 to 100: of the last picture
 *     OUTPUT    the folder of episode.png, state.png, film.png, training.png and capacity.png
 *
 * Exit status: 0, or 2 for an error.
 */
#define _POSIX_C_SOURCE 200809L
#include <dnc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SIZES 6      /* of memory and of episodes, in the last picture */
#define EPISODES 100 /* in each of its cells */

static void fail(const char *what, const char *why) {
    fprintf(stderr, "pictures: %s: %s\n", what, why);
    exit(2);
}

/* Every call that can fail goes through here. */
#define CHECK(call)                                          \
    do {                                                     \
        if ((call) != DNC_OK) fail(#call, dnc_last_error()); \
    } while (0)

static const char *folder;
static dnc_image_options look; /* what all pictures have in common */

/* The path of a file in the output folder; overwritten by the next call. */
static const char *in_folder(const char *name) {
    static char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) fail(name, "path too long");
    return path;
}

static float *floats(size_t count) {
    float *values = malloc((count ? count : 1) * sizeof *values);
    if (values == NULL) fail("malloc", "out of memory");
    return values;
}

/* Draws the next episodes and lets the network play them, step by step: what it sees may depend on what it answered. */
static float *play(dnc *net, dnc_task *task, uint32_t batch, size_t *steps) {
    uint32_t x, y;
    CHECK(dnc_task_sizes(task, &x, &y, NULL));
    CHECK(dnc_task_sample(task, batch, steps));
    float *input = floats((size_t)batch * x), *outputs = floats(*steps * batch * y);
    CHECK(dnc_reset(net));
    for (size_t t = 0; t < *steps; t++) {
        CHECK(dnc_task_next(task, t > 0 ? outputs + (t - 1) * batch * y : NULL, input));
        CHECK(dnc_step(net, input, outputs + t * batch * y));
    }
    free(input);
    return outputs;
}

/* One episode, the memory after its last answer but one third, and the film of it all. */
static void draw_episode(dnc *net, const char *name, const char *options) {
    dnc_task *task;
    uint32_t x, y;
    size_t steps;
    CHECK(dnc_task_create(name, options, 1, &task));
    CHECK(dnc_task_sizes(task, &x, &y, &look.loss));
    CHECK(dnc_set_batch_size(net, 1));
    CHECK(dnc_set_training(net, 1)); /* what is recorded can be drawn */
    float *outputs = play(net, task, 1, &steps);
    float *inputs = floats(steps * x), *targets = floats(steps * y), *mask = floats(steps);
    CHECK(dnc_task_read(task, inputs, targets, mask));

    look.flags = DNC_IMAGE_SORT_SLOTS | DNC_IMAGE_USED_SLOTS; /* the episode has all slots */
    look.mask = mask;
    CHECK(dnc_episode_image_write(in_folder("episode.png"), net, 0, steps, inputs, targets, outputs, &look));
    CHECK(dnc_state_image_write(in_folder("state.png"), net, 0, steps - 1 - steps / 3, &look));
    CHECK(dnc_film_write(in_folder("film.png"), net, 0, 0, steps, 300, &look));
    look.flags = 0;
    look.mask = NULL;

    free(outputs), free(inputs), free(targets), free(mask);
    CHECK(dnc_set_training(net, 0));
    dnc_task_free(task);
}

/* LENGTHS with every {} replaced by a number. */
static void of_length(const char *pattern, uint32_t length, char *options, size_t size) {
    size_t used = 0;
    while (*pattern) {
        int hole = strncmp(pattern, "{}", 2) == 0;
        int written = hole ? snprintf(options + used, size - used, "%u", length)
                           : snprintf(options + used, size - used, "%c", *pattern);
        if (written < 0 || (used += (size_t)written) >= size) fail("LENGTHS", "too long");
        pattern += hole ? 2 : 1;
    }
}

/* The first metric of a task, over EPISODES episodes of one length. */
static float score(dnc *net, const char *name, const char *options) {
    dnc_task *task;
    size_t steps;
    dnc_score scores[64] = {{0, 0, 0}};
    CHECK(dnc_task_create(name, options, 2, &task));
    if (dnc_task_metric_count(task) > 64) fail(name, "too many metrics");
    CHECK(dnc_task_set_evaluating(task, 1));
    float *outputs = play(net, task, EPISODES, &steps);
    CHECK(dnc_task_score(task, outputs, scores));
    free(outputs);
    dnc_task_free(task);
    return (float)(scores[0].sum / scores[0].count);
}

static void draw_capacity(dnc *net, const char *name, const char *pattern, uint32_t step) {
    dnc_config config;
    uint32_t slots[SIZES], lengths[SIZES];
    float scores[SIZES * SIZES];
    CHECK(dnc_config_init(&config, sizeof config));
    CHECK(dnc_get_config(net, &config));
    CHECK(dnc_set_batch_size(net, EPISODES));
    for (uint32_t row = 0; row < SIZES; row++) {
        slots[row] = (row + 1) * config.memory_slots / 3; /* twice as many as in the training in the end */
        if (slots[row] == 0) fail("the network", "less than three memory slots");
        CHECK(dnc_set_memory_slots(net, slots[row]));
        for (uint32_t column = 0; column < SIZES; column++) {
            char options[256] = "";
            lengths[column] = step * (column + 1);
            of_length(pattern, lengths[column], options, sizeof options);
            scores[row * SIZES + column] = score(net, name, options);
        }
    }
    look.column_label = pattern;
    CHECK(dnc_capacity_image_write(in_folder("capacity.png"), SIZES, SIZES, scores, slots, lengths, &look));
}

int main(int argc, char **argv) {
    if (argc < 8 || argc > 9) fail("usage", "pictures MODEL LOG TASK OPTIONS LENGTHS STEP OUTPUT [dark]");
    const char *log = argv[2], *name = argv[3];
    long step = strtol(argv[6], NULL, 10);
    if (step < 1 || step > 100) fail("STEP", "not 1 to 100");
    folder = argv[7];
    (void)mkdir(folder, 0777); /* the first picture says what is wrong with it */
    CHECK(dnc_image_options_init(&look, sizeof look));
    if (argc == 9) look.theme = DNC_THEME_DARK;

    dnc *net;
    CHECK(dnc_load(argv[1], &net, NULL));
    draw_episode(net, name, argv[4]);
    CHECK(dnc_training_image_write(in_folder("training.png"), 1, &log, &name, &look));
    draw_capacity(net, name, argv[5], (uint32_t)step);
    dnc_free(net);
    printf("%s: episode.png, state.png, film.png, training.png, capacity.png\n", folder);
    return 0;
}
