/*
 * Preloaded into virtiofsd: keeps what tools on the host run or obey out of the guest's reach, also where it does not exist yet,
 * so that no bind mount can lie over it. Calls that make, change, move or remove something are refused
 *   - with EROFS, if it is protected (names.c) or not in the share at all (place.c);
 *   - with EPERM, if it is a file that has another name which the guest did not make (links.c), and for set-user-id and set-group-id
 *     bits, FIFOs and devices;
 *   - with EXDEV, if a folder would leave a package: in it may be names that are protected elsewhere. Tools copy then.
 * Nothing is opened that is not in the share, not even to read (ENOENT).
 *
 * The guest can't move a protected folder to another name, nor anything to a protected name, so a path that is not protected
 * can't become so between the look at it and the call.
 *
 * All of virtiofsd's calls go through the C library: the program has no `syscall` instruction of its own. What it imports that
 * could change a file and is not wrapped here, test/hostile/mount knows.
 */
#define _GNU_SOURCE
#include "guard.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SPECIAL_BITS (S_ISUID | S_ISGID)
/* linux/fs.h, which does not go together with the C library's headers. */
#define EXCHANGE 2u
#define WHITEOUT 4u

static void *next_of(const char *symbol) {
  void *found = dlsym(RTLD_NEXT, symbol);
  if (found == NULL) {
    fprintf(stderr, "guard: no %s\n", symbol);
    _exit(21);
  }
  return found;
}

/* True if (dirfd, name), or its being there, must be left alone. */
static int refuses(int dirfd, const char *name) {
  char path[PATH_ROOM];
  return path_in_share(dirfd, name, path) != 0 || is_protected(path);
}

/* The error for changing what (dirfd, name) itself is; 0 if that is allowed. */
static int refused_change(int dirfd, const char *name) {
  return refuses(dirfd, name) ? EROFS : has_foreign_name(dirfd, name) ? EPERM : 0;
}

/* True for a folder that would go from a package to where it is not in one. */
static int leaves_package(int olddir, const char *old, int newdir, const char *name) {
  char from[PATH_ROOM], to[PATH_ROOM];
  struct stat found;
  if (path_in_share(olddir, old, from) != 0 || path_in_share(newdir, name, to) != 0) return 0;
  if (!is_package(from) || is_package(to)) return 0;
  return fstatat(olddir, old, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(found.st_mode);
}

/* virtiofsd's own opens begin at the working directory or at an absolute path, and have no descriptor. */
static int is_own(int dirfd) { return dirfd == AT_FDCWD; }

#define REFUSE(code) return errno = (code), -1
/* Several threads may find it at once: they find the same. */
#define REAL(type, symbol, parameters) \
  static type(*real) parameters; \
  if (real == NULL) real = (type(*) parameters)next_of(symbol)

static int makes(int flags) { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

static int writes(int flags) {
  return (flags & O_PATH) == 0 && ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0 || makes(flags));
}

/* The error for opening (dirfd, name) so; 0 if that is allowed. */
static int refused_open(int dirfd, const char *name, int flags, mode_t mode) {
  char path[PATH_ROOM];
  if (!is_own(dirfd) && path_in_share(dirfd, name, path) != 0) return ENOENT;
  if (!writes(flags)) return 0;
  if ((mode & SPECIAL_BITS) != 0) return EPERM;
  return refused_change(dirfd, name);
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
    int refused = refused_open(dirfd, name, flags, mode); \
    if (refused != 0) REFUSE(refused); \
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
  int made = real(olddir, old, newdir, name, flags);
  if (made == 0) remember_link(newdir, name);
  return made;
}

int unlinkat(int dirfd, const char *name, int flags) {
  REAL(int, "unlinkat", (int, const char *, int));
  if (refuses(dirfd, name)) REFUSE(EROFS);
  return real(dirfd, name, flags);
}

int fchmodat(int dirfd, const char *name, mode_t mode, int flags) {
  REAL(int, "fchmodat", (int, const char *, mode_t, int));
  struct stat found;
  /* As it is already: package managers say so of what they have linked. */
  int same = fstatat(dirfd, name, &found, 0) == 0 && (found.st_mode & 07777) == (mode & 07777);
  int refused = refused_change(dirfd, name);
  if (refused == EROFS || (refused != 0 && !same)) REFUSE(refused);
  if ((mode & SPECIAL_BITS) != 0) REFUSE(EPERM);
  return real(dirfd, name, mode, flags);
}

int fchmod(int fd, mode_t mode) {
  REAL(int, "fchmod", (int, mode_t));
  int refused = refused_change(fd, "");
  if (refused != 0) REFUSE(refused);
  if ((mode & SPECIAL_BITS) != 0) REFUSE(EPERM);
  return real(fd, mode);
}

int fchownat(int dirfd, const char *name, uid_t user, gid_t group, int flags) {
  REAL(int, "fchownat", (int, const char *, uid_t, gid_t, int));
  int refused = refused_change(dirfd, name);
  if (refused != 0) REFUSE(refused);
  return real(dirfd, name, user, group, flags);
}

int utimensat(int dirfd, const char *name, const struct timespec times[2], int flags) {
  REAL(int, "utimensat", (int, const char *, const struct timespec *, int));
  int refused = refused_change(dirfd, name);
  if (refused != 0) REFUSE(refused);
  return real(dirfd, name, times, flags);
}

int futimens(int fd, const struct timespec times[2]) {
  REAL(int, "futimens", (int, const struct timespec *));
  int refused = refused_change(fd, "");
  if (refused != 0) REFUSE(refused);
  return real(fd, times);
}

/* A handle names a file past every folder. virtiofsd is told to use none (guest/share/serve). */
int open_by_handle_at(int mount, struct file_handle *handle, int flags) {
  (void)mount, (void)handle, (void)flags;
  REFUSE(EPERM);
}

/* Nor does it have extended attributes to set. */
int setxattr(const char *path, const char *name, const void *value, size_t size, int flags) {
  (void)path, (void)name, (void)value, (void)size, (void)flags;
  REFUSE(ENOTSUP);
}

int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags) {
  (void)fd, (void)name, (void)value, (void)size, (void)flags;
  REFUSE(ENOTSUP);
}

int removexattr(const char *path, const char *name) {
  (void)path, (void)name;
  REFUSE(ENOTSUP);
}

int fremovexattr(int fd, const char *name) {
  (void)fd, (void)name;
  REFUSE(ENOTSUP);
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

/*
 * A request that virtiofsd can't read makes a thread of it panic: the others go on, and answer nothing any more. Better that it
 * ends, which the host sees.
 */
int _Unwind_RaiseException(void *exception) {
  (void)exception;
  fputs("guard: virtiofsd has given up\n", stderr);
  _exit(22);
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
      /* A whiteout is a device file. */
      if ((a[4] & WHITEOUT) != 0) REFUSE(EPERM);
      if (leaves_package((int)a[0], (const char *)a[1], (int)a[2], (const char *)a[3]) ||
          ((a[4] & EXCHANGE) != 0 && leaves_package((int)a[2], (const char *)a[3], (int)a[0], (const char *)a[1]))) {
        REFUSE(EXDEV);
      }
      break;
    case SYS_openat2: {
      /* struct open_how begins with flags and mode, 64 bits each. */
      const unsigned long long *how = (const unsigned long long *)a[2];
      int refused = refused_open((int)a[0], (const char *)a[1], (int)how[0], (mode_t)how[1]);
      if (refused != 0) REFUSE(refused);
      break;
    }
    case SYS_openat:
    case SYS_open_by_handle_at:
    case SYS_open_tree:
    case SYS_move_mount:
      REFUSE(EPERM);
  }
  return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
