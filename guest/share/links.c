/*
 * Files with several names. One of them may be outside of the share (package managers link what they install to a store that
 * all projects have), and who writes to the file writes there too. So only links that the guest made itself, in this run of
 * virtiofsd, are its to write through; a file that has more names than that can still be replaced, which leaves the others alone.
 */
#define _GNU_SOURCE
#include "guard.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

/* Of files that the guest has linked; the oldest are forgotten. */
#define SLOTS 65536
#define STEPS 16

struct file {
  __u64 inode;
  __u32 device_major, device_minor;
  /* Inode numbers are given out again. */
  __s64 born;
  __u32 born_ns;
  __u32 names;
};

static struct file files[SLOTS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Looks at what (dirfd, name) is; a link of /proc/self/fd is followed, one in the share is not. */
static int look(int dirfd, const char *name, struct file *found) {
  struct statx seen;
  int is_descriptor = name != NULL && name[0] >= '0' && name[0] <= '9';
  char path[PATH_ROOM];
  int flags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;
  if (is_descriptor && path_in_share(dirfd, "", path) != 0) flags = 0;
  if (statx(dirfd, name == NULL ? "" : name, flags, STATX_BASIC_STATS | STATX_BTIME, &seen) != 0) return -1;
  if ((seen.stx_mode & S_IFMT) != S_IFREG) return -1;
  memset(found, 0, sizeof *found);
  found->inode = seen.stx_ino;
  found->device_major = seen.stx_dev_major;
  found->device_minor = seen.stx_dev_minor;
  if ((seen.stx_mask & STATX_BTIME) != 0) {
    found->born = seen.stx_btime.tv_sec;
    found->born_ns = seen.stx_btime.tv_nsec;
  }
  found->names = seen.stx_nlink;
  return 0;
}

/* The slot of a file, or the one that it may take: an empty one, else the first. */
static struct file *slot_of(const struct file *file) {
  size_t first = (size_t)(file->inode * 0x9e3779b97f4a7c15ull >> 48) % SLOTS;
  struct file *empty = NULL;
  for (size_t i = 0; i < STEPS; i++) {
    struct file *slot = &files[(first + i) % SLOTS];
    if (memcmp(slot, file, offsetof(struct file, names)) == 0) return slot;
    if (slot->names == 0 && empty == NULL) empty = slot;
  }
  return empty != NULL ? empty : &files[first];
}

void remember_link(int dirfd, const char *name) {
  struct file file;
  if (look(dirfd, name, &file) != 0) return;
  pthread_mutex_lock(&lock);
  struct file *slot = slot_of(&file);
  int known = memcmp(slot, &file, offsetof(struct file, names)) == 0;
  /* Two names: the first and this one. More: all that there were have to be known. */
  if (file.names == 2 || (known && file.names == slot->names + 1)) *slot = file;
  pthread_mutex_unlock(&lock);
}

int has_foreign_name(int dirfd, const char *name) {
  struct file file;
  if (look(dirfd, name, &file) != 0 || file.names < 2) return 0;
  pthread_mutex_lock(&lock);
  const struct file *slot = slot_of(&file);
  int known = memcmp(slot, &file, offsetof(struct file, names)) == 0 && file.names <= slot->names;
  pthread_mutex_unlock(&lock);
  return !known;
}
