/*
 * Teaches a Differentiable Neural Computer to copy: it is shown one to eight vectors of six random bits and must
 * then repeat them from its memory. Most of what there is to know about training with libdnc, in one file.
 *
 *     cc copy_task.c -o copy_task $(pkg-config --cflags --libs dnc) -lm
 *     ./copy_task --seed 3
 *
 * It ends when it gets less than 0.1 % of the bits of 1,000 fresh episodes wrong, and leaves in a folder
 *
 *     copy.safetensors   the network and its optimizer, for dnc_load
 *     episode.png        one fresh episode of eight vectors, and what the memory did in it
 *     state.png          the memory and its links when everything was read in
 *     film.png           the same, step by step: an animated PNG
 *     input.png, target.png, prediction.png, logits.png   the same episode, matrix by matrix
 *
 * Exit status: 0 learned, or stopped by Ctrl-C (the network is kept); 1 not learned; 2 an error.
 */
#define _POSIX_C_SOURCE 200809L
#include <dnc.h>

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_STEPS 19  /* of an episode of eight vectors: see "copy" in dnc.h */
#define EXAM_BATCH 100
#define LEARNED 0.001 /* less than this share of wrong bits */

static void fail(const char *what, const char *why) {
    fprintf(stderr, "copy_task: %s: %s\n", what, why);
    exit(2);
}

/* Every call that can fail goes through here. */
#define CHECK(call)                                          \
    do {                                                     \
        if ((call) != DNC_OK) fail(#call, dnc_last_error()); \
    } while (0)

static struct {
    uint64_t seed;
    uint32_t batch;
    long iterations;
    float learning_rate;
    const char *output;
    int quiet;
} options = {3, 16, 20000, 0.003f, "demo", 0};

static double number(const char *name, const char *text, double minimum, double maximum) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != 0 || !(value >= minimum && value <= maximum)) fail(name, "not a number in its range");
    return value;
}

static void read_options(int count, char **words) {
    for (int i = 1; i < count; i++) {
        const char *name = words[i], *value = words[i + 1]; /* NULL after the last */
        if (strcmp(name, "--quiet") == 0) options.quiet = 1;
        else if (value == NULL) fail(name, "not an option, or its value is missing");
        else if (strcmp(name, "--seed") == 0) options.seed = (uint64_t)number(name, value, 0, 1e15);
        else if (strcmp(name, "--batch") == 0) options.batch = (uint32_t)number(name, value, 1, 65536);
        else if (strcmp(name, "--iterations") == 0) options.iterations = (long)number(name, value, 1, 1e9);
        else if (strcmp(name, "--learning-rate") == 0) options.learning_rate = (float)number(name, value, 0, 1e3);
        else if (strcmp(name, "--output") == 0) options.output = value;
        else fail(name, "not an option: --seed, --batch, --iterations, --learning-rate, --output DIR, --quiet");
        if (strcmp(name, "--quiet") != 0) i++;
    }
}

/* A batch of episodes and what the network makes of them. */
typedef struct episodes {
    size_t steps, batch;  /* T, B */
    uint32_t x, y;        /* input and output channels */
    float *inputs;        /* [T, B, X] */
    float *targets;       /* [T, B, Y] */
    float *mask;          /* [T, B]: 1 where the answer counts */
    float *outputs;       /* [T, B, Y]: logits */
    float *gradients;     /* [T, B, Y]: of the loss with respect to the outputs */
} episodes;

static float *floats(size_t count) {
    float *values = malloc(count * sizeof *values);
    if (values == NULL) fail("malloc", "out of memory");
    return values;
}

/* Room for the longest episodes, in one block: free it by its first part, the inputs. */
static episodes new_episodes(const dnc_task *task, size_t batch) {
    episodes e = {0};
    size_t rows = MAX_STEPS * batch;
    CHECK(dnc_task_sizes(task, &e.x, &e.y, NULL));
    e.batch = batch;
    e.inputs = floats(rows * (e.x + 3 * e.y + 1));
    e.targets = e.inputs + rows * e.x;
    e.outputs = e.targets + rows * e.y;
    e.gradients = e.outputs + rows * e.y;
    e.mask = e.gradients + rows * e.y;
    return e;
}

/* Draws fresh episodes and lets the network answer them. */
static void run(dnc *net, dnc_task *task, episodes *e) {
    CHECK(dnc_task_sample(task, e->batch, &e->steps));
    CHECK(dnc_task_read(task, e->inputs, e->targets, e->mask));
    CHECK(dnc_reset(net));
    CHECK(dnc_forward(net, e->steps, e->inputs, e->outputs));
}

/* One iteration of training; returns the loss. */
static double train(dnc *net, dnc_optimizer *optimizer, dnc_task *task, episodes *e) {
    double loss;
    run(net, task, e);
    CHECK(dnc_loss_evaluate(DNC_LOSS_SIGMOID_CROSS_ENTROPY, e->steps, e->batch, e->y, e->outputs, e->targets, e->mask,
                            &loss, e->gradients));
    CHECK(dnc_backward(net, e->gradients, NULL));
    CHECK(dnc_optimizer_step(optimizer, net, NULL));
    return loss;
}

/* The share of wrong bits in so many fresh batches. A logit above 0 says 1. */
static double bit_error(dnc *net, dnc_task *task, episodes *e, int batches) {
    double wrong = 0, bits = 0;
    while (batches-- > 0) {
        run(net, task, e);
        for (size_t i = 0; i < e->steps * e->batch * e->y; i++) {
            if (e->mask[i / e->y] == 0) continue;
            wrong += (e->outputs[i] > 0) != (e->targets[i] > 0.5f);
            bits++;
        }
    }
    return wrong / bits;
}

/* The path of a file in the output folder; overwritten by the next call. */
static const char *in_folder(const char *name) {
    static char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", options.output, name) >= (int)sizeof path) fail(name, "path too long");
    return path;
}

/* A matrix [steps, channels] as a picture, time running to the right. */
static void draw(const char *file, const char *title, uint32_t colormap, size_t steps, size_t channels,
                 const float *values) {
    dnc_image_options look;
    float *turned = floats(steps * channels);
    for (size_t i = 0; i < steps * channels; i++) turned[i % channels * steps + i / channels] = values[i];
    CHECK(dnc_image_options_init(&look, sizeof look));
    look.colormap = colormap;
    look.title = title;
    look.row_label = "channel";
    look.column_label = "time step";
    if (colormap == DNC_COLORMAP_VIRIDIS) { /* bits and probabilities; logits keep the range they have */
        look.minimum = 0;
        look.maximum = 1;
    }
    CHECK(dnc_image_write(in_folder(file), channels, steps, turned, &look));
    free(turned);
}

/* The pictures of one fresh episode of eight vectors. */
static void draw_episode(const dnc *trained, uint64_t seed) {
    dnc *net;
    dnc_task *task;
    CHECK(dnc_clone(trained, DNC_CLONE_SHARE_PARAMETERS, &net));
    CHECK(dnc_set_batch_size(net, 1));
    CHECK(dnc_set_training(net, 1)); /* what is recorded can be drawn */
    CHECK(dnc_task_create("copy", "min_length=8,max_length=8", seed, &task));
    episodes e = new_episodes(task, 1);
    run(net, task, &e);
    dnc_image_options look;
    CHECK(dnc_image_options_init(&look, sizeof look));
    look.mask = e.mask;
    look.flags = DNC_IMAGE_SORT_SLOTS;
    CHECK(dnc_episode_image_write(in_folder("episode.png"), net, 0, e.steps, e.inputs, e.targets, e.outputs, &look));
    look.mask = NULL;
    look.flags |= DNC_IMAGE_USED_SLOTS; /* the episode has all slots */
    CHECK(dnc_state_image_write(in_folder("state.png"), net, 0, e.steps / 2, &look));
    CHECK(dnc_film_write(in_folder("film.png"), net, 0, 0, e.steps, 300, &look));
    draw("input.png", "Input", DNC_COLORMAP_VIRIDIS, e.steps, e.x, e.inputs);
    draw("target.png", "Target", DNC_COLORMAP_VIRIDIS, e.steps, e.y, e.targets);
    draw("logits.png", "Logits", DNC_COLORMAP_DIVERGING, e.steps, e.y, e.outputs);
    for (size_t i = 0; i < e.steps * e.y; i++) e.outputs[i] = 1 / (1 + expf(-e.outputs[i]));
    draw("prediction.png", "Prediction", DNC_COLORMAP_VIRIDIS, e.steps, e.y, e.outputs);
    free(e.inputs);
    dnc_task_free(task);
    dnc_free(net);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* On a terminal a line that rewrites itself, elsewhere a plain line every thousand iterations. */
static void show_progress(long done, double loss, double error, double elapsed) {
    int terminal = isatty(STDOUT_FILENO);
    long left = (long)(elapsed / (double)done * (double)(options.iterations - done));
    if (options.quiet || (!terminal && done % 1000 != 0)) return;
    printf("%siteration %ld: loss %.4f, bit error %.2f %%, %.0f sequences a second, at most %ld:%02ld left%s",
           terminal ? "\r" : "", done, loss, 100 * error, (double)done * options.batch / elapsed, left / 60, left % 60,
           terminal ? "\x1b[K" : "\n");
    fflush(stdout);
}

static volatile sig_atomic_t interrupted = 0;

static void interrupt(int signal_number) {
    (void)signal_number;
    interrupted = 1;
}

int main(int argc, char **argv) {
    struct sigaction action = {0};
    action.sa_handler = interrupt;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    read_options(argc, argv);
    if (mkdir(options.output, 0777) != 0 && errno != EEXIST) fail(options.output, strerror(errno));

    /* Three streams of episodes, so that looking at the progress does not change it. */
    dnc_task *practice, *quiz, *exam;
    CHECK(dnc_task_create("copy", NULL, options.seed, &practice));
    CHECK(dnc_task_create("copy", NULL, options.seed + 1, &quiz));
    CHECK(dnc_task_create("copy", NULL, options.seed + 2, &exam));

    dnc_config config;
    CHECK(dnc_config_init(&config, sizeof config));
    CHECK(dnc_task_sizes(practice, &config.input_size, &config.output_size, NULL));
    config.hidden_size = 64;
    config.memory_slots = 32;
    config.word_size = 16;
    config.read_heads = 2;
    config.batch_size = options.batch;
    config.num_threads = 0; /* one per core */
    config.seed = options.seed;
    dnc *net, *examinee;
    CHECK(dnc_create(&config, &net));

    /* A second instance with the same parameters, for larger batches, that records nothing. */
    CHECK(dnc_clone(net, DNC_CLONE_SHARE_PARAMETERS, &examinee));
    CHECK(dnc_set_batch_size(examinee, EXAM_BATCH));
    CHECK(dnc_set_training(net, 1));

    dnc_optimizer_config method;
    dnc_optimizer *optimizer;
    CHECK(dnc_optimizer_config_init(&method, sizeof method)); /* Adam, unless told otherwise */
    method.learning_rate = options.learning_rate;
    method.max_gradient_norm = 10;
    CHECK(dnc_optimizer_create(net, &method, &optimizer));

    episodes lessons = new_episodes(practice, options.batch), questions = new_episodes(quiz, EXAM_BATCH);
    double start = seconds(), loss = 0, error = 1;
    long done = 0;
    int learned = 0;
    while (!interrupted && !learned && done < options.iterations) {
        loss = train(net, optimizer, practice, &lessons);
        done++;
        if (done == 1 || done % 100 == 0 || done == options.iterations) {
            error = bit_error(examinee, quiz, &questions, 1);
            if (error < LEARNED) error = bit_error(examinee, exam, &questions, 1000 / EXAM_BATCH);
            learned = error < LEARNED;
        }
        if (done % 10 == 0) show_progress(done, loss, error, seconds() - start);
    }

    CHECK(dnc_save(net, optimizer, in_folder("copy.safetensors")));
    draw_episode(net, options.seed + 3);
    printf("%s%s after %ld iterations and %.0f s: loss %.4f, bit error %.3f %%\n",
           isatty(STDOUT_FILENO) && !options.quiet ? "\n" : "",
           learned ? "learned" : interrupted ? "stopped" : "not learned", done, seconds() - start, loss, 100 * error);
    printf("%s/episode.png  what the network saw, answered, wrote and read\n"
           "%s/state.png    its memory and links when everything was read in\n"
           "%s/film.png     its memory, step by step\n"
           "%s/input.png, target.png, prediction.png, logits.png  the same episode, matrix by matrix\n",
           options.output, options.output, options.output, options.output);

    free(lessons.inputs);
    free(questions.inputs);
    dnc_optimizer_free(optimizer);
    dnc_free(examinee);
    dnc_free(net);
    dnc_task_free(practice);
    dnc_task_free(quiz);
    dnc_task_free(exam);
    return learned || interrupted ? 0 : 1;
}
