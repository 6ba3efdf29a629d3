/* What every task keeps, whatever it was made from. */
#ifndef TASKS_H
#define TASKS_H

#include "fuzz.h"

/* Numbers that a batch may have, so that an input takes no longer than some milliseconds. */
enum { MOST_NUMBERS = 1 << 17, MOST_METRICS = 32 };

/* The episodes of a batch are fewer. */
enum { LARGER_BATCH = 4 };

static UNUSED void metrics(const dnc_task *task) {
    size_t count = dnc_task_metric_count(task);
    CHECK(count >= 1 && count <= MOST_METRICS);
    for (size_t i = 0; i <= count; i++) {
        dnc_metric metric = {.struct_size = sizeof metric};
        CHECK(CALL(dnc_task_metric_at(task, i, &metric)) == (i < count ? DNC_OK : DNC_INVALID_ARGUMENT));
        if (i < count) CHECK(metric.is_error <= 1 && metric.name[0] != 0);
    }
}

/* The channels' words, in the order of their bytes and each once, or none. */
static UNUSED void words(const dnc_task *task) {
    uint32_t x = 0;
    const char *none = (const char *)&x, *word = none, *before = NULL;
    CHECK(CALL(dnc_task_sizes(task, &x, NULL, NULL)) == DNC_OK);
    uint32_t count = CALL(dnc_task_word(task, 0, &word)) == DNC_OK ? x : 0;
    for (uint32_t i = 0; i <= count; i++) {
        word = none;
        CHECK(CALL(dnc_task_word(task, i, &word)) == (i < count ? DNC_OK : DNC_INVALID_ARGUMENT));
        if (i == count) break;
        CHECK(word[0] && (before == NULL || strcmp(before, word) < 0));
        before = word;
    }
    CHECK(word == none);
}

/* A batch, read, played, evaluated and scored; and once more the same batch, with the same numbers. */
static UNUSED void play(dnc_task *task, size_t batch, uint64_t position) {
    uint32_t x = 0, y = 0, loss = 99;
    size_t steps = 0, again = 0;
    CHECK(CALL(dnc_task_sizes(task, &x, &y, &loss)) == DNC_OK);
    CHECK(x >= 1 && y >= 1);
    CHECK(CALL(dnc_task_seek(task, position)) == DNC_OK);
    dnc_status status = CALL(dnc_task_sample(task, batch, &steps));
    if (status != DNC_OK) {
        CHECK(status == DNC_OUT_OF_MEMORY);
        return;
    }
    CHECK(dnc_task_position(task) == position + 1);
    if (steps * batch > MOST_NUMBERS / (x + y)) return;

    size_t rows = steps * batch;
    float *inputs = patterned(rows * x * 4), *targets = patterned(rows * y * 4), *mask = patterned(rows * 4);
    float *seen = patterned(rows * x * 4), *outputs = patterned(rows * y * 4), *gradients = patterned(rows * y * 4);
    double value = -1;
    dnc_score scores[MOST_METRICS] = {{0, 0, 0}};
    CHECK(CALL(dnc_task_read(task, inputs, targets, mask)) == DNC_OK);
    CHECK(all_finite(inputs, rows * x) && all_finite(targets, rows * y) && all_finite(mask, rows));
    for (size_t i = 0; i < rows; i++) CHECK(mask[i] >= 0 && mask[i] <= 1);
    for (size_t i = 0; i < rows * y; i++) CHECK(targets[i] >= 0 && targets[i] <= 1);
    /* Tokens say what the rows say. */
    int32_t *tokens = malloc(rows * sizeof *tokens + 1);
    uint8_t *starts = malloc(rows + 1);
    if (CALL(dnc_task_read_tokens(task, tokens, starts)) == DNC_OK)
        for (size_t i = 0; i < rows; i++) {
            CHECK(tokens[i] >= -1 && tokens[i] < (int64_t)x && starts[i] <= (tokens[i] >= 0));
            for (size_t j = 0; j < x; j++) CHECK(inputs[i * x + j] == ((int64_t)j == tokens[i]));
        }
    free(tokens);
    free(starts);

    /* No memory for a larger batch than any before: the number of the next one and the episodes drawn last stay. */
    size_t none = 77;
    faults.allocation = 0;
    CHECK(CALL(dnc_task_sample(task, LARGER_BATCH, &none)) == DNC_OUT_OF_MEMORY && faults.hit && none == 77);
    CHECK(dnc_task_position(task) == position + 1);
    CHECK(CALL(dnc_task_read(task, seen, NULL, NULL)) == DNC_OK);
    CHECK(rows == 0 || memcmp(seen, inputs, rows * x * 4) == 0);

    /* The same batch again, step by step, with outputs of any kind. */
    for (size_t i = 0; i < rows * y; i++) outputs[i] = (float)((int)(i * 2654435761u >> 16 & 15) - 8);
    CHECK(CALL(dnc_task_seek(task, position)) == DNC_OK);
    CHECK(CALL(dnc_task_sample(task, batch, &again)) == DNC_OK && again == steps);
    for (size_t t = 0; t < steps; t++)
        CHECK(dnc_task_next(task, t ? outputs + (t - 1) * batch * y : NULL, seen + t * batch * x) == DNC_OK);
    CHECK(CALL(dnc_task_next(task, outputs, inputs)) == DNC_INVALID_STATE);
    CHECK(all_finite(seen, rows * x));
    if (!dnc_task_is_interactive(task)) CHECK(rows == 0 || memcmp(seen, inputs, rows * x * 4) == 0);
    CHECK(CALL(dnc_task_read(task, inputs, NULL, NULL)) == DNC_OK);
    CHECK(rows == 0 || memcmp(seen, inputs, rows * x * 4) == 0);
    CHECK(CALL(dnc_task_loss(task, outputs, &value, gradients)) == DNC_OK);
    CHECK(isfinite(value) && value >= 0 && all_finite(gradients, rows * y));
    CHECK(CALL(dnc_task_score(task, outputs, scores)) == DNC_OK);
    for (size_t i = 0; i < dnc_task_metric_count(task); i++) {
        CHECK(isfinite(scores[i].sum) && isfinite(scores[i].chance) && isfinite(scores[i].count));
        CHECK(scores[i].count >= 0 && scores[i].sum >= 0 && scores[i].chance >= 0);
    }
    if (rows > 0) {
        outputs[rows * y - 1] = INFINITY;
        CHECK(CALL(dnc_task_score(task, outputs, scores)) == DNC_NOT_FINITE);
    }
    free(inputs);
    free(targets);
    free(mask);
    free(seen);
    free(outputs);
    free(gradients);
}

/* Makes the task, and makes it again while memory runs out or a file can't be read, which must then be said. NULL: refused, as
 * `bad` or for want of a file or memory. */
static UNUSED dnc_task *made(dnc_status (*make)(void *, dnc_task **), void *argument, dnc_status bad, uint32_t chance) {
    dnc_task *task = (dnc_task *)argument, *broken = (dnc_task *)argument;
    dnc_status status = CALL(make(argument, &task));
    long allocations = faults.allocations, systems = faults.systems;
    if (chance % 4 == 0 && allocations > 0) faults.allocation = chance / 4 % allocations;
    else if (chance % 4 == 1 && systems > 0) faults.system = chance / 4 % systems;
    else faults.interrupts = 1;
    dnc_status other = CALL(make(argument, &broken));
    if (faults.hit) CHECK(other == DNC_OUT_OF_MEMORY || other == DNC_IO_ERROR);
    else CHECK(other == status);
    if (other == DNC_OK) dnc_task_free(broken);
    else CHECK(broken == (dnc_task *)argument);
    if (status == DNC_OK) return task;
    CHECK(task == (dnc_task *)argument);
    CHECK(status == bad || status == DNC_IO_ERROR || status == DNC_OUT_OF_MEMORY || status == DNC_BAD_FORMAT);
    return NULL;
}

static UNUSED uint32_t chance_of(const uint8_t *data, size_t size) { return (uint32_t)(hash_bytes(1, data, size) >> 20); }

MUTATE_NUMBERS

/* A present folder with a graph in "g" and stories in "b", for options that name files. */
static UNUSED void enter_folder(void) {
    static const char graph[] = "source,edge,destination\na,0,b\nb,1,a\nb,2,c\nc,0,a\na,3,c\n";
    static const char story[] = "1 Ann took the tea.\n2 Who has tea?\tAnn\t1\n3 What is here?\ttea,Ann\n1 Bob left.\n2 Who "
                                "left?\tBob\n";
    if (chdir(scratch_folder()) != 0 || mkdir("b", 0700) != 0) abort();
    write_file("g", graph, sizeof graph - 1);
    write_file("b/qa1_a_train.txt", story, sizeof story - 1);
    write_file("b/qa1_a_test.txt", story, sizeof story - 1);
}

#endif
