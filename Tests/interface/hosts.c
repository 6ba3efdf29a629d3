/*
 * Programs that the library must live in: each is a word on the command line.
 *
 *     hosts quiet|forks|crowd|traps|rounds|limited|calls|realtime FOLDER
 *     hosts untouched|streams|alarms|stack|chroot FOLDER    with everything that abuse.c does
 *
 * `stack` prints the bytes of stack that all that took, `calls` is killed if one of its calls asks anything of the system.
 */
#define _GNU_SOURCE
#define main abuse
#include "abuse.c"
#undef main

#include "interpose.h"

#include <fenv.h>
#include <linux/seccomp.h>
#include <locale.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

enum { STEPS = 60, SEQUENCES = 6 };

/* A network whose threads have enough to do. */
static float many[STEPS * SEQUENCES * X], answers[STEPS * SEQUENCES * Y], wanted[STEPS * SEQUENCES * Y];
/* One of each row's Y classes. */
static float classes[STEPS * SEQUENCES * Y];

static dnc *busy(uint32_t threads) {
    dnc *net = NULL;
    dnc_config config = small(DNC_CONTROLLER_LSTM, DNC_INITIAL_ZEROS);
    config.hidden_size = 64;
    config.batch_size = SEQUENCES;
    config.num_threads = threads;
    GOOD(dnc_create(&config, &net));
    return net;
}

/* Everything that comes of an episode with its update, in one number. */
static double train(dnc *net) {
    double sum = 0;
    dnc_optimizer *optimizer = NULL;
    dnc_optimizer_config config;
    GOOD(dnc_optimizer_config_init(&config, sizeof config));
    GOOD(dnc_optimizer_create(net, &config, &optimizer));
    GOOD(dnc_reset(net));
    GOOD(dnc_set_training(net, 1));
    GOOD(dnc_forward(net, STEPS, many, answers));
    for (int i = 0; i < STEPS * SEQUENCES * Y; i++) sum += (double)answers[i] * (i + 1);
    GOOD(dnc_backward(net, wanted, NULL));
    GOOD(dnc_optimizer_step(optimizer, net, NULL));
    for (size_t i = 0; i < dnc_parameter_count(net); i++) sum += (double)dnc_parameters(net)[i] * (double)(i + 1);
    dnc_optimizer_free(optimizer);
    return sum;
}

/* ---------------------------------------------------------------------------------------- forks -- */

static void *run_all_the_time(void *net) {
    while (!dnc_recorded_steps(net)) GOOD(dnc_forward(net, STEPS, many, answers));
    return NULL;
}

static int child_is_fine(pid_t child) {
    int status = 1;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A host forks after it has used the library, and while it does: its threads stay behind. */
static void forks(void) {
    alarm(60); /* if anything waits for a thread that is not there */
    dnc *first = busy(1), *net = busy(3), *untouched = busy(3);
    double expected = train(first), again = train(first);
    EXPECT(train(net) == expected);
    for (int round = 0; round < 10; round++) {
        pid_t child = fork();
        if (child == 0) {
            dnc *copy = NULL;
            pid_t grandchild;
            GOOD(dnc_clone(net, DNC_CLONE_SHARE_PARAMETERS, &copy));
            if (round == 0) EXPECT(train(net) == again);
            grandchild = fork(); /* which has seen the child's threads go too */
            if (grandchild == 0) {
                if (round == 0) train(net);
                dnc_free(net);
                dnc_free(copy);
                dnc_free(untouched);
                _exit(failures != 0);
            }
            EXPECT(child_is_fine(grandchild));
            GOOD(dnc_save(net, NULL, in_folder("child")));
            dnc_free(net);
            dnc_free(copy);
            train(untouched);
            dnc_free(untouched);
            _exit(failures != 0);
        }
        EXPECT(child_is_fine(child));
        if (round == 0) EXPECT(train(net) == again);
    }
    /* While another thread is inside of the library, with threads of its own. */
    pthread_t other;
    dnc *running = busy(3);
    pthread_create(&other, NULL, run_all_the_time, running);
    for (int round = 0; round < 200; round++) {
        pid_t child = fork();
        if (child == 0) {
            dnc_free(running);
            GOOD(dnc_forward(net, STEPS, many, answers));
            dnc_free(net);
            EXPECT(dnc_step(NULL, many, answers) == DNC_INVALID_ARGUMENT);
            _exit(failures != 0);
        }
        EXPECT(child_is_fine(child));
    }
    GOOD(dnc_detach(net));
    GOOD(dnc_forward(net, STEPS, many, answers));
    _exit(failures != 0); /* and the other thread with it */
}

/* ---------------------------------------------------------------------------------------- crowd -- */

static pthread_barrier_t start;

static void *crowd_member(void *instance) {
    double *sum = malloc(sizeof *sum);
    float first_answer[SEQUENCES * Y];
    dnc *mine = NULL;
    pthread_barrier_wait(&start);
    if (instance == NULL) { /* the first use of the library */
        EXPECT(dnc_build_info()[0] == '{');
        mine = busy(2);
        GOOD(dnc_set_training(mine, 1));
        GOOD(dnc_step(mine, many, first_answer));
        dnc_free(mine);
        free(sum);
        return NULL;
    }
    float *outputs = malloc(sizeof answers);
    *sum = 0;
    for (int round = 0; round < 10; round++) {
        GOOD(dnc_reset(instance));
        GOOD(dnc_forward(instance, STEPS, many, outputs));
        for (int i = 0; i < STEPS * SEQUENCES * Y; i++) *sum += (double)outputs[i] * (i + 1);
        GOOD(dnc_backward(instance, wanted, NULL));
    }
    free(outputs);
    return sum;
}

/* Threads that begin at once, each with an instance of two threads; all share their parameters. */
static void crowd(void) {
    enum { MEMBERS = 4 };
    pthread_t threads[MEMBERS];
    dnc *instances[MEMBERS];
    void *sums[MEMBERS];
    pthread_barrier_init(&start, NULL, MEMBERS);
    for (int i = 0; i < MEMBERS; i++) pthread_create(&threads[i], NULL, crowd_member, NULL);
    for (int i = 0; i < MEMBERS; i++) pthread_join(threads[i], NULL);
    instances[0] = busy(2);
    GOOD(dnc_set_training(instances[0], 1));
    for (int i = 1; i < MEMBERS; i++) GOOD(dnc_clone(instances[0], DNC_CLONE_SHARE_PARAMETERS, &instances[i]));
    for (int i = 0; i < MEMBERS; i++) pthread_create(&threads[i], NULL, crowd_member, instances[i]);
    for (int i = 0; i < MEMBERS; i++) pthread_join(threads[i], &sums[i]);
    for (int i = 1; i < MEMBERS; i++) EXPECT(*(double *)sums[i] == *(double *)sums[0]);
    for (int i = 0; i < MEMBERS; i++) {
        free(sums[i]);
        dnc_free(instances[i]);
    }
}

/* ------------------------------------------------------------------- errno and floating point -- */

#define QUIET(call, status)                               \
    do {                                                  \
        feclearexcept(FE_ALL_EXCEPT);                     \
        errno = 77;                                       \
        dnc_status found = (call);                        \
        int error = errno, raised = fetestexcept(FE_ALL_EXCEPT); \
        EXPECT(found == (status));                        \
        EXPECT(error == 77 && raised == 0);               \
    } while (0)

/* Every kind of call, rightly and wrongly. */
static void calls_of_every_kind(uint32_t threads) {
    dnc *net = busy(threads), *copy = NULL, *loaded = NULL;
    dnc_optimizer *optimizer = NULL;
    dnc_optimizer_config config;
    dnc_task *task = NULL;
    double value;
    float output[SEQUENCES * Y];
    uint8_t *png;
    size_t size;
    GOOD(dnc_optimizer_config_init(&config, sizeof config));
    QUIET(dnc_clone(net, DNC_CLONE_COPY, &copy), DNC_OK);
    QUIET(dnc_optimizer_create(net, &config, &optimizer), DNC_OK);
    QUIET(dnc_step(net, many, output), DNC_OK);
    QUIET(dnc_set_training(net, 1), DNC_OK);
    QUIET(dnc_forward(net, STEPS, many, answers), DNC_OK);
    QUIET(dnc_loss_evaluate(DNC_LOSS_SIGMOID_CROSS_ENTROPY, STEPS, SEQUENCES, Y, answers, classes, NULL, &value, NULL),
          DNC_OK);
    QUIET(dnc_episode_image_write(in_folder("picture"), net, 0, STEPS, many, NULL, answers, NULL), DNC_OK);
    QUIET(dnc_state_image_encode(net, 0, 3, NULL, &png, &size), DNC_OK);
    dnc_buffer_free(png);
    QUIET(dnc_backward(net, wanted, NULL), DNC_OK);
    QUIET(dnc_optimizer_step(optimizer, net, NULL), DNC_OK);
    QUIET(dnc_save(net, optimizer, in_folder("saved")), DNC_OK);
    QUIET(dnc_save(net, optimizer, in_folder("missing/saved")), DNC_IO_ERROR);
    QUIET(dnc_load(in_folder("saved"), &loaded, NULL), DNC_OK);
    QUIET(dnc_load(in_folder("missing"), &loaded, NULL), DNC_IO_ERROR);
    QUIET(dnc_task_create("mini_shrdlu", "beta=0.5", 1, &task), DNC_OK);
    QUIET(dnc_task_sample(task, 3, &size), DNC_OK);
    QUIET(dnc_image_write(in_folder("picture"), STEPS, X, many, NULL), DNC_OK);
    /* Numbers at the ends of what there is. */
    for (size_t i = 0; i < dnc_parameter_count(copy); i++) dnc_parameters(copy)[i] *= i % 2 ? 1e30f : 1e-30f;
    QUIET(dnc_set_training(copy, 1), DNC_OK);
    QUIET(dnc_forward(copy, STEPS, many, answers), DNC_OK);
    QUIET(dnc_backward(copy, wanted, NULL), DNC_OK);
    dnc_free(net);
    dnc_free(copy);
    dnc_free(loaded);
    dnc_optimizer_free(optimizer);
    dnc_task_free(task);
}

static void quiet(void) {
    for (uint32_t threads = 1; threads < 4; threads += 2) calls_of_every_kind(threads);
}

/* In a host that wants to be stopped at its own first division by zero. */
static void traps(void) {
    for (uint32_t threads = 1; threads < 4; threads += 2) {
        dnc *net = busy(threads);
        feclearexcept(FE_ALL_EXCEPT);
        int can_trap = feenableexcept(FE_ALL_EXCEPT) != -1;
#if !defined(__aarch64__) /* of which many can't */
        EXPECT(can_trap);
#endif
        GOOD(dnc_set_training(net, 1));
        for (size_t i = 0; i < dnc_parameter_count(net); i += 3) ((uint32_t *)(void *)dnc_parameters(net))[i] = 0x70000000;
        GOOD(dnc_forward(net, STEPS, many, answers));
        GOOD(dnc_backward(net, wanted, NULL));
        GOOD(dnc_image_write(in_folder("picture"), STEPS, X, many, NULL));
        GOOD(dnc_save(net, NULL, in_folder("saved")));
        EXPECT(fegetexcept() == (can_trap ? FE_ALL_EXCEPT : 0));
        fedisableexcept(FE_ALL_EXCEPT);
        dnc_free(net);
    }
}

/* -------------------------------------------------------------------------------- system calls -- */

/* What a step, an episode and an update take is there beforehand: only leaving is allowed. */
static void calls(void) {
    dnc *net = busy(1);
    dnc_optimizer *optimizer = NULL;
    dnc_optimizer_config config;
    double value;
    GOOD(dnc_optimizer_config_init(&config, sizeof config));
    GOOD(dnc_optimizer_create(net, &config, &optimizer));
    GOOD(dnc_set_training(net, 1));
    GOOD(dnc_forward(net, STEPS, many, answers));
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
        for (int round = 0; round < 3; round++) {
            GOOD(dnc_backward(net, wanted, NULL));
            GOOD(dnc_optimizer_step(optimizer, net, NULL));
            GOOD(dnc_reset(net));
            GOOD(dnc_forward(net, STEPS, many, answers));
            GOOD(dnc_loss_evaluate(DNC_LOSS_SOFTMAX_CROSS_ENTROPY, STEPS, SEQUENCES, Y, answers, classes, NULL, &value, NULL));
        }
        GOOD(dnc_set_training(net, 0));
        for (int step = 0; step < 100; step++) GOOD(dnc_step(net, many, answers));
        EXPECT(dnc_step(net, NULL, answers) == DNC_INVALID_ARGUMENT && strstr(dnc_last_error(), "NULL"));
        syscall(SYS_exit, failures != 0);
    }
    EXPECT(child_is_fine(child));
    dnc_optimizer_free(optimizer);
    dnc_free(net);
}

static void *steps(void *net) {
    static float output[SEQUENCES * Y];
    for (int step = 0; step < 1000; step++) GOOD(dnc_step(net, many, output));
    return NULL;
}

/* A thread without signals that runs before all others, where the system lets it. */
static void realtime(void) {
    pthread_t thread;
    pthread_attr_t attributes;
    struct sched_param priority = {.sched_priority = 10};
    sigset_t all;
    dnc *net = busy(1);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    pthread_attr_init(&attributes);
    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
    pthread_attr_setschedparam(&attributes, &priority);
    if (pthread_create(&thread, &attributes, steps, net) == 0) pthread_join(thread, NULL);
    else steps(net);
    dnc_free(net);
}

/* ------------------------------------------------------------------------- what the host has -- */

static char given[sizeof folder];
static char *words_of_abuse[] = {"abuse", given, NULL};

typedef struct belongings {
    void (*handlers[65])(int);
    sigset_t mask;
    int rounding, flushing, files;
    char place[4096], locale[64];
    mode_t umask;
} belongings;

static void look_at(belongings *b) {
    memset(b, 0, sizeof *b);
    for (int number = 1; number < 65; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0) b->handlers[number] = action.sa_handler;
    }
    pthread_sigmask(SIG_SETMASK, NULL, &b->mask);
    b->rounding = fegetround();
#if defined(__SSE__)
    b->flushing = (int)(__builtin_ia32_stmxcsr() & 0xFFC0);
#endif
    for (int file = 0; file < 256; file++) b->files += fcntl(file, F_GETFD) != -1;
    EXPECT(getcwd(b->place, sizeof b->place) != NULL);
    snprintf(b->locale, sizeof b->locale, "%s", setlocale(LC_ALL, NULL));
    umask(b->umask = umask(0));
}

/* A dnc_progress: as much of the host as what it has. */
static int looks(void *mode, size_t done, size_t total) {
    belongings now;
    (void)done, (void)total;
    look_at(&now);
    EXPECT(now.rounding == ((belongings *)mode)->rounding && now.flushing == ((belongings *)mode)->flushing);
    return 0;
}

/* Signal handlers, signal mask, rounding, files, current folder, locale and umask. A child of the host leaves it a rest. */
static void untouched(void) {
    belongings before, after;
    sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &some, NULL);
    signal(SIGUSR2, SIG_IGN);
    umask(027);
    EXPECT(chdir("/") == 0);
    setlocale(LC_ALL, "");
    look_at(&before);
    printf("%s %s\n", before.locale, localeconv()->decimal_point);
    EXPECT(abuse(2, words_of_abuse) == 0);
    look_at(&after);
    EXPECT(memcmp(&before, &after, sizeof before) == 0);
    dnc *net = busy(2);
    GOOD(dnc_set_progress(net, looks, &before));
    EXPECT(train(net) != 0);
    fesetround(FE_UPWARD);
#if defined(__SSE__)
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040); /* denormal numbers are 0 */
#endif
    look_at(&before);
    EXPECT(train(net) != 0);
    dnc_free(net);
    look_at(&after);
    EXPECT(memcmp(&before, &after, sizeof before) == 0);
    struct stat info;
    fesetround(FE_TONEAREST);
    EXPECT(stat(in_folder("net.safetensors"), &info) == 0 && (info.st_mode & 0777) == 0640);
}

/* All numbers and files of a network with a third of a number in its configuration and one just below 1 in its optimizer's. */
static double train_and_save(const char *name) {
    dnc *net = NULL, *loaded = NULL;
    dnc_optimizer *optimizer = NULL, *found = NULL;
    dnc_config config = small(DNC_CONTROLLER_LSTM, DNC_INITIAL_ZEROS);
    dnc_optimizer_config settings;
    config.batch_size = SEQUENCES;
    config.num_threads = 2;
    config.clip_value = 0.3f;
    GOOD(dnc_create(&config, &net));
    double sum = train(net);
    GOOD(dnc_optimizer_config_init(&settings, sizeof settings));
    settings.beta2 = nextafterf(1, 0);
    GOOD(dnc_optimizer_create(net, &settings, &optimizer));
    GOOD(dnc_optimizer_step(optimizer, net, NULL));
    GOOD(dnc_save(net, optimizer, in_folder(name)));
    GOOD(dnc_load(in_folder(name), &loaded, &found));
    dnc_optimizer_free(optimizer);
    dnc_optimizer_free(found);
    dnc_free(net);
    dnc_free(loaded);
    return sum;
}

static int are_the_same_files(const char *one, const char *other) {
    char path[2][4200];
    snprintf(path[0], sizeof path[0], "%s", in_folder(one)), snprintf(path[1], sizeof path[1], "%s", in_folder(other));
    FILE *first = fopen(path[0], "rb"), *second = fopen(path[1], "rb");
    int a = 0, b = 0;
    EXPECT(first && second);
    while (a == b && a != EOF) a = fgetc(first), b = fgetc(second);
    fclose(first), fclose(second);
    return a == b;
}

/* A host that rounds in another way, or whose denormal numbers are 0: its numbers and files are those of all hosts. */
static void rounds(void) {
    const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    double expected = train_and_save("nearest");
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        fesetround(modes[i]);
#if defined(__SSE__)
        __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040);
#endif
        double found = train_and_save("rounded");
        EXPECT(dnc_self_test() == DNC_OK);
        EXPECT(fegetround() == modes[i]);
        fesetenv(FE_DFL_ENV);
        EXPECT(found == expected);
        EXPECT(are_the_same_files("nearest", "rounded"));
    }
}

/* A host whose files must be small: the kernel ends a process that writes more. */
static void limited(void) {
    dnc *net = busy(1), *loaded = NULL;
    struct rlimit limit;
    struct stat whole, after;
    GOOD(dnc_save(net, NULL, in_folder("saved")));
    EXPECT(stat(in_folder("saved"), &whole) == 0);
    EXPECT(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = (rlim_t)whole.st_size - 1;
    EXPECT(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    EXPECT(dnc_save(net, NULL, in_folder("saved")) == DNC_IO_ERROR && strstr(dnc_last_error(), "File too large"));
    EXPECT(dnc_save(net, NULL, in_folder("new")) == DNC_IO_ERROR && stat(in_folder("new"), &after) != 0);
    EXPECT(stat(in_folder("saved"), &after) == 0 && after.st_ino == whole.st_ino);
    GOOD(dnc_load(in_folder("saved"), &loaded, NULL));
    limit.rlim_cur++;
    EXPECT(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    GOOD(dnc_save(net, NULL, in_folder("saved")));
    limit.rlim_cur = 0;
    EXPECT(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    EXPECT(dnc_image_write(in_folder("picture"), STEPS, X, many, NULL) == DNC_IO_ERROR);
    int files = 0;
    DIR *listing = opendir(folder);
    while (readdir(listing)) files++;
    closedir(listing);
    EXPECT(files == 3); /* with . and .. */
    dnc_free(net);
    dnc_free(loaded);
}

/* A host without standard streams: a file of the library must not take their place. */
static void streams(void) {
    dnc *net = busy(1), *loaded = NULL;
    for (int file = 0; file < 3; file++) close(file);
    interposed.lowest_file = 1000;
    GOOD(dnc_save(net, NULL, in_folder("saved")));
    GOOD(dnc_load(in_folder("saved"), &loaded, NULL));
    GOOD(dnc_image_write(in_folder("picture"), STEPS, X, many, NULL));
#ifndef WITHOUT_INTERPOSING
    EXPECT(interposed.lowest_file >= 3 && interposed.lowest_file < 1000);
#endif
    for (int file = 0; file < 3; file++) EXPECT(fcntl(file, F_GETFD) == -1);
    EXPECT(abuse(2, words_of_abuse) == 0);
    dnc_free(net);
    dnc_free(loaded);
}

static volatile sig_atomic_t rung;
static void ring(int number) { rung += number == SIGALRM; }

/* A host with a timer that interrupts whatever waits. */
static void alarms(void) {
    struct sigaction action = {.sa_handler = ring}; /* without SA_RESTART */
    struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
    dnc *net = busy(3);
    double expected = train(net);
    dnc_free(net);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    EXPECT(abuse(2, words_of_abuse) == 0);
    for (int round = 0; round < 20; round++) {
        net = busy(3);
        EXPECT(train(net) == expected);
        GOOD(dnc_save(net, NULL, in_folder("saved")));
        dnc_free(net);
    }
    setitimer(ITIMER_REAL, &never, NULL);
    EXPECT(rung > 100);
}

static void *train_on_a_thread(void *net) {
    EXPECT(train(net) != 0);
    return NULL;
}

static void *abuse_on_a_thread(void *nothing) {
    EXPECT(abuse(2, words_of_abuse) == 0);
    return nothing;
}

/* How much is written to of a thread's stack, of 64 KiB or the least that the system allows. */
static size_t stack_of(void *(*work)(void *), void *argument) {
    long least = sysconf(_SC_THREAD_STACK_MIN);
    size_t bytes = least > 64 << 10 ? (size_t)least : 64 << 10;
    pthread_attr_t attributes;
    pthread_t thread;
    unsigned char *bottom = aligned_alloc(4096, bytes);
    memset(bottom, 0xA5, bytes);
    pthread_attr_init(&attributes);
    EXPECT(pthread_attr_setstack(&attributes, bottom, bytes) == 0);
    EXPECT(pthread_create(&thread, &attributes, work, argument) == 0);
    pthread_join(thread, NULL);
    size_t untouched = 0;
    while (untouched < bytes && bottom[untouched] == 0xA5) untouched++;
    EXPECT(untouched > 4096);
    free(bottom);
    return bytes - untouched;
}

/* Of training, and of everything. */
static void stack(void) {
    dnc *net = busy(1);
    printf("%zu\n", stack_of(train_on_a_thread, net));
    printf("%zu\n", stack_of(abuse_on_a_thread, NULL));
    dnc_free(net);
}

/* Without /proc, /sys, /dev and all else. */
static void without_files(void) {
    char path[4200];
    EXPECT(mkdir(in_folder("root"), 0700) == 0);
    snprintf(path, sizeof path, "%s", in_folder("root"));
    if (chroot(path) != 0) {
        printf("not allowed\n");
        return;
    }
    EXPECT(chdir("/") == 0 && mkdir("/here", 0700) == 0);
    strcpy(given, "/here");
    EXPECT(abuse(2, words_of_abuse) == 0);
    dnc *net = busy(0);
    EXPECT(train(net) != 0);
    dnc_free(net);
}

int main(int count, char **words) {
    static const struct {
        const char *name;
        void (*run)(void);
    } hosts[] = {{"quiet", quiet},     {"forks", forks},       {"crowd", crowd},     {"traps", traps},
                 {"rounds", rounds}, {"limited", limited}, {"calls", calls},       {"realtime", realtime}, {"streams", streams},
                 {"untouched", untouched}, {"alarms", alarms}, {"stack", stack},     {"chroot", without_files}};
    if (count != 3 || strlen(words[2]) >= sizeof folder - 8) return 2;
    strcpy(folder, words[2]);
    strcpy(given, folder);
    for (int i = 0; i < STEPS * SEQUENCES * X; i++) many[i] = (float)(i * 7 % 11) / 5 - 1;
    for (int i = 0; i < STEPS * SEQUENCES * Y; i++) wanted[i] = (float)(i % 3) - 1, classes[i] = i % Y == i / Y % Y;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        if (strcmp(words[1], hosts[i].name) != 0) continue;
        hosts[i].run();
        return failures != 0;
    }
    return 2;
}
