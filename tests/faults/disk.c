/* A disk and a clock that fail when told, for one ledger's files. Loaded with LD_PRELOAD; Linux.
 *
 * DISK_LEDGER  the ledger's path: it, its journal, WAL and shared memory are watched (not its lock)
 * DISK_CALLS   which calls count: any of w (write, truncate, create), s (fsync, fdatasync), u (unlink, rename)
 * DISK_AT      the fault comes at this one of them, from 1; 0: never
 * DISK_ON      1: and at each that follows
 * DISK_DO      an errno's number: the call fails so; short: half is written, what follows finds a full disk;
 *              before, half, after: SIGKILL there; jump: the wall clock moves by DISK_SHIFT_S seconds
 * DISK_TURN    before the WAL is opened for this time, from 1, the process waits (2 s at most) until a reader has made it
 * DISK_LOG     where every call is written down, with its bytes: disk.py tells from it what a power cut may leave
 *
 * Nothing is really synced: a killed process leaves its writes to the kernel, and the power cuts are made from the log.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { FDS = 4096, FILES = 4096, FOLDER = -1, PATH = 1024 };
enum deed { FAIL, SHORT, BEFORE, HALF, AFTER, JUMP };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char ledger[PATH], folder[PATH], counted[8];
static char paths[FILES][PATH]; /* by number; "" once it is unlinked: the next of that name is another file */
static int files, file_of[FDS];
static int log_fd = -1, armed, goes_on, error;
static long at, calls, shift_s, shifted_s, turn, turns;
static enum deed deed;

struct record { /* disk.py reads these */
    int32_t op, file;
    int64_t offset, length;
};

static void note(char op, int file, int64_t offset, const void *bytes, int64_t length) {
    struct record head = {op, file, offset, length};
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)bytes, bytes ? (size_t)length : 0}};
    if (log_fd >= 0) syscall(SYS_writev, log_fd, parts, 2);
}

static int number_of(const char *path) {
    for (int i = 1; i <= files; i++)
        if (!strcmp(paths[i], path)) return i;
    return 0;
}

static int is_watched(const char *path) {
    size_t n = strlen(ledger);
    return armed && !strncmp(path, ledger, n) && (!path[n] || path[n] == '-');
}

static int watched(int fd) { return armed && fd >= 0 && fd < FDS ? file_of[fd] : 0; }

static void die(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

/* Counts the call; whether the fault is due at it. Leaves before the call where that is the deed. */
static int due(char kind) {
    if (!strchr(counted, kind)) return 0;
    calls++;
    if (!at || calls < at || (calls > at && !goes_on)) return 0;
    note('X', 0, calls, NULL, 0);
    if (deed == BEFORE || (deed == HALF && kind != 'w')) die();
    if (deed == JUMP) shifted_s = shift_s;
    return 1;
}

static int fails(int is_due) {
    if (is_due && (deed == FAIL || (deed == SHORT && calls > at))) {
        errno = deed == FAIL ? error : ENOSPC;
        return 1;
    }
    return 0;
}

static long raw_put(int fd, const void *bytes, size_t n, off_t offset) {
    return offset < 0 ? syscall(SYS_write, fd, bytes, n) : syscall(SYS_pwrite64, fd, bytes, n, offset);
}

static ssize_t put(int fd, const void *bytes, size_t n, off_t offset) {
    int file = watched(fd);
    if (file <= 0) return raw_put(fd, bytes, n, offset);
    pthread_mutex_lock(&lock);
    long done = -1;
    int is_due = due('w');
    if (!fails(is_due)) {
        off_t place = offset < 0 ? syscall(SYS_lseek, fd, 0, SEEK_CUR) : offset;
        if (is_due && (deed == HALF || deed == SHORT)) n = n / 2 ? n / 2 : n;
        done = raw_put(fd, bytes, n, offset);
        if (done > 0) note('W', file, place, bytes, done);
        if (is_due && (deed == HALF || deed == AFTER)) die();
    }
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t write(int fd, const void *bytes, size_t n) { return put(fd, bytes, n, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t n, off_t offset) { return put(fd, bytes, n, offset); }
ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t offset) { return put(fd, bytes, n, offset); }

static int truncated(int fd, off_t length) {
    int file = watched(fd), done = -1;
    if (file <= 0) return syscall(SYS_ftruncate, fd, length);
    pthread_mutex_lock(&lock);
    int is_due = due('w');
    if (!fails(is_due)) {
        done = syscall(SYS_ftruncate, fd, length);
        if (!done) note('T', file, length, NULL, 0);
        if (is_due && (deed == HALF || deed == AFTER)) die();
    }
    pthread_mutex_unlock(&lock);
    return done;
}

int ftruncate(int fd, off_t length) { return truncated(fd, length); }
int ftruncate64(int fd, off64_t length) { return truncated(fd, length); }

static int synced(int fd, long call) {
    int file = watched(fd), done = -1;
    if (!file) return syscall(call, fd);
    pthread_mutex_lock(&lock);
    int is_due = due('s');
    if (fails(is_due)) {
        note('F', file, 0, NULL, 0); /* what was not yet synced may be lost though a later sync succeeds */
    } else {
        done = 0;
        note('S', file, 0, NULL, 0);
        if (is_due && deed == AFTER) die();
    }
    pthread_mutex_unlock(&lock);
    return done;
}

int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

static int is_wal(const char *path) {
    size_t n = strlen(ledger);
    return armed && !strncmp(path, ledger, n) && !strcmp(path + n, "-wal");
}

/* A slow machine lets a reader come first. */
static void give_way(const char *path) {
    note('P', 0, turn, NULL, 0);
    for (int i = 0; i < 2000 && syscall(SYS_faccessat, AT_FDCWD, path, F_OK); i++) usleep(1000);
}

static int opened(const char *path, int flags, mode_t mode) {
    int fd, number = 0, is_due = 0;
    if (!is_watched(path)) {
        fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
        if (fd >= 0 && fd < FDS) file_of[fd] = armed && !strcmp(path, folder) ? FOLDER : 0;
        return fd;
    }
    if (turn && is_wal(path) && ++turns == turn) give_way(path);
    pthread_mutex_lock(&lock);
    int made = (flags & O_CREAT) && syscall(SYS_faccessat, AT_FDCWD, path, F_OK);
    if (made) is_due = due('w');
    fd = fails(is_due) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd >= 0) {
        number = number_of(path);
        if (!number && files + 1 < FILES) {
            snprintf(paths[number = ++files], PATH, "%s", path);
            note(made ? 'C' : 'O', number, 0, path, strlen(path));
        }
        if (fd < FDS) file_of[fd] = number;
    }
    if (is_due && (deed == HALF || deed == AFTER)) die();
    pthread_mutex_unlock(&lock);
    return fd;
}

static mode_t mode_in(int flags, va_list rest) {
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_in(flags, rest);
    va_end(rest);
    return opened(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_in(flags, rest);
    va_end(rest);
    return opened(path, flags, mode);
}

int close(int fd) {
    if (fd >= 0 && fd < FDS) file_of[fd] = 0;
    return syscall(SYS_close, fd);
}

int unlink(const char *path) {
    if (!is_watched(path)) return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    pthread_mutex_lock(&lock);
    int done = -1, number = number_of(path), is_due = due('u');
    if (!fails(is_due)) {
        done = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
        if (!done && number) {
            note('U', number, 0, NULL, 0);
            paths[number][0] = 0;
        }
        if (is_due && deed == AFTER) die();
    }
    pthread_mutex_unlock(&lock);
    return done;
}

int rename(const char *from, const char *to) {
    if (!is_watched(from)) return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    pthread_mutex_lock(&lock);
    int done = -1, number = number_of(from), is_due = due('u');
    if (!fails(is_due)) {
        done = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
        if (!done && number) {
            if (number_of(to)) paths[number_of(to)][0] = 0;
            snprintf(paths[number], PATH, "%s", to);
            note('R', number, 0, to, strlen(to));
        }
        if (is_due && deed == AFTER) die();
    }
    pthread_mutex_unlock(&lock);
    return done;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int done = syscall(SYS_clock_gettime, clock, now);
    if (!done && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += shifted_s;
    return done;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    int done = syscall(SYS_gettimeofday, now, zone);
    if (!done) now->tv_sec += shifted_s;
    return done;
}

time_t time(time_t *now) {
    struct timespec told;
    clock_gettime(CLOCK_REALTIME, &told);
    if (now) *now = told.tv_sec;
    return told.tv_sec;
}

static const char *given(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

/* Takes what the environment says; called again by a process that was forked off and told what is its fault. */
__attribute__((constructor)) void disk_arm(void) {
    const char *what = given("DISK_DO");
    armed = *given("DISK_LEDGER") != 0;
    if (!armed) return;
    snprintf(ledger, PATH, "%s", given("DISK_LEDGER"));
    snprintf(folder, PATH, "%s", ledger);
    if (strrchr(folder, '/')) *strrchr(folder, '/') = 0;
    snprintf(counted, sizeof counted, "%s", given("DISK_CALLS"));
    at = atol(given("DISK_AT"));
    goes_on = atoi(given("DISK_ON"));
    shift_s = atol(given("DISK_SHIFT_S"));
    turn = atol(given("DISK_TURN"));
    error = atoi(what);
    deed = !strcmp(what, "short")    ? SHORT
           : !strcmp(what, "before") ? BEFORE
           : !strcmp(what, "half")   ? HALF
           : !strcmp(what, "after")  ? AFTER
           : !strcmp(what, "jump")   ? JUMP
                                     : FAIL;
    if (deed == SHORT) goes_on = 1;
    int fd = syscall(SYS_openat, AT_FDCWD, given("DISK_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0) {
        log_fd = fcntl(fd, F_DUPFD_CLOEXEC, 700);
        syscall(SYS_close, fd);
    }
}
