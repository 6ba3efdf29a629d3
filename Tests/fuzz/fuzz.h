/*
 * What the fuzz targets share. Each target is one C file with this header, linked with the library as it is shipped
 * (Embedded Swift, the same optimisation), but with AddressSanitizer, coverage, and the checks that Swift makes in debug
 * builds. A target turns libFuzzer's bytes into input, and CHECKs what the header promises.
 *
 * The linker sends the library's calls of the functions below through here (--wrap), so that they can fail.
 */
#ifndef FUZZ_H
#define FUZZ_H

#define _GNU_SOURCE
#include <dnc.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

static UNUSED void fail(const char *file, int line, const char *what) {
    fprintf(stderr, "%s:%d: %s\nlast error: %s\n", file, line, what, dnc_last_error());
    abort();
}

#define CHECK(condition)                                              \
    do {                                                              \
        if (!(condition)) fail(__FILE__, __LINE__, #condition);       \
    } while (0)

/* An allocation of the library beyond `megabytes` gives NULL, so that a size from a file can't take the machine's memory. */
#define LARGEST_ALLOCATION(megabytes)                                                                                  \
    static const size_t largest_allocation = (size_t)(megabytes) << 20;                                                \
    const char *__asan_default_options(void);                                                                          \
    const char *__asan_default_options(void) {                                                                         \
        return "allocator_may_return_null=1:max_allocation_size_mb=64:detect_stack_use_after_return=0";                \
    }
static const size_t largest_allocation;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* ------------------------------------------------------------------------------------ faults -- */

/* What the library did in the present call, and which of it fails. */
static struct {
    int inside;             /* the library is running */
    long allocation;        /* the number of the allocation that fails, -1: none */
    long system;            /* the number of the system call that fails, -1: none */
    int interrupts;         /* reads and writes are interrupted, or come in small pieces */
    long allocations, systems;
    size_t largest, total;  /* bytes asked for */
    int hit;                /* something failed */
} faults = {0, -1, -1, 0, 0, 0, 0, 0, 0};

static UNUSED int allocation_fails(size_t bytes) {
    if (!faults.inside) return 0;
    if (bytes > faults.largest) faults.largest = bytes;
    faults.total += bytes;
    if (faults.allocations++ != faults.allocation) return bytes > largest_allocation;
    faults.hit = 1;
    return 1;
}

static UNUSED int system_fails(int error) {
    if (!faults.inside || faults.systems++ != faults.system) return 0;
    faults.hit = 1;
    errno = error;
    return 1;
}

void *__real_calloc(size_t count, size_t size);
void *__real_malloc(size_t size);
void *__real_realloc(void *block, size_t size);
int __real_fsync(int file);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __real_rename(const char *from, const char *to);
int __real_fstat(int file, struct stat *info);
ssize_t __real_pread(int file, void *buffer, size_t size, off_t offset);
ssize_t __real_write(int file, const void *buffer, size_t size);

void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size) {
    return allocation_fails(count * size) ? NULL : __real_calloc(count, size);
}

void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size) { return allocation_fails(size) ? NULL : __real_malloc(size); }

void *__wrap_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size) { return allocation_fails(size) ? NULL : __real_realloc(block, size); }

int __wrap_fsync(int file);
int __wrap_fsync(int file) { return system_fails(ENOSPC) ? -1 : __real_fsync(file); }

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
    return system_fails(EAGAIN) ? EAGAIN : __real_pthread_create(thread, attributes, run, argument);
}

int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to) { return system_fails(EACCES) ? -1 : __real_rename(from, to); }

int __wrap_fstat(int file, struct stat *info);
int __wrap_fstat(int file, struct stat *info) { return system_fails(EIO) ? -1 : __real_fstat(file, info); }

/* Every other read or write is interrupted, the rest is short. */
static UNUSED int interrupted(size_t *size) {
    static int turn = 0;
    if (!faults.inside || !faults.interrupts) return 0;
    if (turn++ % 2 == 0) {
        errno = EINTR;
        return 1;
    }
    if (*size > 1) *size = *size / 2 + 1;
    return 0;
}

ssize_t __wrap_pread(int file, void *buffer, size_t size, off_t offset);
ssize_t __wrap_pread(int file, void *buffer, size_t size, off_t offset) {
    return interrupted(&size) || system_fails(EIO) ? -1 : __real_pread(file, buffer, size, offset);
}

ssize_t __wrap_write(int file, const void *buffer, size_t size);
ssize_t __wrap_write(int file, const void *buffer, size_t size) {
    return interrupted(&size) || system_fails(ENOSPC) ? -1 : __real_write(file, buffer, size);
}

/* ------------------------------------------------------------------------------------- calls -- */

static char sentinel[512];

/* strcmp, unseen by libFuzzer, which would take the sentences for something to put into its input. */
static UNUSED __attribute__((no_sanitize("coverage"))) int same(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

static UNUSED void before_call(void) {
    /* So that a call that fails without a sentence of its own is noticed. */
    double value;
    dnc_loss_evaluate(0xfeedbeefu, 1, 1, 1, NULL, NULL, NULL, &value, NULL);
    if (sentinel[0] == 0) snprintf(sentinel, sizeof sentinel, "%s", dnc_last_error());
    faults.allocations = faults.systems = 0;
    faults.largest = faults.total = 0;
    faults.hit = 0;
    faults.inside = 1;
}

static UNUSED dnc_status after_call(dnc_status status) {
    faults.inside = 0;
    faults.allocation = faults.system = -1;
    faults.interrupts = 0;
    CHECK(dnc_status_string(status)[0] == 'D');
    const char *error = dnc_last_error();
    if (status == DNC_OK) {
        CHECK(same(error, sentinel));
        return status;
    }
    CHECK(status != DNC_INTERNAL);
    size_t length = strlen(error);
    CHECK(length > 0 && length < 512 && !same(error, sentinel));
    for (size_t i = 0; i < length; i++) CHECK((unsigned char)error[i] >= 32 && error[i] != 127);
    return status;
}

/* A call of the library that gives a status, which is checked in the ways that hold for all. */
#define CALL(call) (before_call(), after_call(call))

/* ------------------------------------------------------------------------------------- bytes -- */

/* What is left of the input. Past its end come zeros. */
typedef struct {
    const uint8_t *at;
    size_t left;
} bytes;

static UNUSED uint8_t byte(bytes *input) {
    if (input->left == 0) return 0;
    input->left--;
    return *input->at++;
}

static UNUSED uint32_t word(bytes *input) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) value = value << 8 | byte(input);
    return value;
}

/* 0 to count - 1. */
static UNUSED uint32_t below(bytes *input, uint32_t count) { return byte(input) % count; }

/* The input up to a newline, which is taken too, as a string. */
static UNUSED char *line(bytes *input) {
    const uint8_t *end = input->left ? memchr(input->at, '\n', input->left) : NULL;
    size_t length = end ? (size_t)(end - input->at) : input->left;
    char *text = malloc(length + 1);
    if (length) memcpy(text, input->at, length);
    text[length] = 0;
    input->at += length + (end != NULL);
    input->left -= length + (end != NULL);
    return text;
}

/* For what must not change: a hash of `size` bytes, continued from `hash`. */
static UNUSED uint64_t hash_bytes(uint64_t hash, const void *start, size_t size) {
    const uint8_t *at = start;
    for (; size >= 8; at += 8, size -= 8) {
        uint64_t next;
        memcpy(&next, at, 8);
        hash = (hash ^ next) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }
    for (; size > 0; at++, size--) hash = (hash ^ *at) * 0x100000001b3u;
    return hash;
}

static UNUSED int all_finite(const float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i])) return 0;
    return 1;
}

/* Memory of exactly this size, with a pattern in it. */
static UNUSED void *patterned(size_t size) {
    void *block = malloc(size);
    memset(block, 0xa5, size);
    return block;
}

static UNUSED int is_patterned(const void *block, size_t size) {
    const uint8_t *at = block;
    for (size_t i = 0; i < size; i++)
        if (at[i] != 0xa5) return 0;
    return 1;
}

/* ---------------------------------------------------------------------------------- mutations -- */

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t largest);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t largest, unsigned seed);

static UNUSED int is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

/* Puts a number from the border of what a type or the library can take in the place of one in the text; 0 if there is none, or
 * no room. */
static UNUSED size_t mutate_number(uint8_t *data, size_t size, size_t largest, unsigned seed) {
    static const char *const borders[] = {
        "0", "1", "2", "16", "20", "100", "255", "256", "500", "1000", "1001", "65534", "65535", "65536", "65537", "1000000",
        "1000001", "2147483647", "2147483648", "4294967295", "4294967296", "9007199254740993", "9223372036854775807",
        "9223372036854775808", "18446744073709551615", "18446744073709551616", "1e39", "1e-46", "1e400", "-1", "-0", "0.5",
        "1e999999999999", "00000000000000000000001", "",
    };
    size_t start = size ? seed / 64 % size : 0;
    for (size_t i = 0; i < size && !is_digit(data[start]); i++) start = (start + 1) % size;
    if (size == 0 || !is_digit(data[start])) return 0;
    size_t end = start;
    while (start > 0 && is_digit(data[start - 1])) start--;
    while (end < size && is_digit(data[end])) end++;
    const char *border = borders[seed / 7 % (sizeof borders / sizeof *borders)];
    size_t length = strlen(border), changed = size - (end - start) + length;
    if (changed > largest) return 0;
    memmove(data + start + length, data + end, size - end);
    memcpy(data + start, border, length);
    return changed;
}

/* Every fourth mutation is one of a number. */
#define MUTATE_NUMBERS                                                                                     \
    size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t largest, unsigned seed) {            \
        size_t changed = seed % 4 == 0 ? mutate_number(data, size, largest, seed) : 0;                     \
        return changed ? changed : LLVMFuzzerMutate(data, size, largest);                                  \
    }

/* ------------------------------------------------------------------------------------- files -- */

/* A file in memory; its path. */
typedef struct {
    int descriptor;
    char path[40];
} memory_file;

static UNUSED const char *fill(memory_file *file, const void *data, size_t size) {
    if (file->path[0] == 0) {
        file->descriptor = memfd_create("input", 0);
        if (file->descriptor < 0) abort();
        snprintf(file->path, sizeof file->path, "/proc/self/fd/%d", file->descriptor);
    }
    if (ftruncate(file->descriptor, 0) != 0 || pwrite(file->descriptor, data, size, 0) != (ssize_t)size) abort();
    return file->path;
}

/* A folder of this process in $FUZZ_FOLDER, or a new one in memory. */
static UNUSED const char *scratch_folder(void) {
    static char path[256];
    if (path[0]) return path;
    const char *parent = getenv("FUZZ_FOLDER");
    snprintf(path, sizeof path, "%s/%s-XXXXXX", parent && strlen(parent) < 200 ? parent : "/dev/shm", "fuzz");
    if (mkdtemp(path) == NULL) abort();
    return path;
}

static UNUSED void write_file(const char *path, const void *data, size_t size) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || write(file, data, size) != (ssize_t)size) abort();
    close(file);
}

/* The file's bytes, NULL if there is none. */
static UNUSED uint8_t *read_file(const char *path, size_t *size) {
    struct stat info;
    int file = open(path, O_RDONLY);
    if (file < 0) return NULL;
    if (fstat(file, &info) != 0) abort();
    *size = (size_t)info.st_size;
    uint8_t *data = malloc(*size + 1);
    if (read(file, data, *size) != (ssize_t)*size) abort();
    close(file);
    return data;
}

#endif
