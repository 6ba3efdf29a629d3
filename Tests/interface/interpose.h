/*
 * Stands between the library and libc, in a program that includes this: counts what is asked for, and lets the n-th call
 * fail. The loader finds the program's functions before those of libc.
 */
#ifndef INTERPOSE_H
#define INTERPOSE_H

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEMORY = 1, THREADS = 2, FILES = 4 };

/* Instead of an error: half of the bytes are read or written, which is none. */
enum { HALF = -1 };

static struct {
    atomic_uint kinds;   /* what is counted; 0: nothing fails */
    atomic_long first;   /* the call that fails, from 1 on; 0: none */
    atomic_int persists; /* not 0: all later ones do too */
    atomic_int error;
    atomic_long calls;   /* counted so far */
    atomic_long failed;
    atomic_long blocks;  /* of memory, that are alive */
    atomic_int lowest_file; /* that was read from or written to */
    const char *_Atomic last; /* the name of the function that failed last */
} interposed;

#ifndef WITHOUT_INTERPOSING /* as under a sanitizer, which does the same */

/* From here on, the `first`-th call of those kinds fails, and if it persists, all others do after it. */
__attribute__((unused)) static void arm(unsigned kinds, long first, int error, int persists) {
    interposed.first = first;
    interposed.error = error;
    interposed.persists = persists;
    interposed.calls = interposed.failed = 0;
    interposed.kinds = kinds;
}

/* How many calls failed. */
__attribute__((unused)) static long disarm(void) {
    interposed.kinds = 0;
    return interposed.failed;
}

static int fails(unsigned kind, const char *name) {
    if (!(interposed.kinds & kind)) return 0;
    long call = ++interposed.calls;
    if (interposed.first == 0 || call < interposed.first || (call > interposed.first && !interposed.persists)) return 0;
    interposed.failed++;
    interposed.last = name;
    return 1;
}

/* Whether the call fails, or only half of it is done. */
static int fails_with_error(unsigned kind, const char *name, int can_be_half) {
    if (interposed.error == HALF && !can_be_half) return 0;
    if (!fails(kind, name)) return 0;
    if (interposed.error == HALF) return 1;
    errno = interposed.error;
    return 1;
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, #name)

/* While dlsym looks for them. */
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t), __libc_free(void *);

static _Thread_local int looking __attribute__((tls_model("initial-exec")));

#define REAL_WHILE_LOOKING(name, otherwise) \
    static __typeof__(&name) real; \
    if (real == NULL && !looking) { \
        looking = 1; \
        *(void **)&real = dlsym(RTLD_NEXT, #name); \
        looking = 0; \
    } \
    if (real == NULL) return otherwise

static void *counted(void *block) {
    if (block != NULL) interposed.blocks++;
    return block;
}

static void *no_memory(void) {
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t bytes) {
    REAL_WHILE_LOOKING(malloc, __libc_malloc(bytes));
    return fails(MEMORY, "malloc") ? no_memory() : counted(real(bytes));
}

void *calloc(size_t count, size_t bytes) {
    REAL_WHILE_LOOKING(calloc, __libc_calloc(count, bytes));
    return fails(MEMORY, "calloc") ? no_memory() : counted(real(count, bytes));
}

void *realloc(void *block, size_t bytes) {
    REAL_WHILE_LOOKING(realloc, __libc_realloc(block, bytes));
    if (fails(MEMORY, "realloc")) return no_memory();
    return block == NULL ? counted(real(block, bytes)) : real(block, bytes);
}

int posix_memalign(void **block, size_t alignment, size_t bytes) {
    REAL(posix_memalign);
    if (fails(MEMORY, "posix_memalign")) return ENOMEM;
    int error = real(block, alignment, bytes);
    if (error == 0) counted(*block);
    return error;
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    REAL(aligned_alloc);
    return fails(MEMORY, "aligned_alloc") ? no_memory() : counted(real(alignment, bytes));
}

void free(void *block) {
    static __typeof__(&free) real;
    if (real == NULL && !looking) {
        looking = 1;
        *(void **)&real = dlsym(RTLD_NEXT, "free");
        looking = 0;
    }
    if (block != NULL) interposed.blocks--;
    if (real != NULL) real(block);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
    REAL(pthread_create);
    return fails(THREADS, "pthread_create") ? EAGAIN : real(thread, attributes, start, argument);
}

int open(const char *path, int flags, ...) {
    REAL(open);
    va_list arguments;
    va_start(arguments, flags);
    int mode = flags & O_CREAT ? va_arg(arguments, int) : 0;
    va_end(arguments);
    return fails_with_error(FILES, "open", 0) ? -1 : real(path, flags, mode);
}

static void used(int file) {
    if (file < interposed.lowest_file) interposed.lowest_file = file;
}

ssize_t write(int file, const void *bytes, size_t count) {
    REAL(write);
    used(file);
    if (fails_with_error(FILES, "write", 1)) return interposed.error == HALF ? real(file, bytes, (count + 1) / 2) : -1;
    return real(file, bytes, count);
}

ssize_t pread(int file, void *bytes, size_t count, off_t offset) {
    REAL(pread);
    used(file);
    if (fails_with_error(FILES, "pread", 1))
        return interposed.error == HALF ? real(file, bytes, (count + 1) / 2, offset) : -1;
    return real(file, bytes, count, offset);
}

int fsync(int file) {
    REAL(fsync);
    return fails_with_error(FILES, "fsync", 0) ? -1 : real(file);
}

int rename(const char *from, const char *to) {
    REAL(rename);
    return fails_with_error(FILES, "rename", 0) ? -1 : real(from, to);
}

/* What the library calls where it asks for the oldest symbols there are, and elsewhere. */
#if defined(__x86_64__) || defined(__aarch64__)
int __fxstat(int version, int file, struct stat *info);
int __xstat(int version, const char *path, struct stat *info);
int __lxstat(int version, const char *path, struct stat *info);

int __fxstat(int version, int file, struct stat *info) {
    (void)version;
    return fails_with_error(FILES, "fstat", 0) ? -1 : fstat(file, info);
}

int __xstat(int version, const char *path, struct stat *info) {
    (void)version;
    return fails_with_error(FILES, "stat", 0) ? -1 : stat(path, info);
}

int __lxstat(int version, const char *path, struct stat *info) {
    (void)version;
    return fails_with_error(FILES, "lstat", 0) ? -1 : lstat(path, info);
}
#else
int fstat(int file, struct stat *info) {
    REAL(fstat);
    return fails_with_error(FILES, "fstat", 0) ? -1 : real(file, info);
}

int stat(const char *path, struct stat *info) {
    REAL(stat);
    return fails_with_error(FILES, "stat", 0) ? -1 : real(path, info);
}

int lstat(const char *path, struct stat *info) {
    REAL(lstat);
    return fails_with_error(FILES, "lstat", 0) ? -1 : real(path, info);
}
#endif

ssize_t readlink(const char *path, char *bytes, size_t count) {
    REAL(readlink);
    return fails_with_error(FILES, "readlink", 0) ? -1 : real(path, bytes, count);
}

int faccessat(int place, const char *path, int mode, int flags) {
    REAL(faccessat);
    return fails_with_error(FILES, "faccessat", 0) ? -1 : real(place, path, mode, flags);
}

int fchown(int file, uid_t owner, gid_t group) {
    REAL(fchown);
    return fails_with_error(FILES, "fchown", 0) ? -1 : real(file, owner, group);
}

int fchmod(int file, mode_t mode) {
    REAL(fchmod);
    return fails_with_error(FILES, "fchmod", 0) ? -1 : real(file, mode);
}

/* Linux closes the file, whatever it says. */
int close(int file) {
    REAL(close);
    int result = real(file);
    return fails_with_error(FILES, "close", 0) ? -1 : result;
}

DIR *opendir(const char *path) {
    REAL(opendir);
    return fails_with_error(FILES, "opendir", 0) ? NULL : real(path);
}

struct dirent *readdir(DIR *folder) {
    REAL(readdir);
    return fails_with_error(FILES, "readdir", 0) ? NULL : real(folder);
}

#endif

#endif
