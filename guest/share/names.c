/*
 * What the guest must leave alone, by its path in the share:
 *   - `.git` and `HEAD` at any depth (a repository's configuration names programs that git runs for whoever looks at it, and a
 *     folder with HEAD, objects and refs in it is a repository, whatever its name), and all that lies beside a HEAD;
 *   - the names in BULKHEAD_PROTECTED at any depth but in package folders, those in BULKHEAD_PROTECTED_TOP as the first component
 *     (both colon-separated; `*` in front means any beginning).
 * Names but HEAD are compared as the most forgiving file system would: without regard to ASCII case, to the two letters that
 * fold into ASCII, to characters that are not seen, and to dots and spaces at the end.
 */
#define _GNU_SOURCE
#include "guard.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DELETED " (deleted)"

static char at_any_depth[4096];
static char at_top[4096];

static void read_list(const char *variable, char list[4096]) {
  const char *given = getenv(variable);
  if (given == NULL || strlen(given) >= 4096) {
    fprintf(stderr, "guard: %s is missing or too long\n", variable);
    _exit(21);
  }
  strcpy(list, given);
}

__attribute__((constructor)) static void read_lists(void) {
  read_list("BULKHEAD_PROTECTED", at_any_depth);
  read_list("BULKHEAD_PROTECTED_TOP", at_top);
}

/* Unicode's default ignorables: file systems that fold names (ext4's casefold, HFS+) leave them out when they compare. */
static int is_ignorable(unsigned rune) {
  static const unsigned ranges[][2] = {
      {0xad, 0xad},     {0x34f, 0x34f},   {0x61c, 0x61c},   {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
      {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
      {0xffa0, 0xffa0}, {0xfff0, 0xfff8}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
  };
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
    if (rune >= ranges[i][0] && rune <= ranges[i][1]) return 1;
  }
  return 0;
}

/* The rune at `at` and its length in bytes; a byte that begins none is one of its own. */
static size_t rune_at(const char *at, size_t left, unsigned *rune) {
  const unsigned char *bytes = (const unsigned char *)at;
  size_t length = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : bytes[0] >= 0xc0 ? 2 : 1;
  if (length > left) length = 1;
  *rune = length == 1 ? bytes[0] : bytes[0] & (0xff >> (length + 1));
  for (size_t i = 1; i < length; i++) {
    if ((bytes[i] & 0xc0) != 0x80) {
      *rune = bytes[0];
      return 1;
    }
    *rune = *rune << 6 | (bytes[i] & 0x3f);
  }
  return length;
}

/* Writes a name as a forgiving file system knows it; one that is longer than any name is as good as none. */
static void fold(const char *name, size_t length, char folded[NAME_MAX + 1]) {
  size_t end = 0, skip;
  for (size_t at = 0; at < length && end < NAME_MAX; at += skip) {
    unsigned rune;
    skip = rune_at(name + at, length - at, &rune);
    if (is_ignorable(rune)) continue;
    /* Long s, and the sign for kelvin. */
    if (rune == 0x17f) rune = 's';
    if (rune == 0x212a) rune = 'k';
    if (rune >= 'A' && rune <= 'Z') rune += 'a' - 'A';
    if (rune < 0x80) {
      folded[end++] = (char)rune;
    } else {
      for (size_t i = 0; i < skip && end < NAME_MAX; i++) folded[end++] = name[at + i];
    }
  }
  /* As /proc shows what was removed: its path may live on in another link. */
  size_t mark = strlen(DELETED);
  if (end > mark && strncmp(folded + end - mark, DELETED, mark) == 0) end -= mark;
  while (end > 0 && (folded[end - 1] == '.' || folded[end - 1] == ' ')) end--;
  folded[end] = '\0';
}

static int is_listed(const char *list, const char *folded) {
  char pattern[NAME_MAX + 1];
  for (const char *at = list; *at != '\0';) {
    size_t length = strcspn(at, ":");
    int any_beginning = at[0] == '*';
    fold(at + any_beginning, length - any_beginning, pattern);
    size_t name_length = strlen(folded), ending = strlen(pattern);
    if (ending > 0 && (any_beginning ? name_length >= ending && strcmp(folded + name_length - ending, pattern) == 0
                                     : strcmp(folded, pattern) == 0)) {
      return 1;
    }
    at += length;
    if (*at == ':') at++;
  }
  return 0;
}

static int is_packages(const char *name, size_t length) { return length == 12 && strncmp(name, "node_modules", 12) == 0; }

int is_package(const char *path) {
  for (const char *at = path; *at != '\0';) {
    at += strspn(at, "/");
    size_t length = strcspn(at, "/");
    if (is_packages(at, length)) return 1;
    at += length;
  }
  return 0;
}

/* True if the folder that is the first `length` bytes of a path has a HEAD in it. */
static int has_head(const char *path, size_t length) {
  char head[PATH_ROOM];
  struct stat found;
  if (length + sizeof "/HEAD" > sizeof head) return 1;
  memcpy(head, path, length);
  strcpy(head + length, "/HEAD");
  return fstatat(AT_FDCWD, head, &found, AT_SYMLINK_NOFOLLOW) == 0;
}

int is_protected(const char *path) {
  char folded[NAME_MAX + 1];
  int first = 1, in_package = 0;
  for (const char *at = path + strlen(SHARE); *at != '\0';) {
    size_t parent = (size_t)(at - path);
    at += strspn(at, "/");
    size_t length = strcspn(at, "/");
    if (length == 0) break;
    fold(at, length, folded);
    if (strcmp(folded, ".git") == 0 || (length == 4 && strncmp(at, "HEAD", 4) == 0)) return 1;
    if (!in_package && is_listed(at_any_depth, folded)) return 1;
    if (first && is_listed(at_top, folded)) return 1;
    if (has_head(path, parent)) return 1;
    if (is_packages(at, length)) in_package = 1;
    first = 0;
    at += length;
  }
  return 0;
}
