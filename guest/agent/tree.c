/*
 * What the host's review gate needs of the workspace, fast: one process for a whole tree instead of a round trip a file.
 *
 *   tree list <folder> [<name to leave out> …]
 *     A record for each entry below the folder, each with a NUL behind it, folders before what is in them:
 *       <type> <mode> <size> <mtime> <ctime> <inode> <path>
 *     type f, d, l or o (anything else); mode in octal, 12 bits; times as seconds.nanoseconds; path relative to the folder.
 *     A link's record is followed by its target and a NUL. `! <path>` is a folder that can't be read. The last record is
 *     `end <entries>`: without it the list is not whole. In a folder `.git`, objects, refs and logs are not entered.
 *
 *   tree read <folder> <bytes at most>
 *     For each path on stdin (each with a NUL behind it), in order: `<size>` NUL and that many bytes, or `-` NUL if it is no
 *     regular file, too large, or can't be read.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENTRIES_MAX = 500000, DEPTH_MAX = 200 };

static char path[PATH_MAX];
static char *const *left_out;
static long entries;

static int fail(const char *what) {
  fprintf(stderr, "tree: %s: %s\n", what, strerror(errno));
  return 1;
}

static bool is_left_out(const char *name) {
  for (char *const *each = left_out; *each; each++) {
    if (strcmp(*each, name) == 0) return true;
  }
  return false;
}

/* What git keeps there comes as commits, and can be more than all else. */
static bool is_git_store(const char *name) {
  return strcmp(name, "objects") == 0 || strcmp(name, "refs") == 0 || strcmp(name, "logs") == 0;
}

static char type_of(mode_t mode) { return S_ISREG(mode) ? 'f' : S_ISDIR(mode) ? 'd' : S_ISLNK(mode) ? 'l' : 'o'; }

static void tell(int folder, const char *name, const struct stat *status) {
  printf("%c %o %lld %lld.%09ld %lld.%09ld %llu %s", type_of(status->st_mode), (unsigned)(status->st_mode & 07777), (long long)status->st_size,
         (long long)status->st_mtim.tv_sec, status->st_mtim.tv_nsec, (long long)status->st_ctim.tv_sec, status->st_ctim.tv_nsec,
         (unsigned long long)status->st_ino, path);
  putchar('\0');
  if (S_ISLNK(status->st_mode)) {
    char target[PATH_MAX];
    ssize_t length = readlinkat(folder, name, target, sizeof target);
    if (length > 0) fwrite(target, 1, (size_t)length, stdout);
    putchar('\0');
  }
}

static void tell_unreadable(void) {
  printf("! %s", path);
  putchar('\0');
}

/* Takes over `opened`. `length` is that of `path`, which names the folder. */
static void list(int opened, size_t length, int depth, bool in_git) {
  DIR *folder = fdopendir(opened);
  if (!folder) {
    close(opened);
    tell_unreadable();
    return;
  }
  for (const struct dirent *entry; entries < ENTRIES_MAX && (entry = readdir(folder));) {
    const char *name = entry->d_name;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || is_left_out(name)) continue;
    size_t size = strlen(name), start = length == 0 ? 0 : length + 1;
    if (start + size >= sizeof path) continue;
    if (length > 0) path[length] = '/';
    memcpy(path + start, name, size + 1);
    struct stat status;
    if (fstatat(opened, name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
      entries++;
      tell(opened, name, &status);
      if (S_ISDIR(status.st_mode) && !(in_git && is_git_store(name))) {
        int inner = depth < DEPTH_MAX ? openat(opened, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
        if (inner < 0) {
          tell_unreadable();
        } else {
          list(inner, start + size, depth + 1, in_git || strcasecmp(name, ".git") == 0);
        }
      }
    }
    path[length] = '\0';
  }
  closedir(folder);
}

/* All of a regular file, never waiting for one that is something else by now. NULL if it can't be. */
static char *read_whole(int folder, const char *name, size_t most, size_t *size) {
  int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat status;
  if (file < 0) return NULL;
  char *bytes = NULL;
  if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && (size_t)status.st_size <= most) {
    size_t room = (size_t)status.st_size, used = 0;
    bytes = malloc(room + 1);
    /* One byte more than it had shows that it grew. */
    for (ssize_t got; bytes && used <= room && (got = read(file, bytes + used, room + 1 - used)) > 0;) used += (size_t)got;
    if (bytes && used > room) {
      free(bytes);
      bytes = NULL;
    }
    *size = used;
  }
  close(file);
  return bytes;
}

static int read_all(int folder, size_t most) {
  char *name = NULL;
  size_t room = 0;
  for (ssize_t length; (length = getdelim(&name, &room, '\0', stdin)) > 0;) {
    size_t size = 0;
    char *bytes = read_whole(folder, name, most, &size);
    if (bytes) {
      printf("%zu", size);
    } else {
      putchar('-');
    }
    putchar('\0');
    if (bytes) fwrite(bytes, 1, size, stdout);
    free(bytes);
    if (ferror(stdout)) return fail("output");
  }
  free(name);
  return fflush(stdout) == 0 ? 0 : fail("output");
}

int main(int argc, char **argv) {
  static char buffer[1 << 17];
  setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  if (argc < 3) return 2;
  int folder = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return fail(argv[2]);
  if (strcmp(argv[1], "read") == 0 && argc == 4) return read_all(folder, strtoull(argv[3], NULL, 10));
  if (strcmp(argv[1], "list") != 0) return 2;
  left_out = argv + 3;
  list(folder, 0, 0, false);
  printf("end %ld", entries);
  putchar('\0');
  return fflush(stdout) == 0 && !ferror(stdout) ? 0 : fail("output");
}
