/* The functions of libc that the objects in libdnc.a call by names which not every static libc has. Ours ask for the oldest
 * versions, libpng's for glibc's functions that check sizes; musl has neither. */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <string.h>
#include <sys/stat.h>

int archived_xstat(int version, const char *path, struct stat *info);
int archived_lxstat(int version, const char *path, struct stat *info);
int archived_fxstat(int version, int file, struct stat *info);
int archived_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument);
int archived_join(pthread_t thread, void **result);
void *archived_copy(void *to, const void *from, size_t count, size_t room) __asm__("__memcpy_chk");
int archived_print(void *file, int flag, const char *format, ...) __asm__("__fprintf_chk");
_Noreturn void archived_jump(jmp_buf place, int value) __asm__("__longjmp_chk");

int archived_xstat(int version, const char *path, struct stat *info) {
    (void)version;
    return stat(path, info);
}

int archived_lxstat(int version, const char *path, struct stat *info) {
    (void)version;
    return lstat(path, info);
}

int archived_fxstat(int version, int file, struct stat *info) {
    (void)version;
    return fstat(file, info);
}

/* What is called only if it is there would not be taken out of a static libc. */
int archived_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
    return pthread_create(thread, attributes, start, argument);
}

int archived_join(pthread_t thread, void **result) { return pthread_join(thread, result); }

void *archived_copy(void *to, const void *from, size_t count, size_t room) {
    if (count > room) __builtin_trap();
    return memcpy(to, from, count);
}

/* libpng prints only where its user has no functions for errors and warnings; ours has. */
int archived_print(void *file, int flag, const char *format, ...) {
    (void)file, (void)flag, (void)format;
    return 0;
}

void archived_jump(jmp_buf place, int value) { longjmp(place, value); }
