/*
 * Calls every function of the library, rightly and wrongly, so that valgrind sees all of them: run under
 * `valgrind --leak-check=full --error-exitcode=1`. The one argument is a folder to write in.
 */
#include "pieces.h"

#include <dnc.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;

#define EXPECT(condition)                                                                           \
    do {                                                                                            \
        if (!(condition)) {                                                                         \
            fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition, dnc_last_error()); \
            failures++;                                                                             \
        }                                                                                           \
    } while (0)
#define GOOD(call) EXPECT((call) == DNC_OK)
#define BAD(call, status) EXPECT((call) == (status) && dnc_last_error()[0] != 0)

enum { T = 4, B = 2, X = 3, Y = 2, N = 5, W = 4, R = 2, K = 2, H = 6, L = 2 };

static char folder[3000], path[4096];

static const char *in_folder(const char *name) {
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* Buffers of exactly the size that the header asks for, so that one float too far is seen. */
static float *buffer(size_t count, float value) {
    float *values = malloc(count * sizeof *values);
    if (values == NULL) exit(2);
    for (size_t i = 0; i < count; i++) values[i] = value + 0.1f * (float)(i % 7);
    return values;
}

static dnc_config small(uint32_t controller, uint32_t initial_state) {
    dnc_config config;
    GOOD(dnc_config_init(&config, sizeof config));
    config.input_size = X;
    config.output_size = Y;
    config.controller = controller;
    config.hidden_size = H;
    config.num_layers = L;
    config.memory_slots = N;
    config.word_size = W;
    config.read_heads = R;
    config.write_heads = K;
    config.batch_size = B;
    config.initial_state = initial_state;
    config.clip_value = 2;
    config.seed = 5;
    return config;
}

static void library(void) {
    EXPECT(strcmp(dnc_version(), DNC_VERSION_STRING) == 0);
    EXPECT(dnc_build_info()[0] == '{');
    EXPECT(strcmp(dnc_status_string(DNC_BAD_FORMAT), "DNC_BAD_FORMAT") == 0);
    EXPECT(strcmp(dnc_status_string((dnc_status)99), "unknown dnc_status") == 0);
    EXPECT(dnc_last_error()[0] == 0);
}

static void configuration(void) {
    dnc_config config;
    size_t bytes = 7;
    BAD(dnc_config_init(NULL, sizeof config), DNC_INVALID_ARGUMENT);
    BAD(dnc_config_init(&config, 0), DNC_INVALID_ARGUMENT);
    BAD(dnc_config_init(&config, sizeof config + 1), DNC_INVALID_ARGUMENT);
    /* An older header knew a shorter struct: nothing beyond it may be touched. */
    char *old = malloc(20);
    GOOD(dnc_config_init((dnc_config *)old, 20));
    BAD(dnc_create((dnc_config *)old, (dnc **)&bytes), DNC_INVALID_ARGUMENT); /* input_size is not set */
    free(old);
    config = small(DNC_CONTROLLER_LSTM, DNC_INITIAL_ZEROS);
    GOOD(dnc_estimate_bytes(&config, 10, 1, &bytes));
    EXPECT(bytes > 1000);
    BAD(dnc_estimate_bytes(&config, SIZE_MAX, 1, &bytes), DNC_OUT_OF_MEMORY);
    BAD(dnc_estimate_bytes(NULL, 10, 1, &bytes), DNC_INVALID_ARGUMENT);
    BAD(dnc_estimate_bytes(&config, 10, 1, NULL), DNC_INVALID_ARGUMENT);
    config.memory_slots = config.batch_size = 65536;
    dnc *net = NULL;
    BAD(dnc_create(&config, &net), DNC_OUT_OF_MEMORY);
    EXPECT(net == NULL);
}

static void state_and_trace(dnc *net, const dnc_config *c) {
    for (uint32_t field = 0; field < FIELDS; field++) {
        size_t count = state_count(c, field);
        float *values = buffer(count, 0);
        if (!has_state(c, field)) {
            BAD(dnc_get_state(net, field, values, count), DNC_INVALID_ARGUMENT);
        } else {
            GOOD(dnc_get_state(net, field, values, count));
            BAD(dnc_set_state(net, field, values, count), DNC_INVALID_STATE);
            BAD(dnc_get_state(net, field, values, count - 1), DNC_INVALID_ARGUMENT);
        }
        free(values);
    }
    for (uint32_t field = 0; field < TRACES; field++) {
        size_t count = trace_count(c, field, T);
        float *values = buffer(count, 0);
        if (has_trace(c, field)) GOOD(dnc_get_trace(net, field, values, count));
        else BAD(dnc_get_trace(net, field, values, count), DNC_INVALID_ARGUMENT);
        BAD(dnc_get_trace(net, field, values, count + 1), DNC_INVALID_ARGUMENT);
        free(values);
    }
}

/* Cancels at step seen[0], and counts its calls. */
static int cancel(void *context, size_t done, size_t total) {
    size_t *seen = context;
    seen[1]++;
    EXPECT(done >= 1 && done <= total);
    return done == seen[0];
}

static void state_gradients(dnc *net, const dnc_config *c) {
    for (uint32_t field = 0; field < FIELDS; field++) {
        size_t count = state_count(c, field);
        if (!has_state(c, field)) continue;
        float *values = buffer(count, 0);
        GOOD(dnc_get_state_gradient(net, field, values, count));
        GOOD(dnc_get_state(net, field, values, count));
        GOOD(dnc_set_state(net, field, values, count));
        values[0] = NAN;
        BAD(dnc_set_state(net, field, values, count), DNC_NOT_FINITE);
        free(values);
    }
}

/* After a backward, with nothing recorded. */
static void rows_of_state(dnc *net, const dnc_config *c, const float *inputs, float *outputs) {
    size_t size = 0, batch = c->batch_size;
    uint8_t *starts = calloc(T, batch);
    BAD(dnc_state_size(net, NULL), DNC_INVALID_ARGUMENT);
    GOOD(dnc_state_size(net, &size));
    float *rows = buffer(batch * size, 0);
    GOOD(dnc_get_state_gradient_rows(net, 0, batch, rows));
    BAD(dnc_set_final_state_gradient(net, 0, batch, rows), DNC_INVALID_STATE);
    GOOD(dnc_get_state_rows(net, 0, batch, rows));
    BAD(dnc_get_state_rows(net, 1, batch, rows), DNC_INVALID_ARGUMENT);
    GOOD(dnc_set_state_rows(net, batch - 1, 1, rows + (batch - 1) * size));
    starts[0] = starts[(T - 1) * batch] = 1;
    GOOD(dnc_forward_packed(net, T, inputs, starts, outputs));
    BAD(dnc_set_state_rows(net, 0, batch, rows), DNC_INVALID_STATE);
    GOOD(dnc_set_final_state_gradient(net, 0, batch, rows));
    GOOD(dnc_reset_sequences(net, starts));
    BAD(dnc_reset_sequences(net, NULL), DNC_INVALID_ARGUMENT);
    GOOD(dnc_backward(net, outputs, NULL));
    if (c->memory != DNC_MEMORY_NONE) {
        memset(rows, 0, size * sizeof *rows);
        size_t reads = size;
        for (uint32_t field = DNC_FIELD_READ_WEIGHTS; field < FIELDS; field++)
            if (has_state(c, field)) reads -= state_count(c, field) / batch;
        rows[reads] = rows[reads + 1] = 0.6f;
        BAD(dnc_set_state_rows(net, 0, 1, rows), DNC_INVALID_ARGUMENT);
    }
    rows[0] = NAN;
    BAD(dnc_set_state_rows(net, 0, 1, rows), DNC_NOT_FINITE);
    free(rows);
    free(starts);
}

/* With nothing recorded. */
static void tokens(dnc *net, const float *inputs, float *outputs, float *gradients) {
    const int32_t good[T * B] = {0, -1, X - 1, 1}, wrong[T * B] = {[T * B - 1] = X};
    const uint8_t starts[T * B] = {[B] = 1};
    GOOD(dnc_forward_tokens(net, T, good, NULL, outputs));
    GOOD(dnc_step_tokens(net, good, outputs));
    BAD(dnc_step(net, inputs, outputs), DNC_INVALID_STATE);
    BAD(dnc_forward_tokens(net, T, wrong, starts, outputs), DNC_INVALID_ARGUMENT);
    GOOD(dnc_detach(net));
    GOOD(dnc_forward(net, 1, inputs, outputs));
    BAD(dnc_step_tokens(net, good, outputs), DNC_INVALID_STATE);
    BAD(dnc_forward_tokens(net, T, good, starts, outputs), DNC_INVALID_STATE);
    GOOD(dnc_backward(net, outputs, NULL));
    GOOD(dnc_forward_tokens(net, T, good, starts, outputs));
    GOOD(dnc_backward(net, outputs, gradients));
    BAD(dnc_step_tokens(NULL, good, outputs), DNC_INVALID_ARGUMENT);
    BAD(dnc_forward_tokens(net, 0, good, starts, outputs), DNC_INVALID_ARGUMENT);
}

/* Two networks, and a network in memory. */
static void copies(dnc *net, const dnc_config *config) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    dnc *other = NULL, *loaded = NULL;
    dnc_tensor tensor = {.struct_size = sizeof tensor};
    GOOD(dnc_create(config, &other));
    GOOD(dnc_copy_parameters(other, net));
    GOOD(dnc_add_gradients(other, net));
    BAD(dnc_add_gradients(net, net), DNC_INVALID_ARGUMENT);
    GOOD(dnc_tensor_named(net, "output.bias", &tensor));
    EXPECT(tensor.rank == 1 && tensor.shape[0] == config->output_size);
    BAD(dnc_tensor_named(net, "output", &tensor), DNC_INVALID_ARGUMENT);
    GOOD(dnc_set_num_threads(other, 2));
    GOOD(dnc_set_max_record_bytes(other, 1u << 30));
    GOOD(dnc_set_check_finite(other, 1));
    BAD(dnc_set_check_finite(other, 2), DNC_INVALID_ARGUMENT);
    GOOD(dnc_checkpoint_write(in_folder("state.safetensors"), net, NULL, DNC_CHECKPOINT_STATE));
    GOOD(dnc_checkpoint_encode(net, NULL, DNC_CHECKPOINT_STATE, &bytes, &size));
    GOOD(dnc_checkpoint_decode(bytes, size, &loaded, NULL));
    dnc_free(loaded);
    BAD(dnc_checkpoint_decode(bytes, size - 1, &loaded, NULL), DNC_BAD_FORMAT);
    dnc_buffer_free(bytes);
    dnc_free(other);
}

static void parameters(dnc *net) {
    size_t count = dnc_parameter_count(net), seen = 0;
    for (size_t i = 0; i < dnc_tensor_count(net); i++) {
        dnc_tensor tensor = {0};
        BAD(dnc_tensor_at(net, i, &tensor), DNC_INVALID_ARGUMENT);
        tensor.struct_size = sizeof tensor;
        GOOD(dnc_tensor_at(net, i, &tensor));
        EXPECT(strlen(tensor.name) > 5 && tensor.values == dnc_parameters(net) + seen);
        EXPECT(tensor.gradients == dnc_gradients(net) + seen);
        seen += tensor.shape[0] * tensor.shape[1] * tensor.shape[2] * tensor.shape[3];
        BAD(dnc_tensor_at(net, dnc_tensor_count(net), &tensor), DNC_INVALID_ARGUMENT);
    }
    EXPECT(seen == count && count > 0);
    dnc_parameters(net)[count - 1] += 0.5f;
    GOOD(dnc_parameters_changed(net));
    GOOD(dnc_zero_gradients(net));
}

static void optimizers(dnc *net) {
    for (uint32_t algorithm = 0; algorithm < 4; algorithm++) {
        dnc_optimizer_config config;
        dnc_optimizer *optimizer = NULL, *loaded_optimizer = NULL;
        dnc *loaded = NULL;
        float norm = -1;
        GOOD(dnc_optimizer_config_init(&config, sizeof config));
        config.algorithm = 4;
        BAD(dnc_optimizer_create(net, &config, &optimizer), DNC_INVALID_ARGUMENT);
        config.algorithm = algorithm;
        config.max_gradient_norm = 0.5f;
        GOOD(dnc_optimizer_create(net, &config, &optimizer));
        for (size_t i = 0; i < dnc_parameter_count(net); i++) dnc_gradients(net)[i] = 0.25f;
        GOOD(dnc_optimizer_step(optimizer, net, &norm));
        EXPECT(norm > 0.5f);
        GOOD(dnc_optimizer_step(optimizer, net, NULL));
        dnc_gradients(net)[3] = NAN;
        BAD(dnc_optimizer_step(optimizer, net, &norm), DNC_NOT_FINITE);
        GOOD(dnc_zero_gradients(net));
        EXPECT(dnc_optimizer_step_count(optimizer) == 2);
        GOOD(dnc_optimizer_get_config(optimizer, &config));
        config.learning_rate = 0.5f;
        GOOD(dnc_optimizer_set_config(optimizer, &config));
        config.algorithm = (algorithm + 1) % 4;
        BAD(dnc_optimizer_set_config(optimizer, &config), DNC_INVALID_ARGUMENT);

        GOOD(dnc_save(net, optimizer, in_folder("net.safetensors")));
        BAD(dnc_save(net, optimizer, in_folder("missing/net.safetensors")), DNC_IO_ERROR);
        GOOD(dnc_load(in_folder("net.safetensors"), &loaded, &loaded_optimizer));
        EXPECT(dnc_optimizer_step_count(loaded_optimizer) == 2);
        GOOD(dnc_optimizer_step(loaded_optimizer, loaded, NULL));
        dnc_free(loaded);
        dnc_optimizer_free(loaded_optimizer);
        GOOD(dnc_load(in_folder("net.safetensors"), &loaded, NULL));
        dnc_free(loaded);
        dnc_optimizer_free(optimizer);
    }
}

/* Every truncation and every changed byte of the header. */
static void damaged_files(const dnc *net) {
    static char bytes[1 << 16], changed[1 << 16];
    GOOD(dnc_save(net, NULL, in_folder("whole")));
    FILE *file = fopen(path, "rb");
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    EXPECT(size > 100 && size < sizeof bytes);
    for (size_t i = 0; i < 1500 && i < size; i += 7) {
        for (int kind = 0; kind < 2; kind++) {
            dnc *loaded = NULL;
            dnc_optimizer *optimizer = NULL;
            memcpy(changed, bytes, size);
            if (kind == 1) changed[i] = (char)(changed[i] ^ (1 << i % 8));
            file = fopen(in_folder("damaged"), "wb");
            fwrite(changed, 1, kind == 0 ? i : size, file);
            fclose(file);
            dnc_status status = dnc_load(path, &loaded, &optimizer);
            EXPECT(status == DNC_BAD_FORMAT || (kind == 1 && status == DNC_OK));
            dnc_free(loaded);
            dnc_optimizer_free(optimizer);
        }
    }
    dnc *loaded = NULL;
    BAD(dnc_load(in_folder("missing"), &loaded, NULL), DNC_IO_ERROR);
    BAD(dnc_load(folder, &loaded, NULL), DNC_IO_ERROR);
    EXPECT(loaded == NULL);
}

/* Of a network with T recorded steps of B sequences. */
static void memory_pictures(dnc *net, const float *inputs, const float *targets, const float *outputs) {
    dnc_image_options look;
    uint8_t *png = NULL;
    size_t size = 0;
    GOOD(dnc_image_options_init(&look, sizeof look));
    GOOD(dnc_episode_image_encode(net, 0, T, inputs, targets, outputs, &look, &png, &size));
    dnc_buffer_free(png);
    const uint32_t slots[] = {0, DNC_IMAGE_SORT_SLOTS, DNC_IMAGE_USED_SLOTS, DNC_IMAGE_SORT_SLOTS | DNC_IMAGE_USED_SLOTS};
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
        uint32_t flags = slots[i];
        look.flags = flags;
        look.title = flags ? "\xce\xb2 \xe2\x86\x92" : "";
        for (size_t step = 0; step < T; step++) {
            GOOD(dnc_state_image_encode(net, B - 1, step, &look, &png, &size));
            dnc_buffer_free(png);
        }
        GOOD(dnc_state_image_write(in_folder("state.png"), net, 0, DNC_STEP_NOW, &look));
        GOOD(dnc_film_encode(net, 0, 1, T - 1, 100, &look, &png, &size));
        EXPECT(size > 8 && memcmp(png, "\x89PNG", 4) == 0);
        dnc_buffer_free(png);
    }
    GOOD(dnc_film_write(in_folder("film.png"), net, 0, 0, T, 100, NULL));
    look.flags = DNC_IMAGE_NUMBERED_FILES;
    GOOD(dnc_film_write(in_folder("film.png"), net, 0, 0, T, 100, &look));
    BAD(dnc_film_write(in_folder("missing/film.png"), net, 0, 0, T, 100, &look), DNC_IO_ERROR);
    BAD(dnc_film_encode(net, 0, 0, T, 100, &look, &png, &size), DNC_INVALID_ARGUMENT);
    BAD(dnc_film_encode(net, 0, 1, T, 100, NULL, &png, &size), DNC_INVALID_ARGUMENT);
    BAD(dnc_state_image_encode(net, 0, T, NULL, &png, &size), DNC_INVALID_ARGUMENT);
    BAD(dnc_state_image_write(in_folder("state.png"), net, B, 0, NULL), DNC_INVALID_ARGUMENT);
}

static void network(dnc_config config) {
    dnc *net = NULL, *copy = NULL, *sharing = NULL;
    float *inputs = buffer(T * B * X, -0.3f), *outputs = buffer(T * B * Y, 0), *targets = buffer(T * B * Y, 0.1f);
    float *mask = buffer(T * B, 0.2f), *gradients = buffer(T * B * Y, 0), *input_gradients = buffer(T * B * X, 0);
    float *shares = buffer(T * B * Y, 0);
    for (int i = 0; i < T * B * Y; i++) shares[i] = 1.0f / Y;
    double loss = 0;

    GOOD(dnc_create(&config, &net));
    GOOD(dnc_get_config(net, &config));
    BAD(dnc_backward(net, gradients, NULL), DNC_INVALID_STATE);
    GOOD(dnc_set_training(net, 1));
    EXPECT(dnc_is_training(net) == 1 && !dnc_is_training(NULL));
    for (int t = 0; t < T; t++) GOOD(dnc_step(net, inputs + t * B * X, outputs + t * B * Y));
    EXPECT(dnc_recorded_steps(net) == T);
    state_and_trace(net, &config);
    dnc_image_options look;
    GOOD(dnc_episode_image_write(in_folder("episode.png"), net, 1, T, inputs, targets, outputs, NULL));
    GOOD(dnc_image_options_init(&look, sizeof look));
    look.mask = mask;
    look.flags = DNC_IMAGE_SORT_SLOTS;
    look.theme = DNC_THEME_DARK;
    look.pixel_scale = 2;
    GOOD(dnc_episode_image_write(in_folder("episode.png"), net, 1, T, inputs, targets, outputs, &look));
    look.panels = DNC_PANEL_LOGITS;
    BAD(dnc_episode_image_write(in_folder("episode.png"), net, 1, T, inputs, targets, NULL, &look), DNC_INVALID_ARGUMENT);
    memory_pictures(net, inputs, targets, outputs);
    for (uint32_t kind = 0; kind < 3; kind++) {
        GOOD(dnc_loss_evaluate(kind, T, B, Y, outputs, shares, mask, &loss, gradients));
        BAD(dnc_loss_evaluate(kind, T, B, Y, outputs, shares, inputs, &loss, gradients), DNC_INVALID_ARGUMENT);
        if (kind < 2) BAD(dnc_loss_evaluate(kind, T, B, Y, outputs, inputs, mask, &loss, gradients), DNC_INVALID_ARGUMENT);
    }
    const int32_t classes[T * B] = {0, -1, Y - 1}, wrong[T * B] = {Y};
    GOOD(dnc_loss_evaluate_classes(0.1f, T, B, Y, outputs, classes, mask, &loss, gradients));
    BAD(dnc_loss_evaluate_classes(0, T, B, Y, outputs, wrong, NULL, &loss, NULL), DNC_INVALID_ARGUMENT);
    float *gates = buffer(B * 64, 0);
    if (config.memory == DNC_MEMORY_DNC) GOOD(dnc_get_last_trace(net, DNC_TRACE_WRITE_GATES, gates, B * config.write_heads));
    BAD(dnc_get_last_trace(net, DNC_TRACE_READ_SHIFTS, gates, 1), DNC_INVALID_ARGUMENT);
    free(gates);
    look.mask = inputs;
    BAD(dnc_episode_image_write(in_folder("episode.png"), net, 1, T, inputs, targets, outputs, &look), DNC_INVALID_ARGUMENT);
    BAD(dnc_loss_evaluate(3, T, B, Y, outputs, targets, mask, &loss, gradients), DNC_INVALID_ARGUMENT);
    GOOD(dnc_backward(net, gradients, input_gradients));
    state_gradients(net, &config);
    rows_of_state(net, &config, inputs, outputs);
    tokens(net, inputs, outputs, input_gradients);
    GOOD(dnc_forward(net, T, inputs, outputs));
    GOOD(dnc_detach(net));
    GOOD(dnc_forward(net, T - 1, inputs, outputs));
    GOOD(dnc_backward(net, gradients, NULL));
    for (size_t at = 1; at <= T; at += T - 1) {
        size_t seen[2] = {at, 0};
        BAD(dnc_set_bypass_dropout(NULL, 0.5f, 3), DNC_INVALID_ARGUMENT);
        BAD(dnc_set_bypass_dropout(net, 1, 3), DNC_INVALID_ARGUMENT);
        GOOD(dnc_set_bypass_dropout(net, 0.25f, 3));
        BAD(dnc_set_progress(NULL, cancel, seen), DNC_INVALID_ARGUMENT);
        GOOD(dnc_set_progress(net, cancel, seen));
        BAD(dnc_forward(net, T, inputs, outputs), DNC_CANCELLED);
        seen[0] = T + 1;
        GOOD(dnc_forward(net, T, inputs, outputs));
        seen[0] = at;
        BAD(dnc_backward(net, gradients, input_gradients), DNC_CANCELLED);
        seen[0] = T + 1;
        GOOD(dnc_backward(net, gradients, input_gradients));
        GOOD(dnc_set_training(net, 0));
        seen[0] = at;
        BAD(dnc_forward(net, T, inputs, outputs), DNC_CANCELLED);
        GOOD(dnc_set_training(net, 1));
        GOOD(dnc_set_progress(net, NULL, NULL));
    }
    BAD(dnc_forward(net, 0, inputs, outputs), DNC_INVALID_ARGUMENT);
    BAD(dnc_forward(net, SIZE_MAX, inputs, outputs), DNC_INVALID_ARGUMENT);

    GOOD(dnc_clone(net, DNC_CLONE_COPY, &copy));
    GOOD(dnc_clone(net, DNC_CLONE_SHARE_PARAMETERS, &sharing));
    BAD(dnc_clone(net, 2, &copy), DNC_INVALID_ARGUMENT);
    optimizers(net);
    parameters(net);
    copies(net, &config);
    damaged_files(net);
    GOOD(dnc_reset(net));
    GOOD(dnc_set_training(net, 0));
    dnc_free(net);
    GOOD(dnc_set_batch_size(copy, 1));
    GOOD(dnc_step(copy, inputs, outputs));
    EXPECT(dnc_set_memory_slots(copy, N + 3) == (config.initial_state == DNC_INITIAL_LEARNED ? DNC_INVALID_STATE : DNC_OK));
    GOOD(dnc_step(copy, inputs, outputs));
    GOOD(dnc_forward(sharing, T, inputs, outputs));
    dnc_free(sharing);
    dnc_free(copy);
    free(inputs);
    free(outputs);
    free(targets);
    free(shares);
    free(mask);
    free(gradients);
    free(input_gradients);
}

static void play(dnc_task *task) {
    uint32_t x = 0, y = 0;
    size_t steps = 0, count = dnc_task_metric_count(task);
    double value = 0;
    dnc_score scores[32] = {{0, 0, 0}};
    GOOD(dnc_task_sizes(task, &x, &y, NULL));
    GOOD(dnc_task_sample(task, B, &steps));
    float *outputs = buffer(steps * B * y, -0.4f), *gradients = buffer(steps * B * y, 0), *input = buffer(B * x, 0);
    EXPECT(count > 0 && count <= 32);
    for (size_t t = 0; t < steps; t++) GOOD(dnc_task_next(task, t ? outputs + (t - 1) * B * y : NULL, input));
    BAD(dnc_task_next(task, outputs, input), DNC_INVALID_STATE);
    GOOD(dnc_task_loss(task, outputs, &value, gradients));
    GOOD(dnc_task_loss(task, outputs, &value, NULL));
    GOOD(dnc_task_score(task, outputs, scores));
    EXPECT(value > 0 && scores[0].count > 0);
    for (size_t i = 0; i <= count; i++) {
        dnc_metric metric = {sizeof metric, 0, NULL};
        EXPECT(dnc_task_metric_at(task, i, &metric) == (i < count ? DNC_OK : DNC_INVALID_ARGUMENT));
    }
    free(outputs);
    free(gradients);
    free(input);
}

static void options(void) {
    const char *name;
    size_t tasks = 0;
    while ((name = dnc_task_name(tasks)) != NULL) {
        size_t count = dnc_task_option_count(name);
        EXPECT(count > 0);
        for (size_t i = 0; i <= count; i++) {
            dnc_task_option option = {.struct_size = sizeof option};
            EXPECT(dnc_task_option_at(name, i, &option) == (i < count ? DNC_OK : DNC_INVALID_ARGUMENT));
            EXPECT(i == count || (*option.name && *option.allowed && *option.meaning && option.default_value));
        }
        tasks++;
    }
    EXPECT(tasks == 9 && !dnc_task_name(SIZE_MAX) && !dnc_task_option_count("paste") && !dnc_task_option_count(NULL));
}

static void lessons(void) {
    static const char *const bad[] = {"", "lesson width=3\n", "task copy\n", "task copy\nlesson width=0\n",
                                      "task copy\npass height 1\nlesson\n", "task copy\nlesson\nlesson width=9\n"};
    dnc_task *task = NULL;
    size_t steps = 7, batch = 0;
    FILE *file = fopen(in_folder("lessons"), "w");
    fputs("# two\ntask copy\noptions width=3\npass bit_error 0.1\nrehearsal 0.5\nlesson max_length=2\nlesson\n", file);
    fclose(file);
    GOOD(dnc_task_load(in_folder("lessons"), 1, &task));
    EXPECT(dnc_task_lesson_count(task) == 2 && !dnc_task_is_interactive(task));
    for (size_t i = 0; i < 2; i++) {
        dnc_lesson lesson = {sizeof lesson, 0, NULL, 0, 0, 0, 0};
        GOOD(dnc_task_lesson_at(task, i, &lesson));
        EXPECT(strncmp(lesson.options, "width=3", 7) == 0 && lesson.pass_score == 0.1);
        GOOD(dnc_task_set_lesson(task, i));
        EXPECT(dnc_task_lesson(task) == i && !dnc_task_lesson(NULL));
        play(task);
    }
    BAD(dnc_task_set_lesson(task, 2), DNC_INVALID_ARGUMENT);
    EXPECT(dnc_task_position(task) == 2);
    GOOD(dnc_task_seek(task, 1));
    GOOD(dnc_task_set_evaluating(task, 1));
    EXPECT(dnc_task_is_evaluating(task) == 1 && !dnc_task_is_evaluating(NULL));
    GOOD(dnc_task_drawn(task, &steps, NULL));
    EXPECT(steps == 0);
    play(task);
    GOOD(dnc_task_drawn(task, &steps, &batch));
    EXPECT(steps > 0 && batch > 0);
    BAD(dnc_task_drawn(NULL, &steps, &batch), DNC_INVALID_ARGUMENT);
    dnc_task_free(task);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        file = fopen(in_folder("lessons"), "w");
        fputs(bad[i], file);
        fclose(file);
        BAD(dnc_task_load(in_folder("lessons"), 1, &task), DNC_BAD_FORMAT);
    }
}

static void story(const char *name, const char *text) {
    FILE *file = fopen(in_folder(name), "w");
    fputs(text, file);
    fclose(file);
}

static void questions(void) {
    static const char *const good = "1 Ann took the tea.\n2 Who has tea?\tAnn\t1\n3 What is here?\ttea,Ann\n"
                                    "1 Bob left.\n2 Who left?\tBob\n";
    static const char *const bad[] = {"", "\n", "1", "1 ", "2 A b.\n", "1 A b.\n", "1 A b?\tc,\n", "1 A b?\t\n", "1 \x80.",
                                      "1 A?\tb\n3 C.", "1 A?\tb\n1 C.", "1 A b.\n2 \t", "1 A?\tb\n\x01", "1 A.\tb"};
    char options[4096];
    const char *word = NULL;
    size_t steps = 0;
    uint64_t count = 9;
    dnc_task *task = NULL;
    story("qa7_a_train.txt", good);
    snprintf(options, sizeof options, "folder=%s,tasks=7,split=all_train,order=all", folder);
    BAD(dnc_task_create("babi", options, 1, &task), DNC_IO_ERROR);
    story("qa7_a_test.txt", good);
    BAD(dnc_task_create("babi", NULL, 1, &task), DNC_INVALID_ARGUMENT);
    GOOD(dnc_task_create("babi", options, 1, &task));
    GOOD(dnc_task_episode_count(task, &count));
    EXPECT(count == 2);
    for (size_t i = 0; i < 14; i++) {
        GOOD(dnc_task_word(task, i, &word));
        EXPECT(strlen(word) < 6);
    }
    EXPECT(strcmp(word, "who") == 0);
    BAD(dnc_task_word(task, 14, &word), DNC_INVALID_ARGUMENT);
    BAD(dnc_task_read_tokens(task, NULL, NULL), DNC_INVALID_STATE);
    GOOD(dnc_task_sample(task, 3, &steps));
    int32_t *tokens = malloc(3 * steps * sizeof *tokens);
    uint8_t *starts = malloc(3 * steps);
    GOOD(dnc_task_read_tokens(task, tokens, starts));
    EXPECT(starts[0] == 1 && tokens[0] >= 0 && tokens[3 * steps - 1] == -1);
    free(tokens);
    free(starts);
    play(task);
    dnc_task_free(task);
    snprintf(options, sizeof options, "folder=%s,tasks=7,split=all_train,row_steps=50,think=2,echo=0.5", folder);
    GOOD(dnc_task_create("babi", options, 1, &task));
    play(task);
    dnc_task_free(task);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        story(i % 2 ? "qa7_a_test.txt" : "qa7_a_train.txt", bad[i]);
        BAD(dnc_task_create("babi", options, 1, &task), DNC_BAD_FORMAT);
        story(i % 2 ? "qa7_a_test.txt" : "qa7_a_train.txt", good);
    }
    story("qa7_b_test.txt", good);
    BAD(dnc_task_create("babi", options, 1, &task), DNC_BAD_FORMAT);
}

static void tasks(void) {
    dnc_task *task = NULL;
    size_t steps = 0;
    uint32_t x = 0, y = 0, loss = 9;
    BAD(dnc_task_create("copy", "width=0", 1, &task), DNC_INVALID_ARGUMENT);
    BAD(dnc_task_create("paste", NULL, 1, &task), DNC_INVALID_ARGUMENT);
    GOOD(dnc_task_create("copy", "width=3,max_length=5,mask=all", 1, &task));
    GOOD(dnc_task_sizes(task, &x, &y, &loss));
    BAD(dnc_task_read(task, NULL, NULL, NULL), DNC_INVALID_STATE);
    for (size_t batch = 1; batch < 20; batch += 6) {
        GOOD(dnc_task_sample(task, batch, &steps));
        size_t rows = steps * batch;
        float *inputs = buffer(rows * x, 0), *targets = buffer(rows * y, 0), *mask = buffer(rows, 0);
        GOOD(dnc_task_read(task, inputs, targets, mask));
        EXPECT(inputs[1] == 1 && mask[0] == 1);
        free(inputs);
        free(targets);
        free(mask);
    }
    BAD(dnc_task_sample(task, 0, &steps), DNC_INVALID_ARGUMENT);
    BAD(dnc_task_read_tokens(task, NULL, NULL), DNC_INVALID_ARGUMENT);
    dnc_task_free(task);
    options();
    lessons();
    questions();
}

static void pictures(void) {
    dnc_image_options look;
    uint8_t *png = NULL;
    size_t size = 0;
    float *values = buffer(6 * 9, -1);
    values[5] = NAN;
    values[6] = INFINITY;
    GOOD(dnc_image_options_init(&look, sizeof look));
    for (uint32_t map = 0; map < 4; map++)
        for (uint32_t flags = 0; flags < 2; flags++)
            for (uint32_t cell = 0; cell < 12; cell += 3) {
                look.colormap = map;
                look.flags = flags;
                look.cell_pixels = cell;
                look.title = map % 2 ? "A title, and rather a long one for so small a picture \xff" : NULL;
                look.row_label = cell ? "rows" : NULL;
                look.column_label = "columns";
                GOOD(dnc_image_encode(6, 9, values, &look, &png, &size));
                EXPECT(size > 8 && memcmp(png, "\x89PNG", 4) == 0);
                dnc_buffer_free(png);
            }
    GOOD(dnc_image_write(in_folder("picture.png"), 9, 6, values, NULL));
    BAD(dnc_image_write(in_folder("missing/picture.png"), 9, 6, values, NULL), DNC_IO_ERROR);
    BAD(dnc_image_encode(0, 6, values, NULL, &png, &size), DNC_INVALID_ARGUMENT);
    BAD(dnc_image_encode(SIZE_MAX, SIZE_MAX, values, NULL, &png, &size), DNC_INVALID_ARGUMENT);
    free(values);
}

static void trainings(void) {
    static const char *const lines[] = {
        "",
        "{\"event\": \"start\", \"update\": 0, \"x\": [true, {\"y\": null}]}\n",
        "{\"event\": \"train\", \"update\": 100, \"loss\": 0.5, \"seconds\": 1.5}\n",
        "{\"event\": \"train\", \"update\": 200, \"loss\": 0.05, \"seconds\": 2.5}\n",
        "{\"event\": \"test\", \"update\": 200, \"scores\": {\"a\": [0.5, 0, 1], \"b\": [null]}}\n",
        "{\"event\": \"lesson\", \"update\": 200, \"lesson\": 1}\n",
        "{\"event\": \"train\", \"update\": 300, \"loss\": NaN}\n",
        "{\"event\": \"train\", \"update\": 1000000000000000000, \"loss\": 1e300}\n",
        "{\"event\": \"test\", \"update\": 250, \"scores\": {\"a\": [1]}}\n",
        "{\"event\": \"train\", \"update\": 150, \"loss\": -1, \"seconds\": -1e300}\n",
        "{\"event\": \"train\", \"upd",
    };
    enum { count = sizeof lines / sizeof *lines };
    char log[4096];
    const char *logs[64];
    dnc_image_options look;
    uint8_t *png = NULL;
    size_t size = 0;
    GOOD(dnc_image_options_init(&look, sizeof look));
    look.width = look.height = 64;
    snprintf(log, sizeof log, "%s/log.jsonl", folder);
    for (size_t i = 0; i < 64; i++) logs[i] = log;
    for (size_t i = 0; i < count; i++) {
        FILE *file = fopen(log, i == 0 ? "w" : "a");
        fputs(lines[i], file);
        fclose(file);
        look.flags = i % 2 ? DNC_IMAGE_OVER_TIME : 0;
        look.title = i % 3 ? NULL : "A title";
        look.metric = i % 4 ? NULL : "b";
        EXPECT(dnc_training_image_encode(i % 9 + 1, logs, NULL, &look, &png, &size) == (i < 2 ? DNC_BAD_FORMAT : DNC_OK));
        if (i >= 2) dnc_buffer_free(png);
    }
    GOOD(dnc_training_image_write(in_folder("training.png"), 64, logs, logs, &look));
    BAD(dnc_training_image_write(in_folder("training.png"), 257, logs, NULL, &look), DNC_INVALID_ARGUMENT);
    look.metric = "c";
    BAD(dnc_training_image_encode(1, logs, NULL, &look, &png, &size), DNC_INVALID_ARGUMENT);
    logs[1] = folder;
    BAD(dnc_training_image_encode(2, logs, NULL, NULL, &png, &size), DNC_IO_ERROR);

    float *scores = buffer(6, 0.1f);
    uint32_t *slots = malloc(2 * sizeof *slots), *lengths = malloc(3 * sizeof *lengths);
    for (uint32_t i = 0; i < 2; i++) slots[i] = 16 << i;
    for (uint32_t i = 0; i < 3; i++) lengths[i] = 1 + i;
    scores[4] = NAN;
    for (uint32_t map = 0; map < 4; map++) {
        look.colormap = map;
        look.cell_pixels = 10 * map;
        GOOD(dnc_capacity_image_encode(2, 3, scores, slots, lengths, &look, &png, &size));
        dnc_buffer_free(png);
    }
    GOOD(dnc_capacity_image_write(in_folder("capacity.png"), 2, 3, scores, slots, lengths, NULL));
    slots[1] = 16;
    BAD(dnc_capacity_image_encode(2, 3, scores, slots, lengths, NULL, &png, &size), DNC_INVALID_ARGUMENT);
    free(scores);
    free(slots);
    free(lengths);
}

int main(int argc, char **argv) {
    if (argc != 2 || strlen(argv[1]) >= sizeof folder) return 2;
    strcpy(folder, argv[1]);
    library();
    configuration();
    network(small(DNC_CONTROLLER_LSTM, DNC_INITIAL_ZEROS));
    network(small(DNC_CONTROLLER_FEEDFORWARD, DNC_INITIAL_LEARNED));
    dnc_config varied = small(DNC_CONTROLLER_LSTM, DNC_INITIAL_ZEROS);
    varied.content_masks = varied.deallocation = varied.link_sharpening = 1;
    network(varied);
    varied.temporal_links = varied.link_sharpening = 0;
    network(varied);
    varied = small(DNC_CONTROLLER_GRU, DNC_INITIAL_LEARNED);
    varied.memory = DNC_MEMORY_NTM;
    network(varied);
    tasks();
    pictures();
    trainings();
    dnc_free(NULL);
    dnc_optimizer_free(NULL);
    dnc_task_free(NULL);
    dnc_buffer_free(NULL);
    if (getenv("DNC_SELF_TEST")) GOOD(dnc_self_test());
    return failures == 0 ? 0 : 1;
}
