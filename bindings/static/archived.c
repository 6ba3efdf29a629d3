/* The functions of libc under the names that libdnc.a calls them by: its objects ask for the oldest versions, which only a
 * shared libc has. */
#define _GNU_SOURCE
#include <sys/stat.h>

int archived_xstat(int version, const char *path, struct stat *info);
int archived_lxstat(int version, const char *path, struct stat *info);
int archived_fxstat(int version, int file, struct stat *info);

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
