/*
 * Preloaded into virtiofsd: keeps what tools on the host run or obey out of the guest's reach, also where it does not exist yet,
 * so that no bind mount can lie over it. Calls that make, change, move or remove something are
 * refused (EROFS) if its path in the share has
 *   - a component `.git` or `HEAD` at any depth (a repository's configuration names programs that git runs for whoever looks at
 *     it, and a folder with HEAD, objects and refs in it is a repository, whatever its name), or
 *   - as its first component one of the names in BULKHEAD_PROTECTED (colon-separated; `*` in front means any beginning).
 * Names but HEAD are compared without regard to ASCII case. Also refused (EPERM): set-user-id and set-group-id bits, FIFOs, devices.
 *
 * A name from the guest is one component: `..` and names with a slash, which only a tampered kernel sends, open nothing (ENOENT).
 *
 * virtiofsd (1.13) knows a file by an O_PATH descriptor, and opens it again through its own /proc/self/fd; so what a call is
 * about is read off /proc/self/fd, where the kernel keeps the present path. The guest can't move a protected folder to another
 * name, nor anything to a protected name, so a path that is not protected can't become so between this look and the call.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SHARE "/share"
#define SPECIAL_BITS (S_ISUID | S_ISGID)

static char names[4096];

__attribute__((constructor)) static void read_names(void) {
  const char *given = getenv("BULKHEAD_PROTECTED");
  if (given == NULL || strlen(given) >= sizeof names) {
    fputs("guard: BULKHEAD_PROTECTED is missing or too long\n", stderr);
    _exit(21);
  }
  strcpy(names, given);
}

static void *next_of(const char *symbol) {
  void *found = dlsym(RTLD_NEXT, symbol);
  if (found == NULL) {
    fprintf(stderr, "guard: no %s\n", symbol);
    _exit(21);
  }
  return found;
}

static int matches(const char *pattern, size_t pattern_length, const char *name, size_t length) {
  if (pattern[0] == '*') {
    size_t ending = pattern_length - 1;
    return length >= ending && strncasecmp(pattern + 1, name + length - ending, ending) == 0;
  }
  return pattern_length == length && strncasecmp(pattern, name, length) == 0;
}

static int protected_at_top(const char *name, size_t length) {
  for (const char *pattern = names; *pattern != '\0';) {
    size_t pattern_length = strcspn(pattern, ":");
    if (pattern_length > 0 && matches(pattern, pattern_length, name, length)) return 1;
    pattern += pattern_length;
    if (*pattern == ':') pattern++;
  }
  return 0;
}

/* `path` is absolute. What lies outside of the share is virtiofsd's own business. */
static int is_protected(const char *path) {
  size_t root = strlen(SHARE);
  if (strncmp(path, SHARE, root) != 0 || (path[root] != '/' && path[root] != '\0')) return 0;
  int first = 1;
  for (const char *at = path + root; *at != '\0';) {
    at += strspn(at, "/");
    size_t length = strcspn(at, "/");
    if (length == 0) break;
    if (length == 4 && (strncasecmp(at, ".git", 4) == 0 || strncmp(at, "HEAD", 4) == 0)) return 1;
    if (first && protected_at_top(at, length)) return 1;
    first = 0;
    at += length;
  }
  return 0;
}

/* Reads where a descriptor is; "" if that can't be told. */
static void path_of(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlinkat(AT_FDCWD, link, path, PATH_MAX - 1);
  path[length > 0 ? length : 0] = '\0';
}

/* True for virtiofsd's descriptor of /proc/self/fd, under which a number is another descriptor. */
static int is_descriptor_folder(const char *path) {
  size_t length = strlen(path);
  return strncmp(path, "/proc/", 6) == 0 && length > 3 && strcmp(path + length - 3, "/fd") == 0;
}

/* True for a name that would lead out of the folder that it is looked up in. virtiofsd's own lookups begin outside of the share. */
static int leaves(int dirfd, const char *name) {
  char path[PATH_MAX];
  if (name == NULL || dirfd == AT_FDCWD || name[0] == '/') return 0;
  if (strchr(name, '/') == NULL && strcmp(name, "..") != 0) return 0;
  path_of(dirfd, path);
  size_t root = strlen(SHARE);
  return path[0] == '\0' || (strncmp(path, SHARE, root) == 0 && (path[root] == '/' || path[root] == '\0'));
}

/* True if what (dirfd, name) is, or would be, must be left alone. What can't be told is refused. */
static int refuses(int dirfd, const char *name) {
  char path[2 * PATH_MAX];
  if (name == NULL) name = "";
  if (name[0] == '/') return is_protected(name);
  if (dirfd == AT_FDCWD) return 0;
  if (leaves(dirfd, name)) return 1;
  path_of(dirfd, path);
  if (path[0] == '\0') return 1;
  if (name[0] == '\0') return is_protected(path);
  if (is_descriptor_folder(path)) {
    char *end;
    long fd = strtol(name, &end, 10);
    if (*end != '\0' || fd < 0 || fd > INT_MAX) return 1;
    path_of((int)fd, path);
    return path[0] == '\0' || is_protected(path);
  }
  strcat(path, "/");
  strncat(path, name, PATH_MAX - 1);
  return is_protected(path);
}

#define REFUSE(code) return errno = (code), -1
/* Several threads may find it at once: they find the same. */
#define REAL(type, symbol, parameters) \
  static type(*real) parameters; \
  if (real == NULL) real = (type(*) parameters)next_of(symbol)

static int makes(int flags) { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

static int writes(int flags) {
  return (flags & O_PATH) == 0 && ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0 || makes(flags));
}

#define OPENAT(symbol) \
  int symbol(int dirfd, const char *name, int flags, ...) { \
    REAL(int, #symbol, (int, const char *, int, mode_t)); \
    mode_t mode = 0; \
    if (makes(flags)) { \
      va_list rest; \
      va_start(rest, flags); \
      mode = va_arg(rest, mode_t); \
      va_end(rest); \
    } \
    if (leaves(dirfd, name)) REFUSE(ENOENT); \
    if (writes(flags) && refuses(dirfd, name)) REFUSE(EROFS); \
    if ((mode & SPECIAL_BITS) != 0) REFUSE(EPERM); \
    return real(dirfd, name, flags, mode); \
  }
OPENAT(openat)
OPENAT(openat64)

int mkdirat(int dirfd, const char *name, mode_t mode) {
  REAL(int, "mkdirat", (int, const char *, mode_t));
  if (refuses(dirfd, name)) REFUSE(EROFS);
  if ((mode & SPECIAL_BITS) != 0) REFUSE(EPERM);
  return real(dirfd, name, mode);
}

int mknodat(int dirfd, const char *name, mode_t mode, dev_t device) {
  REAL(int, "mknodat", (int, const char *, mode_t, dev_t));
  if (refuses(dirfd, name)) REFUSE(EROFS);
  mode_t type = mode & S_IFMT;
  if ((type != 0 && type != S_IFREG && type != S_IFSOCK) || (mode & SPECIAL_BITS) != 0) REFUSE(EPERM);
  return real(dirfd, name, mode, device);
}

int symlinkat(const char *target, int dirfd, const char *name) {
  REAL(int, "symlinkat", (const char *, int, const char *));
  if (refuses(dirfd, name)) REFUSE(EROFS);
  return real(target, dirfd, name);
}

int linkat(int olddir, const char *old, int newdir, const char *name, int flags) {
  REAL(int, "linkat", (int, const char *, int, const char *, int));
  if (refuses(olddir, old) || refuses(newdir, name)) REFUSE(EROFS);
  return real(olddir, old, newdir, name, flags);
}

int unlinkat(int dirfd, const char *name, int flags) {
  REAL(int, "unlinkat", (int, const char *, int));
  if (refuses(dirfd, name)) REFUSE(EROFS);
  return real(dirfd, name, flags);
}

int fchmodat(int dirfd, const char *name, mode_t mode, int flags) {
  REAL(int, "fchmodat", (int, const char *, mode_t, int));
  if (refuses(dirfd, name)) REFUSE(EROFS);
  if ((mode & SPECIAL_BITS) != 0) REFUSE(EPERM);
  return real(dirfd, name, mode, flags);
}

int fchmod(int fd, mode_t mode) {
  REAL(int, "fchmod", (int, mode_t));
  if (refuses(fd, "")) REFUSE(EROFS);
  if ((mode & SPECIAL_BITS) != 0) REFUSE(EPERM);
  return real(fd, mode);
}

int fchownat(int dirfd, const char *name, uid_t user, gid_t group, int flags) {
  REAL(int, "fchownat", (int, const char *, uid_t, gid_t, int));
  if (refuses(dirfd, name)) REFUSE(EROFS);
  return real(dirfd, name, user, group, flags);
}

int utimensat(int dirfd, const char *name, const struct timespec times[2], int flags) {
  REAL(int, "utimensat", (int, const char *, const struct timespec *, int));
  if (refuses(dirfd, name)) REFUSE(EROFS);
  return real(dirfd, name, times, flags);
}

int futimens(int fd, const struct timespec times[2]) {
  REAL(int, "futimens", (int, const struct timespec *));
  if (refuses(fd, "")) REFUSE(EROFS);
  return real(fd, times);
}

/*
 * As uid 0 (the folder is root's) virtiofsd wants to drop its other groups and all capabilities but a few, and ends where it can't.
 * It has none to drop or to drop with: guest/share/serve has looked.
 */
int setgroups(size_t count, const gid_t *list) {
  REAL(int, "setgroups", (size_t, const gid_t *));
  return real(count, list) == 0 || errno == EPERM ? 0 : -1;
}

int capng_apply(int set) {
  (void)set;
  return 0;
}

/* The numbers without a function of their own in the C library that virtiofsd is built for. */
long syscall(long number, ...) {
  REAL(long, "syscall", (long, ...));
  long a[6];
  va_list rest;
  va_start(rest, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(rest, long);
  va_end(rest);
  switch (number) {
    case SYS_renameat2:
      if (refuses((int)a[0], (const char *)a[1]) || refuses((int)a[2], (const char *)a[3])) REFUSE(EROFS);
      break;
    case SYS_openat2: {
      /* struct open_how begins with flags and mode, 64 bits each. */
      const unsigned long long *how = (const unsigned long long *)a[2];
      if (leaves((int)a[0], (const char *)a[1])) REFUSE(ENOENT);
      if (writes((int)how[0])) {
        if (refuses((int)a[0], (const char *)a[1])) REFUSE(EROFS);
        if ((how[1] & SPECIAL_BITS) != 0) REFUSE(EPERM);
      }
      break;
    }
  }
  return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
