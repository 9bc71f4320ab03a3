/*
 * `bulkhead-control watch ports`: a line with all TCP listeners at once, and again whenever the list changes; between, now and
 * then, a line that only says that somebody is there (a connection that has gone is noticed by writing to it).
 */
#include "watch.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  EVERY_MS = 1000,
  ALIVE_MS = 15000,
  /* Finding a socket's process means reading every process's open files. */
  RETRY_MS = 30000,
  MAX_LISTENERS = 512,
  MAX_FILES = 20000,
  /* The kit's own sshd. */
  SSH_PORT = 22
};

enum reach { ANY, LOOPBACK, OTHER };

struct listener {
  unsigned port;
  enum reach reach;
  unsigned long long inode;
};

struct owned {
  struct listener listener;
  pid_t pid;
  char name[NAME_BYTES];
};

struct search {
  int proc;
  struct owned *owned;
  size_t count, missing, files;
};

/* An IPv4 address as /proc/net/tcp has it: a little-endian number in hex. */
static enum reach reach_of_ipv4(const char *hex) {
  if (strncmp(hex, "00000000", 8) == 0) return ANY;
  return strncmp(hex + 6, "7F", 2) == 0 ? LOOPBACK : OTHER;
}

static enum reach reach_of(const char *hex, size_t digits) {
  if (digits == 8) return reach_of_ipv4(hex);
  if (strncmp(hex, "00000000000000000000000000000000", 32) == 0) return ANY;
  if (strncmp(hex, "00000000000000000000000001000000", 32) == 0) return LOOPBACK;
  return strncmp(hex, "0000000000000000FFFF0000", 24) == 0 ? reach_of_ipv4(hex + 24) : OTHER;
}

/* False at the first line that is not a listener: the kernel gives those first, so no connection is ever looked at. */
static bool parse_listener(const char *line, size_t *count, struct listener *listeners) {
  char address[40];
  unsigned port, state;
  unsigned long long inode;
  /* sl local remote st tx:rx tr:when retransmits uid timeout inode */
  if (sscanf(line, " %*[0-9]: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %llu", address, &port, &state, &inode) != 4 ||
      state != 10) {
    return false;
  }
  size_t digits = strlen(address);
  if ((digits == 8 || digits == 32) && port != SSH_PORT) {
    listeners[(*count)++] = (struct listener){.port = port, .reach = reach_of(address, digits), .inode = inode};
  }
  return true;
}

static size_t read_listeners(int file, struct listener *listeners, size_t count) {
  char text[8192];
  size_t kept = 0;
  bool first = true;
  lseek(file, 0, SEEK_SET);
  for (ssize_t got; (got = read(file, text + kept, sizeof text - 1 - kept)) > 0;) {
    kept += (size_t)got;
    text[kept] = '\0';
    char *at = text;
    for (char *end; (end = strchr(at, '\n')); at = end + 1) {
      *end = '\0';
      if (!first && (count == MAX_LISTENERS || !parse_listener(at, &count, listeners))) return count;
      first = false;
    }
    kept = (size_t)(text + kept - at);
    memmove(text, at, kept);
  }
  return count;
}

static int by_port(const void *a, const void *b) {
  const struct listener *one = a, *other = b;
  if (one->port != other->port) return one->port < other->port ? -1 : 1;
  if (one->reach != other->reach) return one->reach < other->reach ? -1 : 1;
  return one->inode < other->inode ? -1 : one->inode > other->inode;
}

static bool same(const struct listener *a, const struct listener *b) { return by_port(a, b) == 0; }

/* Looks through one process's open files for sockets that have no owner yet. */
static void search_process(pid_t pid, void *context) {
  struct search *search = context;
  if (search->missing == 0 || search->files >= MAX_FILES) return;
  char path[64];
  snprintf(path, sizeof path, "%d/fd", (int)pid);
  int opened = openat(search->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *folder = opened < 0 ? NULL : fdopendir(opened);
  if (!folder) return;
  for (const struct dirent *entry; search->missing > 0 && search->files < MAX_FILES && (entry = readdir(folder));) {
    char target[64];
    ssize_t length = readlinkat(opened, entry->d_name, target, sizeof target - 1);
    if (length <= 0) continue;
    search->files++;
    target[length] = '\0';
    unsigned long long inode;
    if (sscanf(target, "socket:[%llu]", &inode) != 1) continue;
    for (size_t i = 0; i < search->count; i++) {
      struct owned *owned = &search->owned[i];
      if (owned->pid != 0 || owned->listener.inode != inode) continue;
      owned->pid = pid;
      process_name(search->proc, pid, owned->name);
      search->missing--;
    }
  }
  closedir(folder);
}

static size_t count_missing(const struct owned *owned, size_t count) {
  size_t missing = 0;
  for (size_t i = 0; i < count; i++) missing += owned[i].pid == 0;
  return missing;
}

/* Takes over what is known of the listeners that were there before. */
static void keep_owners(struct owned *now, size_t count, const struct owned *before, size_t before_count) {
  for (size_t i = 0, j = 0; i < count; i++) {
    while (j < before_count && by_port(&before[j].listener, &now[i].listener) < 0) j++;
    if (j < before_count && same(&before[j].listener, &now[i].listener)) now[i] = before[j];
  }
}

/* A socket can outlive the process that opened it, in a child of that. True if any had. */
static bool forget_dead(struct owned *owned, size_t count) {
  bool any = false;
  for (size_t i = 0; i < count; i++) {
    if (owned[i].pid != 0 && kill(owned[i].pid, 0) != 0) {
      owned[i].pid = 0;
      owned[i].name[0] = '\0';
      any = true;
    }
  }
  return any;
}

static void tell(const struct owned *owned, size_t count) {
  static struct line line;
  static const char *const reaches[] = {"any", "loopback", "other"};
  add(&line, "ports %zu", count);
  for (size_t i = 0; i < count; i++) {
    add(&line, " %u %s %d", owned[i].listener.port, reaches[owned[i].listener.reach], (int)owned[i].pid);
    add_name(&line, owned[i].name);
  }
  send_line(&line);
}

noreturn void watch_ports(void) {
  static struct listener listeners[MAX_LISTENERS];
  static struct owned known[2][MAX_LISTENERS];
  static struct line alive;
  int proc = open_proc("/proc"), tcp = open_proc("/proc/net/tcp");
  /* Absent from a kernel without IPv6. */
  int tcp6 = open("/proc/net/tcp6", O_RDONLY | O_CLOEXEC);
  size_t count = 0;
  long long told = 0, searched = 0;
  bool first = true;
  for (unsigned round = 0;; round ^= 1) {
    long long now = now_ms();
    struct owned *owned = known[round], *before = known[round ^ 1];
    size_t before_count = count;
    count = read_listeners(tcp, listeners, 0);
    if (tcp6 >= 0) count = read_listeners(tcp6, listeners, count);
    qsort(listeners, count, sizeof *listeners, by_port);
    for (size_t i = 0; i < count; i++) owned[i] = (struct owned){.listener = listeners[i]};
    keep_owners(owned, count, before, before_count);
    bool changed = first || count != before_count;
    for (size_t i = 0; !changed && i < count; i++) changed = !same(&owned[i].listener, &before[i].listener);
    changed |= forget_dead(owned, count);
    size_t missing = count_missing(owned, count);
    if (missing > 0 && (changed || now - searched >= RETRY_MS)) {
      struct search search = {.proc = proc, .owned = owned, .count = count, .missing = missing};
      each_process(proc, search_process, &search);
      changed |= search.missing != missing;
      searched = now;
    }
    if (changed) {
      tell(owned, count);
    } else if (now - told >= ALIVE_MS) {
      add(&alive, "alive");
      send_line(&alive);
    }
    if (changed || now - told >= ALIVE_MS) told = now;
    first = false;
    sleep_until(now + EVERY_MS);
  }
}
