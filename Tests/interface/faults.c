/*
 * Lets the n-th allocation, thread or system call fail, for every n, in every function that makes any. Each time the status
 * must be right, with a sentence; results and instances as they were; nothing leaked; and the same call, made again, must give
 * what it gives without a fault, bit for bit.
 *
 *     faults memory|persistent|threads FOLDER [CALL]
 *     faults files ERROR FOLDER [CALL]        ERROR is the name of an errno, or "half"
 *
 * Prints a line for each call: its name, how many allocations or system calls it makes, and how many faults it got over.
 */
#define _GNU_SOURCE
#include "interpose.h"

#include <dnc.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { T = 5, B = 2, X = 4, Y = 3, N = 6, W = 4, R = 2, K = 2, H = 6, VALUES = 1 << 16 };
#define PATH 4400

static char folder[4096];
static int problems = 0;
static const char *at = "";
static long fault = 0;

#define EXPECT(condition)                                                                                            \
    do {                                                                                                             \
        if (!(condition)) {                                                                                          \
            fprintf(stderr, "%s, fault %ld (%s): line %d: %s (%s)\n", at, fault, interposed.last, __LINE__, #condition, \
                    dnc_last_error());                                                                               \
            if (++problems > 20) exit(1);                                                                            \
        }                                                                                                            \
    } while (0)
#define GOOD(call) EXPECT((call) == DNC_OK)

/* What a call hands out. */
typedef struct results {
    dnc *net;
    dnc_optimizer *optimizer;
    dnc_task *task;
    uint8_t *png;
    size_t size, steps;
    double value;
    float number;
    float values[VALUES];
} results;

/* What a call works on. */
typedef struct world {
    dnc *net;
    dnc_optimizer *optimizer;
    dnc_task *task;
    float inputs[T * B * X], outputs[T * B * Y], targets[T * B * Y], mask[T * B], gradients[T * B * Y];
    results got;
} world;

typedef struct scenario {
    const char *name;
    void (*prepare)(world *); /* or NULL */
    dnc_status (*call)(world *);
    const char *task; /* or NULL */
} scenario;

static const char *in_folder(const char *name) {
    static char paths[8][PATH];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, PATH, "%s/%s", folder, name);
    return path;
}

static const float nothing[VALUES];

/* --------------------------------------------------------------------------------- fingerprints -- */

static uint64_t mix(uint64_t hash, const void *bytes, size_t count) {
    const unsigned char *b = bytes;
    for (size_t i = 0; i < count; i++) hash = (hash ^ b[i]) * 0x100000001b3u;
    return hash;
}

/* An instance as it can be seen, without changing it. */
static uint64_t seen_net(uint64_t hash, const dnc *net) {
    static float values[VALUES];
    dnc_config c;
    GOOD(dnc_config_init(&c, sizeof c));
    GOOD(dnc_get_config(net, &c));
    const size_t states[] = {c.batch_size * c.memory_slots * c.word_size, c.batch_size * c.memory_slots,
                             c.batch_size * c.write_heads * c.memory_slots * c.memory_slots,
                             c.batch_size * c.write_heads * c.memory_slots, c.batch_size * c.write_heads * c.memory_slots,
                             c.batch_size * c.read_heads * c.memory_slots, c.batch_size * c.read_heads * c.word_size,
                             c.num_layers * c.batch_size * c.hidden_size, c.num_layers * c.batch_size * c.hidden_size};
    size_t steps = dnc_recorded_steps(net), weights = steps * c.batch_size * c.read_heads * c.memory_slots;
    hash = mix(hash, &c, sizeof c);
    hash = mix(hash, &steps, sizeof steps);
    hash = mix(hash, dnc_parameters((dnc *)net), dnc_parameter_count(net) * sizeof(float));
    hash = mix(hash, dnc_gradients((dnc *)net), dnc_parameter_count(net) * sizeof(float));
    for (uint32_t field = 0; field < (c.controller == DNC_CONTROLLER_LSTM ? 9u : 8u); field++) {
        GOOD(dnc_get_state(net, field, values, states[field]));
        hash = mix(hash, values, states[field] * sizeof(float));
        if (dnc_get_state_gradient(net, field, values, states[field]) == DNC_OK)
            hash = mix(hash, values, states[field] * sizeof(float));
    }
    if (steps == 0) return hash;
    GOOD(dnc_get_trace(net, DNC_TRACE_READ_WEIGHTS, values, weights));
    return mix(hash, values, weights * sizeof(float));
}

/* What becomes of an instance that goes on. */
static uint64_t future_net(uint64_t hash, dnc *net) {
    static float values[VALUES], ones[VALUES];
    dnc_config c;
    GOOD(dnc_config_init(&c, sizeof c));
    GOOD(dnc_get_config(net, &c));
    hash = seen_net(hash, net);
    GOOD(dnc_set_training(net, 1));
    GOOD(dnc_forward(net, 2, nothing, values));
    hash = mix(hash, values, 2 * c.batch_size * c.output_size * sizeof(float));
    size_t count = dnc_recorded_steps(net) * c.batch_size * c.output_size;
    for (size_t i = 0; i < count; i++) ones[i] = 1;
    GOOD(dnc_backward(net, ones, values));
    hash = mix(hash, values, dnc_recorded_steps(net) * c.batch_size * c.input_size * sizeof(float));
    return seen_net(hash, net);
}

static uint64_t future_task(uint64_t hash, dnc_task *task) {
    static float values[3][VALUES];
    uint32_t x, y, loss;
    size_t steps;
    uint64_t position = dnc_task_position(task);
    GOOD(dnc_task_sizes(task, &x, &y, &loss));
    hash = mix(mix(mix(hash, &x, sizeof x), &y, sizeof y), &position, sizeof position);
    GOOD(dnc_task_sample(task, 2, &steps));
    EXPECT(steps * 2 * x <= VALUES && steps * 2 * y <= VALUES);
    GOOD(dnc_task_read(task, values[0], values[1], values[2]));
    hash = mix(hash, values[0], steps * 2 * x * sizeof(float));
    return mix(hash, values[1], steps * 2 * y * sizeof(float));
}

static uint64_t file_hash(uint64_t hash, const char *path) {
    static char bytes[1 << 18];
    FILE *file = fopen(path, "rb");
    if (file == NULL) return hash;
    size_t count = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    return mix(hash, bytes, count);
}

static int is_entry(const struct dirent *entry) {
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* Names, modes and contents of the folder's files, what begins with a dot included. */
static uint64_t seen_folder(void) {
    uint64_t hash = 0;
    struct stat info;
    DIR *listing = opendir(folder);
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        if (!is_entry(entry)) continue;
        EXPECT(lstat(in_folder(entry->d_name), &info) == 0);
        uint64_t name = mix(mix(1, entry->d_name, strlen(entry->d_name)), &info.st_mode, sizeof info.st_mode);
        hash += file_hash(name, in_folder(entry->d_name));
    }
    closedir(listing);
    return hash;
}

static uint64_t seen(world *w) {
    uint64_t hash = seen_net(seen_folder(), w->net), updates = dnc_optimizer_step_count(w->optimizer);
    uint64_t position = dnc_task_position(w->task);
    return mix(mix(hash, &updates, sizeof updates), &position, sizeof position);
}

/* The episodes drawn last. Lets the teacher play them to the end. */
static uint64_t drawn(dnc_task *task) {
    static float values[3][VALUES];
    uint32_t x, y;
    size_t steps, batch;
    GOOD(dnc_task_sizes(task, &x, &y, NULL));
    GOOD(dnc_task_drawn(task, &steps, &batch));
    EXPECT(steps * batch * x <= VALUES && steps * batch * y <= VALUES);
    GOOD(dnc_task_read(task, values[0], values[1], values[2]));
    uint64_t hash = mix(mix(1, values[2], steps * batch * sizeof(float)), values[0], steps * batch * x * sizeof(float));
    return mix(hash, values[1], steps * batch * y * sizeof(float));
}

static int is_set(const void *value, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (((const unsigned char *)value)[i] != 0xA5) return 1;
    return 0;
}
#define IS_SET(field) is_set(&w->got.field, sizeof w->got.field)

/* Everything that a call left and handed out. */
static uint64_t future(world *w) {
    uint64_t hash = future_net(seen(w), w->net);
    if (w->task) hash = future_task(hash, w->task);
    GOOD(dnc_optimizer_step(w->optimizer, w->net, NULL));
    hash = seen_net(hash, w->net);
    hash = mix(hash, w->got.values, sizeof w->got.values);
    hash = mix(hash, &w->got.value, sizeof w->got.value);
    hash = mix(hash, &w->got.number, sizeof w->got.number);
    hash = mix(hash, &w->got.steps, sizeof w->got.steps);
    if (IS_SET(png)) hash = mix(hash, w->got.png, w->got.size);
    if (IS_SET(net) && w->got.net) hash = future_net(hash, w->got.net);
    if (IS_SET(optimizer) && w->got.optimizer && IS_SET(net)) GOOD(dnc_optimizer_step(w->got.optimizer, w->got.net, NULL));
    if (IS_SET(net) && w->got.net) hash = seen_net(hash, w->got.net);
    if (IS_SET(task)) hash = future_task(hash, w->got.task);
    return hash;
}

/* ---------------------------------------------------------------------------------------- world -- */

static void put(const char *name, const char *text) {
    FILE *file = fopen(in_folder(name), "w");
    fputs(text, file);
    fclose(file);
}

static dnc_config small(uint32_t controller, uint32_t initial_state, uint32_t threads) {
    dnc_config config;
    GOOD(dnc_config_init(&config, sizeof config));
    config.input_size = X;
    config.output_size = Y;
    config.controller = controller;
    config.hidden_size = H;
    config.memory_slots = N;
    config.word_size = W;
    config.read_heads = R;
    config.write_heads = K;
    config.batch_size = B;
    config.initial_state = initial_state;
    config.num_threads = threads;
    config.seed = 5;
    return config;
}

static world *build(const scenario *s) {
    static world w;
    static const char *const stories = "1 Ann took the tea.\n2 Who has tea?\tAnn\t1\n1 Bob left.\n2 Who left?\tBob\n";
    dnc_config config = small(DNC_CONTROLLER_LSTM, DNC_INITIAL_ZEROS, 1);
    dnc_optimizer_config rule;
    w.net = NULL, w.optimizer = NULL, w.task = NULL;
    for (int i = 0; i < T * B * X; i++) w.inputs[i] = (float)(i * 7 % 11) / 5 - 1;
    for (int i = 0; i < T * B * Y; i++) w.targets[i] = (float)(i % 2);
    for (int i = 0; i < T * B * Y; i++) w.gradients[i] = (float)(i * 5 % 7) / 3 - 1;
    for (int i = 0; i < T * B; i++) w.mask[i] = (float)(i % 2);
    GOOD(dnc_create(&config, &w.net));
    GOOD(dnc_optimizer_config_init(&rule, sizeof rule));
    GOOD(dnc_optimizer_create(w.net, &rule, &w.optimizer));
    GOOD(dnc_set_training(w.net, 1));
    GOOD(dnc_forward(w.net, T, w.inputs, w.outputs));
    GOOD(dnc_backward(w.net, w.gradients, NULL));
    GOOD(dnc_forward(w.net, T, w.inputs, w.outputs));
    put("old", "what was there before");
    put("qa7_a_train.txt", stories);
    put("qa7_a_test.txt", stories);
    put("graph.csv", "source,edge,destination\na,1,b\nb,2,c\nc,1,a\na,3,c\n");
    put("lessons", "task copy\npass bit_error 0.1\nlesson max_length=2\nlesson width=6\n");
    put("log", "{\"event\": \"train\", \"update\": 1, \"seconds\": 1, \"loss\": 2}\n"
               "{\"event\": \"train\", \"update\": 2, \"seconds\": 2, \"loss\": 1}\n");
    GOOD(dnc_save(w.net, w.optimizer, in_folder("net")));
    if (s->task) {
        size_t steps;
        GOOD(dnc_task_create(s->task, NULL, 3, &w.task));
        GOOD(dnc_task_sample(w.task, B, &steps));
    }
    if (s->prepare) s->prepare(&w);
    memset(&w.got, 0xA5, sizeof w.got);
    return &w;
}

static void clear(world *w) {
    dnc_free(w->net);
    dnc_optimizer_free(w->optimizer);
    dnc_task_free(w->task);
    if (IS_SET(net)) dnc_free(w->got.net);
    if (IS_SET(optimizer)) dnc_optimizer_free(w->got.optimizer);
    if (IS_SET(task)) dnc_task_free(w->got.task);
    if (IS_SET(png)) dnc_buffer_free(w->got.png);
    DIR *listing = opendir(folder);
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;)
        if (is_entry(entry)) unlink(in_folder(entry->d_name));
    closedir(listing);
}

static int open_files(void) {
    int count = 0;
    for (int file = 0; file < 256; file++) count += fcntl(file, F_GETFD) != -1;
    return count;
}

/* ---------------------------------------------------------------------------------------- calls -- */

static void many_threads(world *w) {
    dnc_config config = small(DNC_CONTROLLER_LSTM, DNC_INITIAL_ZEROS, 4);
    config.hidden_size = 64;
    config.batch_size = 6;
    dnc_free(w->net);
    dnc_optimizer_free(w->optimizer);
    GOOD(dnc_create(&config, &w->net));
    dnc_optimizer_config rule;
    GOOD(dnc_optimizer_config_init(&rule, sizeof rule));
    GOOD(dnc_optimizer_create(w->net, &rule, &w->optimizer));
}

static void forget(world *w) { GOOD(dnc_detach(w->net)); }
static void stop(world *w) { GOOD(dnc_set_training(w->net, 0)); }
static void back(world *w) { GOOD(dnc_backward(w->net, w->gradients, NULL)); }

static int told(void *context, size_t done, size_t total) { return (void)context, done > total; }
static void watch(world *w) { GOOD(dnc_set_progress(w->net, told, NULL)); }
static void watch_without_training(world *w) {
    stop(w);
    watch(w);
}

static dnc_status create(world *w, uint32_t controller, uint32_t initial_state, uint32_t threads) {
    dnc_config config = small(controller, initial_state, threads);
    return dnc_create(&config, &w->got.net);
}

static dnc_status call_create(world *w) { return create(w, DNC_CONTROLLER_LSTM, DNC_INITIAL_ZEROS, 1); }
static dnc_status call_create_learned(world *w) { return create(w, DNC_CONTROLLER_FEEDFORWARD, DNC_INITIAL_LEARNED, 1); }
static dnc_status call_create_threads(world *w) { return create(w, DNC_CONTROLLER_LSTM, DNC_INITIAL_ZEROS, 4); }
static dnc_status call_clone(world *w) { return dnc_clone(w->net, DNC_CLONE_COPY, &w->got.net); }
static dnc_status call_share(world *w) { return dnc_clone(w->net, DNC_CLONE_SHARE_PARAMETERS, &w->got.net); }
static dnc_status call_batch(world *w) { return dnc_set_batch_size(w->net, B + 2); }
static dnc_status call_slots(world *w) { return dnc_set_memory_slots(w->net, N + 2); }
static dnc_status call_training(world *w) { return dnc_set_training(w->net, 1); }
static dnc_status call_reset(world *w) { return dnc_reset(w->net); }
static dnc_status call_detach(world *w) { return dnc_detach(w->net); }
static dnc_status call_step(world *w) { return dnc_step(w->net, w->inputs, w->got.values); }
static dnc_status call_forward(world *w) { return dnc_forward(w->net, T, w->inputs, w->got.values); }
static dnc_status call_forward_long(world *w) { return dnc_forward(w->net, 150, nothing, w->got.values); }
static dnc_status call_backward(world *w) { return dnc_backward(w->net, w->gradients, w->got.values); }
static dnc_status call_progress(world *w) { return dnc_set_progress(w->net, NULL, NULL); }
static dnc_status call_dropout(world *w) { return dnc_set_bypass_dropout(w->net, 0.5f, 3); }
static dnc_status call_changed(world *w) { return dnc_parameters_changed(w->net); }
static dnc_status call_zero(world *w) { return dnc_zero_gradients(w->net); }
static dnc_status call_get_state(world *w) { return dnc_get_state(w->net, DNC_FIELD_LINK, w->got.values, B * K * N * N); }
static dnc_status call_get_trace(world *w) {
    return dnc_get_trace(w->net, DNC_TRACE_READ_MODES, w->got.values, T * B * R * (2 * K + 1));
}
static dnc_status call_set_state(world *w) { return dnc_set_state(w->net, DNC_FIELD_MEMORY, nothing, B * N * W); }
static dnc_status call_state_gradient(world *w) {
    return dnc_get_state_gradient(w->net, DNC_FIELD_MEMORY, w->got.values, B * N * W);
}
static dnc_status call_packed(world *w) {
    return dnc_forward_packed(w->net, T, w->inputs, (const uint8_t[T * B]){[B] = 1, [T * B - 1] = 1}, w->got.values);
}
static const int32_t tokens[T * B] = {0, -1, 1};
static dnc_status call_tokens(world *w) {
    return dnc_forward_tokens(w->net, T, tokens, (const uint8_t[T * B]){[B] = 1}, w->got.values);
}
/* The future has rows, which don't follow tokens in a record. */
static dnc_status call_tokens_recorded(world *w) {
    dnc_status status = call_tokens(w);
    if (status == DNC_OK) GOOD(dnc_detach(w->net));
    return status;
}
static dnc_status call_step_tokens(world *w) { return dnc_step_tokens(w->net, tokens, w->got.values); }
static dnc_status call_reset_some(world *w) { return dnc_reset_sequences(w->net, (const uint8_t[B]){1}); }
static dnc_status call_get_rows(world *w) { return dnc_get_state_rows(w->net, 0, 1, w->got.values); }
static dnc_status call_set_rows(world *w) { return dnc_set_state_rows(w->net, 0, 1, nothing); }
static dnc_status call_gradient_rows(world *w) { return dnc_get_state_gradient_rows(w->net, 0, 1, w->got.values); }
static dnc_status call_final_gradient(world *w) { return dnc_set_final_state_gradient(w->net, 0, 1, nothing); }
static dnc_status call_loss(world *w) {
    return dnc_loss_evaluate(DNC_LOSS_SIGMOID_CROSS_ENTROPY, T, B, Y, w->outputs, w->targets, w->mask, &w->got.value,
                             w->got.values);
}
static dnc_status optimizer(world *w, uint32_t algorithm) {
    dnc_optimizer_config rule;
    GOOD(dnc_optimizer_config_init(&rule, sizeof rule));
    rule.algorithm = algorithm;
    return dnc_optimizer_create(w->net, &rule, &w->got.optimizer);
}
static dnc_status call_last_trace(world *w) {
    return dnc_get_last_trace(w->net, DNC_TRACE_READ_MODES, w->got.values, B * R * (2 * K + 1));
}
static dnc_status call_loss_classes(world *w) {
    return dnc_loss_evaluate_classes(0.1f, T, B, Y, w->outputs, (const int32_t[T * B]){0, 1, -1, 2}, w->mask,
                                     &w->got.value, w->got.values);
}
static dnc_status call_threads(world *w) { return dnc_set_num_threads(w->net, 3); }
static dnc_status call_limit(world *w) { return dnc_set_max_record_bytes(w->net, 1u << 30); }
static dnc_status call_check_finite(world *w) { return dnc_set_check_finite(w->net, 0); }
static dnc_status call_named(world *w) {
    dnc_tensor tensor = {.struct_size = sizeof tensor};
    return dnc_tensor_named(w->net, "output.bias", &tensor);
}
static dnc_status call_write_state(world *w) {
    return dnc_checkpoint_write(in_folder("old"), w->net, w->optimizer, DNC_CHECKPOINT_STATE);
}
static dnc_status call_encode_state(world *w) {
    return dnc_checkpoint_encode(w->net, w->optimizer, DNC_CHECKPOINT_STATE, &w->got.png, &w->got.size);
}
static dnc_status call_sgd(world *w) { return optimizer(w, DNC_OPTIMIZER_SGD); }
static dnc_status call_adam(world *w) { return optimizer(w, DNC_OPTIMIZER_ADAM); }
static dnc_status call_update(world *w) { return dnc_optimizer_step(w->optimizer, w->net, &w->got.number); }
static dnc_status call_save(world *w) { return dnc_save(w->net, w->optimizer, in_folder("old")); }
static void link_old(world *w) {
    (void)w;
    EXPECT(chmod(in_folder("old"), 0640) == 0 && symlink("second", in_folder("first")) == 0);
    EXPECT(symlink("old", in_folder("second")) == 0);
}
static dnc_status call_save_linked(world *w) { return dnc_save(w->net, w->optimizer, in_folder("first")); }
static dnc_status call_save_new(world *w) { return dnc_save(w->net, NULL, in_folder("new")); }
static dnc_status call_load(world *w) { return dnc_load(in_folder("net"), &w->got.net, &w->got.optimizer); }
static dnc_status call_load_only(world *w) { return dnc_load(in_folder("net"), &w->got.net, NULL); }
static dnc_status call_self_test(world *w) { return (void)w, dnc_self_test(); }

static dnc_status task(world *w, const char *name, const char *options) {
    return dnc_task_create(name, options, 3, &w->got.task);
}
static dnc_status call_copy(world *w) { return task(w, "copy", "width=3"); }
static dnc_status call_repeat(world *w) { return task(w, "repeat_copy", NULL); }
static dnc_status call_recall(world *w) { return task(w, "associative_recall", "max_blocks=4"); }
static dnc_status call_key_value(world *w) { return task(w, "key_value", "max_pairs=4"); }
static dnc_status call_traversal(world *w) { return task(w, "graph_traversal", NULL); }
static dnc_status call_path(world *w) { return task(w, "shortest_path", NULL); }
static dnc_status call_inference(world *w) { return task(w, "graph_inference", NULL); }
static dnc_status call_shrdlu(world *w) { return task(w, "mini_shrdlu", "goals=2"); }
static dnc_status call_graph(world *w) {
    char options[PATH + 10];
    snprintf(options, sizeof options, "graph=%s,path=1-2", in_folder("graph.csv"));
    return task(w, "graph_traversal", options);
}
static dnc_status call_babi(world *w) {
    char options[PATH + 40];
    snprintf(options, sizeof options, "folder=%s,tasks=7,split=all_train", folder);
    return task(w, "babi", options);
}
static dnc_status call_lessons(world *w) { return dnc_task_load(in_folder("lessons"), 3, &w->got.task); }
static dnc_status call_sample(world *w) { return dnc_task_sample(w->task, B + 3, &w->got.steps); }
static dnc_status call_task_read(world *w) { return dnc_task_read(w->task, w->got.values, NULL, NULL); }
static dnc_status call_next(world *w) { return dnc_task_next(w->task, NULL, w->got.values); }
static dnc_status call_task_loss(world *w) { return dnc_task_loss(w->task, nothing, &w->got.value, w->got.values); }
static dnc_status call_score(world *w) {
    dnc_score scores[32] = {{0, 0, 0}};
    return dnc_task_score(w->task, nothing, scores);
}
static dnc_status call_seek(world *w) { return dnc_task_seek(w->task, 9); }
static dnc_status call_lesson(world *w) { return dnc_task_set_lesson(w->task, 0); }
static dnc_status call_evaluating(world *w) { return dnc_task_set_evaluating(w->task, 1); }

static const dnc_image_options *look(uint32_t flags) {
    static dnc_image_options options;
    GOOD(dnc_image_options_init(&options, sizeof options));
    options.title = "A title";
    options.cell_pixels = 4;
    options.flags = flags;
    return &options;
}
static dnc_status call_image(world *w) {
    return dnc_image_encode(B * T, X, w->inputs, look(0), &w->got.png, &w->got.size);
}
static dnc_status call_image_write(world *w) { return dnc_image_write(in_folder("old"), B * T, X, w->inputs, NULL); }
static dnc_status call_episode(world *w) {
    return dnc_episode_image_encode(w->net, 1, T, w->inputs, w->targets, w->outputs, look(DNC_IMAGE_SORT_SLOTS),
                                    &w->got.png, &w->got.size);
}
static dnc_status call_episode_write(world *w) {
    return dnc_episode_image_write(in_folder("old"), w->net, 1, T, w->inputs, w->targets, w->outputs, look(0));
}
static dnc_status call_state(world *w) {
    return dnc_state_image_encode(w->net, 1, 2, look(DNC_IMAGE_SORT_SLOTS | DNC_IMAGE_USED_SLOTS), &w->got.png, &w->got.size);
}
static dnc_status call_state_now(world *w) {
    return dnc_state_image_encode(w->net, 0, DNC_STEP_NOW, NULL, &w->got.png, &w->got.size);
}
static dnc_status call_state_write(world *w) { return dnc_state_image_write(in_folder("old"), w->net, 0, 1, look(0)); }
static dnc_status call_film(world *w) {
    return dnc_film_encode(w->net, 1, 1, 3, 100, look(0), &w->got.png, &w->got.size);
}
static dnc_status call_film_write(world *w) { return dnc_film_write(in_folder("old"), w->net, 1, 1, 3, 100, look(0)); }
static dnc_status call_film_files(world *w) {
    return dnc_film_write(in_folder("new.png"), w->net, 1, 1, 3, 100, look(DNC_IMAGE_NUMBERED_FILES));
}

static void film_before(world *w) { (void)w, put("new-0003.png", "what was there before"); }

static dnc_status call_training_image(world *w) {
    const char *log = in_folder("log");
    return dnc_training_image_encode(1, &log, NULL, look(0), &w->got.png, &w->got.size);
}
static dnc_status call_training_write(world *w) {
    const char *log = in_folder("log");
    return (void)w, dnc_training_image_write(in_folder("old"), 1, &log, NULL, NULL);
}
static const uint32_t sizes[] = {3, 5, 9};
static dnc_status call_capacity(world *w) {
    return dnc_capacity_image_encode(2, 3, w->mask, sizes, sizes, look(0), &w->got.png, &w->got.size);
}
static dnc_status call_capacity_write(world *w) {
    return dnc_capacity_image_write(in_folder("old"), 2, 3, w->mask, sizes, sizes, NULL);
}

static const scenario scenarios[] = {
    {"create", NULL, call_create, NULL},
    {"create_learned", NULL, call_create_learned, NULL},
    {"create_threads", NULL, call_create_threads, NULL},
    {"clone", NULL, call_clone, NULL},
    {"clone_sharing", NULL, call_share, NULL},
    {"set_batch_size", NULL, call_batch, NULL},
    {"set_memory_slots", NULL, call_slots, NULL},
    {"set_training", stop, call_training, NULL},
    {"reset", NULL, call_reset, NULL},
    {"detach", NULL, call_detach, NULL},
    {"step_recorded", NULL, call_step, NULL},
    {"step", stop, call_step, NULL},
    {"forward_recorded", NULL, call_forward, NULL},
    {"forward", stop, call_forward, NULL},
    {"forward_threads", many_threads, call_forward_long, NULL},
    {"backward", NULL, call_backward, NULL},
    {"forward_recorded_watched", watch, call_forward, NULL},
    {"forward_watched", watch_without_training, call_forward, NULL},
    {"backward_watched", watch, call_backward, NULL},
    {"set_progress", NULL, call_progress, NULL},
    {"set_bypass_dropout", forget, call_dropout, NULL},
    {"parameters_changed", NULL, call_changed, NULL},
    {"zero_gradients", NULL, call_zero, NULL},
    {"get_state", NULL, call_get_state, NULL},
    {"get_trace", NULL, call_get_trace, NULL},
    {"set_state", forget, call_set_state, NULL},
    {"get_state_gradient", NULL, call_state_gradient, NULL},
    {"forward_packed_recorded", NULL, call_packed, NULL},
    {"forward_packed", stop, call_packed, NULL},
    {"forward_packed_watched", watch_without_training, call_packed, NULL},
    {"forward_tokens_recorded", back, call_tokens_recorded, NULL},
    {"forward_tokens", stop, call_tokens, NULL},
    {"step_tokens", stop, call_step_tokens, NULL},
    {"reset_sequences", NULL, call_reset_some, NULL},
    {"get_state_rows", NULL, call_get_rows, NULL},
    {"set_state_rows", forget, call_set_rows, NULL},
    {"get_state_gradient_rows", NULL, call_gradient_rows, NULL},
    {"set_final_state_gradient", NULL, call_final_gradient, NULL},
    {"get_last_trace", NULL, call_last_trace, NULL},
    {"loss_evaluate", NULL, call_loss, NULL},
    {"loss_evaluate_classes", NULL, call_loss_classes, NULL},
    {"set_num_threads", forget, call_threads, NULL},
    {"set_max_record_bytes", forget, call_limit, NULL},
    {"set_check_finite", NULL, call_check_finite, NULL},
    {"tensor_named", NULL, call_named, NULL},
    {"checkpoint_write_state", NULL, call_write_state, NULL},
    {"checkpoint_encode_state", NULL, call_encode_state, NULL},
    {"optimizer_create_sgd", NULL, call_sgd, NULL},
    {"optimizer_create_adam", NULL, call_adam, NULL},
    {"optimizer_step", back, call_update, NULL},
    {"save", NULL, call_save, NULL},
    {"save_linked", link_old, call_save_linked, NULL},
    {"save_new", NULL, call_save_new, NULL},
    {"load", NULL, call_load, NULL},
    {"load_without_optimizer", NULL, call_load_only, NULL},
    {"task_copy", NULL, call_copy, NULL},
    {"task_repeat_copy", NULL, call_repeat, NULL},
    {"task_associative_recall", NULL, call_recall, NULL},
    {"task_key_value", NULL, call_key_value, NULL},
    {"task_graph_traversal", NULL, call_traversal, NULL},
    {"task_shortest_path", NULL, call_path, NULL},
    {"task_graph_inference", NULL, call_inference, NULL},
    {"task_mini_shrdlu", NULL, call_shrdlu, NULL},
    {"task_graph_file", NULL, call_graph, NULL},
    {"task_babi", NULL, call_babi, NULL},
    {"task_load", NULL, call_lessons, NULL},
    {"sample_copy", NULL, call_sample, "copy"},
    {"sample_graph_traversal", NULL, call_sample, "graph_traversal"},
    {"sample_shortest_path", NULL, call_sample, "shortest_path"},
    {"sample_mini_shrdlu", NULL, call_sample, "mini_shrdlu"},
    {"task_read", NULL, call_task_read, "copy"},
    {"task_next", NULL, call_next, "mini_shrdlu"},
    {"task_loss", NULL, call_task_loss, "shortest_path"},
    {"task_score", NULL, call_score, "copy"},
    {"task_seek", NULL, call_seek, "copy"},
    {"task_set_lesson", NULL, call_lesson, "copy"},
    {"task_set_evaluating", NULL, call_evaluating, "copy"},
    {"image_encode", NULL, call_image, NULL},
    {"image_write", NULL, call_image_write, NULL},
    {"episode_image_encode", NULL, call_episode, NULL},
    {"episode_image_write", NULL, call_episode_write, NULL},
    {"state_image_encode", NULL, call_state, NULL},
    {"state_image_encode_now", NULL, call_state_now, NULL},
    {"state_image_write", NULL, call_state_write, NULL},
    {"film_encode", NULL, call_film, NULL},
    {"film_write", NULL, call_film_write, NULL},
    {"film_write_files", NULL, call_film_files, NULL},
    {"film_write_files_again", film_before, call_film_files, NULL},
    {"training_image_encode", NULL, call_training_image, NULL},
    {"training_image_write", NULL, call_training_write, NULL},
    {"capacity_image_encode", NULL, call_capacity, NULL},
    {"capacity_image_write", NULL, call_capacity_write, NULL},
};

/* --------------------------------------------------------------------------------------- faults -- */

static unsigned kinds;
static int persists, error;
static dnc_status expected;

/* How many faults the call can meet; `survived` is how many of them it got over. */
static long run(const scenario *s, long *survived) {
    at = s->name;
    fault = 0;
    world *w = build(s);
    GOOD(s->call(w)); /* and whatever libc keeps is there */
    uint64_t undisturbed = future(w);
    clear(w);
    long blocks = interposed.blocks;
    int files = open_files();
    for (fault = 1;; fault++) {
        w = build(s);
        uint64_t before = seen(w), before_drawing = s->call == call_sample ? drawn(w->task) : 0;
        arm(kinds, fault, error, persists);
        dnc_status status = s->call(w);
        long failed = disarm();
        const char *last = interposed.last;
        if (failed > 0 && status == DNC_OK) ++*survived;
        if (status != DNC_OK) {
            EXPECT(failed > 0 && status == expected);
            EXPECT(strlen(dnc_last_error()) > 10);
            EXPECT(!is_set(&w->got, sizeof w->got));
            EXPECT(seen(w) == before);
            if (s->call == call_sample) EXPECT(drawn(w->task) == before_drawing);
            GOOD(s->call(w));
        }
        interposed.last = last;
        EXPECT(future(w) == undisturbed);
        clear(w);
        EXPECT(interposed.blocks == blocks);
        EXPECT(open_files() == files);
        blocks = interposed.blocks;
        if (failed == 0) return fault - 1;
    }
}

static const struct {
    const char *name;
    int error;
} errors[] = {{"EINTR", EINTR}, {"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EMFILE", EMFILE}, {"ENOMEM", ENOMEM}, {"half", HALF}};

int main(int count, char **words) {
    const char *kind = count > 1 ? words[1] : "";
    int place = 2;
    kinds = MEMORY;
    expected = DNC_OUT_OF_MEMORY;
    if (strcmp(kind, "persistent") == 0) {
        persists = 1;
    } else if (strcmp(kind, "threads") == 0) {
        kinds = THREADS;
    } else if (strcmp(kind, "files") == 0) {
        kinds = FILES;
        expected = DNC_IO_ERROR;
        for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
            if (count > 2 && strcmp(words[2], errors[i].name) == 0) error = errors[i].error;
        if (error == 0) return 2;
        place = 3;
    } else if (strcmp(kind, "memory") != 0) {
        return 2;
    }
    if (count <= place || strlen(words[place]) >= sizeof folder) return 2;
    strcpy(folder, words[place]);
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        long survived = 0;
        if (count > place + 1 && strcmp(words[place + 1], scenarios[i].name) != 0) continue;
        long faults = run(&scenarios[i], &survived);
        printf("%s %ld %ld\n", scenarios[i].name, faults, survived);
        fflush(stdout);
    }
    (void)call_self_test;
    return problems == 0 ? 0 : 1;
}
