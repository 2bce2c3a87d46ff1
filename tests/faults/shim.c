/* Makes system calls of the process that loads it fail, as a file says that is read at each of them:

     write=28 sync=5 open=13 readonly=30   fail with this errno, for the database's files only
     clock=-86400                          the time of day is so many seconds off
     delay=1000                            each sync of those files takes so many milliseconds longer
     free=4096                             so many bytes are left where the database's files are
     owner=65534                           the database's log belongs to this user

   FAULTS_CONTROL names that file, FAULTS_PATH is how the names of the database's files begin. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long fault(const char *name) {
  char text[256];
  const char *control = getenv("FAULTS_CONTROL"), *found;
  long file, length = 0;
  if (!control || (file = syscall(SYS_openat, AT_FDCWD, control, O_RDONLY | O_CLOEXEC)) < 0) return 0;
  length = syscall(SYS_read, file, text, sizeof text - 1);
  syscall(SYS_close, file);
  text[length > 0 ? length : 0] = 0;
  found = strstr(text, name);
  return found ? atol(found + strlen(name)) : 0;
}

static int is_ours(const char *path) {
  const char *prefix = getenv("FAULTS_PATH");
  return prefix && !strncmp(path, prefix, strlen(prefix));
}

static long of_file(int file, const char *name) {
  char link[64], path[4096];
  long error = fault(name), length;
  if (!error && !(error = fault("readonly="))) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  length = readlink(link, path, sizeof path - 1);
  path[length > 0 ? length : 0] = 0;
  return is_ours(path) ? error : 0;
}

static long of_path(const char *path, int flags) {
  long error = is_ours(path) ? fault("open=") : 0;
  if (!error && flags & (O_WRONLY | O_RDWR | O_CREAT) && is_ours(path)) error = fault("readonly=");
  return error;
}

#define FAIL(error) do { long number = (error); if (number) { errno = (int)number; return -1; } } while (0)
#define REAL(type, name) static type real; if (!real) real = (type)dlsym(RTLD_NEXT, name)

typedef ssize_t (*write_f)(int, const void *, size_t);
typedef ssize_t (*pwrite_f)(int, const void *, size_t, off_t);
typedef int (*sync_f)(int);
typedef int (*truncate_f)(int, off_t);
typedef int (*open_f)(const char *, int, ...);
typedef int (*gettime_f)(clockid_t, struct timespec *);
typedef int (*stat_f)(const char *, struct stat *);
typedef int (*stat64_f)(const char *, struct stat64 *);
typedef int (*statvfs_f)(const char *, struct statvfs *);
typedef int (*statvfs64_f)(const char *, struct statvfs64 *);

ssize_t write(int file, const void *data, size_t size) {
  REAL(write_f, "write");
  FAIL(of_file(file, "write="));
  return real(file, data, size);
}

#define PWRITE(name) \
  ssize_t name(int file, const void *data, size_t size, off_t place) { \
    REAL(pwrite_f, #name); \
    FAIL(of_file(file, "write=")); \
    return real(file, data, size, place); \
  }
PWRITE(pwrite)
PWRITE(pwrite64)

#define SYNC(name) \
  int name(int file) { \
    REAL(sync_f, #name); \
    FAIL(of_file(file, "sync=")); \
    usleep((useconds_t)of_file(file, "delay=") * 1000); \
    return real(file); \
  }
SYNC(fsync)
SYNC(fdatasync)

#define TRUNCATE(name) \
  int name(int file, off_t size) { \
    REAL(truncate_f, #name); \
    FAIL(of_file(file, "write=")); \
    return real(file, size); \
  }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    va_list more; \
    REAL(open_f, #name); \
    FAIL(of_path(path, flags)); \
    va_start(more, flags); \
    mode_t mode = va_arg(more, mode_t); \
    va_end(more); \
    return real(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

#define STAT(name) \
  int name(const char *path, struct name *found) { \
    REAL(name##_f, #name); \
    int result = real(path, found); \
    long owner = is_ours(path) && strstr(path, "-wal") ? fault("owner=") : 0; \
    if (!result && owner) found->st_uid = (uid_t)owner; \
    return result; \
  }
STAT(stat)
STAT(stat64)

#define STATVFS(name) \
  int name(const char *path, struct name *found) { \
    REAL(name##_f, #name); \
    int result = real(path, found); \
    long left = fault("free="); \
    if (!result && left) found->f_bavail = (fsblkcnt_t)left / found->f_frsize; \
    return result; \
  }
STATVFS(statvfs)
STATVFS(statvfs64)

int clock_gettime(clockid_t clock, struct timespec *now) {
  REAL(gettime_f, "clock_gettime");
  int result = real(clock, now);
  if (clock == CLOCK_REALTIME) now->tv_sec += fault("clock=");
  return result;
}

int gettimeofday(struct timeval *now, void *zone) {
  struct timespec exact;
  int result = clock_gettime(CLOCK_REALTIME, &exact);
  (void)zone;
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return result;
}

time_t time(time_t *place) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (place) *place = exact.tv_sec;
  return exact.tv_sec;
}
