/*
 * Where something is that virtiofsd was asked for.
 *
 * A name from the guest is one component. `..`, names with a slash and absolute ones, which only a tampered kernel or VMM sends,
 * are not in the share, wherever they would lead: some calls take them as seen from the root of virtiofsd's container, openat2
 * (RESOLVE_IN_ROOT) from the folder that they are looked up in.
 *
 * virtiofsd (1.13) knows a file by an O_PATH descriptor, and opens it again through its own /proc/self/fd; so what a call is
 * about is read off /proc/self/fd, where the kernel keeps the present path. A folder that is moved out of the share on the host
 * has no path in it any more, and is left alone from then on.
 */
#define _GNU_SOURCE
#include "guard.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads where a descriptor is; "" if that can't be told. */
static void path_of(int fd, char path[PATH_MAX]) {
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

int is_in_share(const char *path) {
  size_t root = strlen(SHARE);
  return strncmp(path, SHARE, root) == 0 && (path[root] == '/' || path[root] == '\0');
}

int path_in_share(int dirfd, const char *name, char path[PATH_ROOM]) {
  if (name == NULL) name = "";
  if (dirfd == AT_FDCWD || strchr(name, '/') != NULL || strcmp(name, "..") == 0) return -1;
  path_of(dirfd, path);
  if (is_descriptor_folder(path)) {
    char *end;
    if (name[0] < '0' || name[0] > '9') return -1;
    long fd = strtol(name, &end, 10);
    if (*end != '\0' || fd > INT_MAX) return -1;
    path_of((int)fd, path);
    return is_in_share(path) ? 0 : -1;
  }
  if (!is_in_share(path)) return -1;
  if (name[0] != '\0' && strcmp(name, ".") != 0) {
    strcat(path, "/");
    /* A longer one is refused by the kernel. */
    strncat(path, name, PATH_MAX - 1);
  }
  return 0;
}
