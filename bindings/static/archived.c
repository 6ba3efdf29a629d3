/* The functions of libc that the objects in libdnc.a call by names which not every static libc has: ours ask for the oldest
 * versions. */
#include <pthread.h>
#include <sys/stat.h>

int archived_xstat(int version, const char *path, struct stat *info);
int archived_lxstat(int version, const char *path, struct stat *info);
int archived_fxstat(int version, int file, struct stat *info);
int archived_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument);
int archived_join(pthread_t thread, void **result);

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
