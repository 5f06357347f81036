/* A file system of the kind that keeps processes apart, for the files whose path holds $NO_SHARING_IN: without shared
   mappings (NO_SHARING=memory), or with locks that are always given (NO_SHARING=locks). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int is_there(int fd) {
  char link[64], path[4096];
  const char *place = getenv("NO_SHARING_IN");
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 0 || place == NULL) return 0;
  path[n] = 0;
  return strstr(path, place) != NULL;
}

static int lacks(const char *what) {
  const char *given = getenv("NO_SHARING");
  return given != NULL && strcmp(given, what) == 0;
}

static void *mapped(const char *name, void *at, size_t n, int prot, int flags, int fd, off_t offset) {
  void *(*next)(void *, size_t, int, int, int, off_t) = dlsym(RTLD_NEXT, name);
  if (fd >= 0 && (flags & MAP_SHARED) && lacks("memory") && is_there(fd)) {
    errno = ENODEV;
    return MAP_FAILED;
  }
  return next(at, n, prot, flags, fd, offset);
}

void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset) {
  return mapped("mmap", at, n, prot, flags, fd, offset);
}
void *mmap64(void *at, size_t n, int prot, int flags, int fd, off64_t offset) {
  return mapped("mmap64", at, n, prot, flags, fd, offset);
}

static int controlled(const char *name, int fd, int command, void *argument) {
  int (*next)(int, int, ...) = dlsym(RTLD_NEXT, name);
  if ((command == F_SETLK || command == F_SETLKW) && lacks("locks") && is_there(fd)) return 0;
  return next(fd, command, argument);
}

#define WITH_ARGUMENT(name)              \
  int name(int fd, int command, ...) {   \
    va_list rest;                        \
    va_start(rest, command);             \
    void *argument = va_arg(rest, void *); \
    va_end(rest);                        \
    return controlled(#name, fd, command, argument); \
  }
WITH_ARGUMENT(fcntl)
WITH_ARGUMENT(fcntl64)
