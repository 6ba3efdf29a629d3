/* The parts of libc and libm that the Swift sources use, and a few functions that only C can express. Embedded Swift has no Glibc
 * module; this one serves both ways of building. */
#ifndef DNC_PLATFORM_H
#define DNC_PLATFORM_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DNC_PLATFORM_MESSAGE_BYTES 512

/* Asks for the line of the cache at an address, whatever is there. */
static inline void dnc_platform_prefetch(const void *_Nonnull address) { __builtin_prefetch(address); }

/* This thread's two error messages: the last one, and the one that is being written. The loader frees them with the thread or
 * the library. */
static inline char *dnc_platform_messages(void) {
    static _Thread_local char messages[2 * DNC_PLATFORM_MESSAGE_BYTES];
    return messages;
}

/* Room for the pool of threads, all zero at first, and for the most threads that it may start. */
static inline void *_Nonnull dnc_platform_pool(void) {
    static _Alignas(64) char pool[512];
    return pool;
}

static inline pthread_t *_Nonnull dnc_platform_workers(void) {
    static pthread_t workers[1023];
    return workers;
}

/* Functions of which newer systems have a newer version. The product asks for the oldest, which every glibc has, from 2.17 on and
 * before; they compute the same. DNC_PLATFORM_STAT is the kernel's struct stat. */
#if defined(DNC_OLD_GLIBC) && defined(__GLIBC__) && defined(__x86_64__)
#define DNC_PLATFORM_OLDEST "@GLIBC_2.2.5"
#define DNC_PLATFORM_STAT 1
#elif defined(DNC_OLD_GLIBC) && defined(__GLIBC__) && defined(__aarch64__)
#define DNC_PLATFORM_OLDEST "@GLIBC_2.17"
#define DNC_PLATFORM_STAT 0
#endif
#if defined(DNC_PLATFORM_OLDEST)
double dnc_platform_exp(double x) __asm__("exp" DNC_PLATFORM_OLDEST);
double dnc_platform_log(double x) __asm__("log" DNC_PLATFORM_OLDEST);
double dnc_platform_pow(double x, double y) __asm__("pow" DNC_PLATFORM_OLDEST);
float dnc_platform_expf(float x) __asm__("expf" DNC_PLATFORM_OLDEST);
float dnc_platform_logf(float x) __asm__("logf" DNC_PLATFORM_OLDEST);
/* Before 2.34, a library of their own has these two: without it in the process, no thread can be made, and none has to be joined. */
int dnc_platform_old_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument)
    __asm__("pthread_create" DNC_PLATFORM_OLDEST) __attribute__((weak));
int dnc_platform_join_thread(pthread_t thread, void **result) __asm__("pthread_join" DNC_PLATFORM_OLDEST) __attribute__((weak));
static inline int dnc_platform_create_thread(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
    return dnc_platform_old_create ? dnc_platform_old_create(thread, attributes, start, argument) : EAGAIN;
}
/* On Linux, that of this thread only, as pthread_sigmask, which is in the same library. */
static inline int dnc_platform_mask_signals(int how, const sigset_t *set, sigset_t *old) { return sigprocmask(how, set, old); }
int dnc_platform_xstat(int version, const char *path, struct stat *info) __asm__("__xstat" DNC_PLATFORM_OLDEST);
int dnc_platform_lxstat(int version, const char *path, struct stat *info) __asm__("__lxstat" DNC_PLATFORM_OLDEST);
int dnc_platform_fxstat(int version, int file, struct stat *info) __asm__("__fxstat" DNC_PLATFORM_OLDEST);
static inline int dnc_platform_stat(const char *path, struct stat *info) {
    return dnc_platform_xstat(DNC_PLATFORM_STAT, path, info);
}
static inline int dnc_platform_lstat(const char *path, struct stat *info) {
    return dnc_platform_lxstat(DNC_PLATFORM_STAT, path, info);
}
static inline int dnc_platform_fstat(int file, struct stat *info) {
    return dnc_platform_fxstat(DNC_PLATFORM_STAT, file, info);
}
#else
static inline double dnc_platform_exp(double x) { return exp(x); }
static inline double dnc_platform_log(double x) { return log(x); }
static inline double dnc_platform_pow(double x, double y) { return pow(x, y); }
static inline float dnc_platform_expf(float x) { return expf(x); }
static inline float dnc_platform_logf(float x) { return logf(x); }
static inline int dnc_platform_create_thread(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                                             void *argument) {
    return pthread_create(thread, attributes, start, argument);
}
static inline int dnc_platform_join_thread(pthread_t thread, void **result) { return pthread_join(thread, result); }
static inline int dnc_platform_mask_signals(int how, const sigset_t *set, sigset_t *old) {
    return pthread_sigmask(how, set, old);
}
static inline int dnc_platform_stat(const char *path, struct stat *info) { return stat(path, info); }
static inline int dnc_platform_lstat(const char *path, struct stat *info) { return lstat(path, info); }
static inline int dnc_platform_fstat(int file, struct stat *info) { return fstat(file, info); }
#endif

/* errno is a macro, and open is variadic: Swift can use neither. */
static inline int dnc_platform_errno(void) { return errno; }

static inline void dnc_platform_set_errno(int error) { errno = error; }

/* Opens a file, never as 0, 1 or 2, even if the host has closed those: the host's output must not go to our file. */
static inline int dnc_platform_open(const char *path, int flags, int mode) {
    int file, moved;
    do file = open(path, flags, mode);
    while (file < 0 && errno == EINTR);
    if (file < 0 || file > 2) return file;
    moved = fcntl(file, F_DUPFD_CLOEXEC, 3);
    int error = errno;
    close(file);
    if (moved < 0 && (flags & O_EXCL)) unlink(path);
    errno = error;
    return moved;
}

/* write, but beyond the limit on a file's size only an error: the kernel would send SIGXFSZ, which ends the process. */
static inline ssize_t dnc_platform_write(int file, const void *_Nonnull start, size_t bytes) {
    struct rlimit limit;
    off_t at = lseek(file, 0, SEEK_CUR);
    if (bytes > 0 && at >= 0 && getrlimit(RLIMIT_FSIZE, &limit) == 0 && (rlim_t)at >= limit.rlim_cur) {
        errno = EFBIG;
        return -1;
    }
    return write(file, start, bytes);
}

static inline int dnc_platform_flush(int file) {
    int result;
    do result = fsync(file);
    while (result < 0 && errno == EINTR);
    return result;
}

static inline int dnc_platform_set_owner(int file, uid_t owner, gid_t group) {
    int result;
    do result = fchown(file, owner, group);
    while (result < 0 && errno == EINTR);
    return result;
}

static inline int dnc_platform_set_mode(int file, mode_t mode) {
    int result;
    do result = fchmod(file, mode);
    while (result < 0 && errno == EINTR);
    return result;
}

/* A folder's entries: the next one's name, valid until the one after it; NULL at the end (errno 0) or after an error. */
static inline void *dnc_platform_open_folder(const char *path) {
    DIR *folder;
    do folder = opendir(path);
    while (folder == NULL && errno == EINTR);
    return folder;
}

static inline const char *dnc_platform_next_entry(void *folder) {
    errno = 0;
    struct dirent *entry = readdir((DIR *)folder);
    return entry ? entry->d_name : NULL;
}

static inline void dnc_platform_close_folder(void *folder) { closedir((DIR *)folder); }

/* strerror, safe for threads. */
static inline void dnc_platform_error_text(int error, char *buffer, size_t size) {
    buffer[0] = 0;
#if defined(__GLIBC__) && defined(_GNU_SOURCE)
    const char *text = strerror_r(error, buffer, size);
    if (text != buffer) snprintf(buffer, size, "%s", text);
#else
    if (strerror_r(error, buffer, size) != 0) snprintf(buffer, size, "error %d", error);
#endif
}

/* Asks for large pages: fewer misses where a matrix is larger than a cache. For all pages of the block, the first and the last
 * too: a mapping of which a part has other advice is two, which realloc can't move without a copy. */
static inline void dnc_platform_prefer_large_pages(void *start, size_t bytes) {
#if defined(MADV_HUGEPAGE)
    int error = errno;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)start & ~(page - 1);
    uintptr_t end = ((uintptr_t)start + bytes + page - 1) & ~(page - 1);
    madvise((void *)first, end - first, MADV_HUGEPAGE);
    errno = error;
#else
    (void)start, (void)bytes;
#endif
}

/* Number of processors that this process may use. */
static inline long dnc_platform_processors(void) {
#if defined(CPU_COUNT)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
    return sysconf(_SC_NPROCESSORS_ONLN);
}

/* Tells the processor that this thread waits for another one. */
static inline void dnc_platform_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static inline uint64_t dnc_platform_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* The host's floating-point state: which exceptions have happened, which end the process (feenableexcept), how it rounds, and
 * whether it flushes denormal numbers. Between begin and end none ends it, and all is as in a new program; end restores the
 * host's. */
#if defined(__x86_64__)
typedef struct {
    uint32_t vectors;
    uint16_t x87; /* its mode, by which printf rounds */
    char whole[28]; /* its state, if that is not a new program's */
} dnc_platform_float_state;
#define DNC_PLATFORM_NEW_X87 0x37F
static inline dnc_platform_float_state dnc_platform_begin_float(void) {
    dnc_platform_float_state state;
    state.vectors = __builtin_ia32_stmxcsr();
    if ((state.vectors & 0xFFC0) != 0x1F80) __builtin_ia32_ldmxcsr(0x1F80);
    __asm__ volatile("fnstcw %0" : "=m"(state.x87));
    if (state.x87 != DNC_PLATFORM_NEW_X87) {
        const uint16_t mode = DNC_PLATFORM_NEW_X87;
        __asm__ volatile("fnstenv %0\n\tfldcw %1" : "=m"(state.whole) : "m"(mode));
    }
    return state;
}
static inline void dnc_platform_end_float(dnc_platform_float_state state) {
    if (__builtin_ia32_stmxcsr() != state.vectors) __builtin_ia32_ldmxcsr(state.vectors);
    if (state.x87 != DNC_PLATFORM_NEW_X87) __asm__ volatile("fldenv %0" : : "m"(state.whole));
}
#else
typedef fenv_t dnc_platform_float_state;
static inline dnc_platform_float_state dnc_platform_begin_float(void) {
    fenv_t state;
    fegetenv(&state);
    fesetenv(FE_DFL_ENV);
    return state;
}
static inline void dnc_platform_end_float(dnc_platform_float_state state) { fesetenv(&state); }
#endif

/* This thread's floating-point mode: how it rounds, and whether it flushes denormal numbers to 0, as operands and as results. */
#if defined(__x86_64__)
#define DNC_PLATFORM_FLUSHES 0x8040
static inline uint32_t dnc_platform_float_mode(void) { return __builtin_ia32_stmxcsr(); }
static inline void dnc_platform_set_float_mode(uint32_t mode) { __builtin_ia32_ldmxcsr(mode); }
#elif defined(__aarch64__)
#define DNC_PLATFORM_FLUSHES 0x1000000
static inline uint32_t dnc_platform_float_mode(void) {
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return (uint32_t)mode;
}
static inline void dnc_platform_set_float_mode(uint32_t mode) {
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)mode) : "memory");
}
#else
#define DNC_PLATFORM_FLUSHES 0
static inline uint32_t dnc_platform_float_mode(void) { return 0; }
static inline void dnc_platform_set_float_mode(uint32_t mode) { (void)mode; }
#endif

/* From now on this thread treats denormal numbers as 0: an operation on them may take a hundred times as long. Returns the mode
 * before. */
static inline uint32_t dnc_platform_flush_denormals(void) {
    uint32_t mode = dnc_platform_float_mode();
    dnc_platform_set_float_mode(mode | DNC_PLATFORM_FLUSHES);
    return mode;
}

/* A number with `digits` significant digits, always with a decimal point: printf follows the host's
 * locale, which may write a comma (or several bytes). Returns the length; size >= 48. */
static inline int dnc_platform_print_double(char *buffer, size_t size, int digits, double value) {
    int length = snprintf(buffer, size, "%.*g", digits, value), kept = 0, inside = 0;
    for (int i = 0; i < length; i++) {
        unsigned char c = (unsigned char)buffer[i];
        int plain = (c >= '0' && c <= '9') || c == '-' || c == '+' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (plain) buffer[kept++] = (char)c;
        else if (!inside) buffer[kept++] = '.';
        inside = !plain;
    }
    buffer[kept] = 0;
    return kept;
}

#endif
