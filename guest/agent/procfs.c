#include "watch.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

long long now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

void sleep_until(long long deadline) {
  for (long long left; (left = deadline - now_ms()) > 0;) {
    /* No events are asked for: that nobody reads any more is told always. */
    struct pollfd output = {.fd = STDOUT_FILENO};
    if (poll(&output, 1, (int)left) < 0 && errno != EINTR) exit(1);
    if (output.revents) exit(0);
  }
}

static bool finish_reading(ssize_t got, char *text) {
  text[got > 0 ? got : 0] = '\0';
  return got > 0;
}

bool read_small(int folder, const char *path, char *text, size_t size) {
  int file = openat(folder, path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return finish_reading(0, text);
  ssize_t got = read(file, text, size - 1);
  close(file);
  return finish_reading(got, text);
}

bool read_again(int file, char *text, size_t size) {
  size_t used = 0;
  /* A read of /proc may end early, at a record's end. */
  for (ssize_t got; used < size - 1 && (got = pread(file, text + used, size - 1 - used, (off_t)used)) > 0;) used += (size_t)got;
  return finish_reading((ssize_t)used, text);
}

int open_proc(const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) die(1, "cannot read %s", path);
  return file;
}

void add(struct line *line, const char *format, ...) {
  if (line->length >= sizeof line->text) return;
  va_list arguments;
  va_start(arguments, format);
  line->length += (size_t)vsnprintf(line->text + line->length, sizeof line->text - line->length, format, arguments);
  va_end(arguments);
}

void add_name(struct line *line, const char *name) {
  add(line, *name ? " " : " -");
  for (const char *c = name; *c; c++) add(line, "%02x", (unsigned char)*c);
}

void send_line(struct line *line) {
  bool fits = line->length + 1 < sizeof line->text;
  if (fits) line->text[line->length++] = '\n';
  for (size_t sent = 0; fits && sent < line->length;) {
    ssize_t put = write(STDOUT_FILENO, line->text + sent, line->length - sent);
    if (put < 0 && errno != EINTR) exit(0);
    if (put > 0) sent += (size_t)put;
  }
  line->length = 0;
}

unsigned long long next_number(const char **text) {
  while (**text && !isdigit((unsigned char)**text)) ++*text;
  char *end;
  unsigned long long value = strtoull(*text, &end, 10);
  *text = end;
  return value;
}

void each_process(int proc, void (*each)(pid_t pid, void *context), void *context) {
  int again = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *folder = again < 0 ? NULL : fdopendir(again);
  if (!folder) die(1, "cannot list the processes");
  for (const struct dirent *entry; (entry = readdir(folder));) {
    if (isdigit((unsigned char)entry->d_name[0])) each((pid_t)atoi(entry->d_name), context);
  }
  closedir(folder);
}

void process_name(int proc, pid_t pid, char name[NAME_BYTES]) {
  char path[64], text[256];
  snprintf(path, sizeof path, "%d/comm", (int)pid);
  read_small(proc, path, text, NAME_BYTES);
  text[strcspn(text, "\n")] = '\0';
  const char *found = text;
  if (strcmp(text, "MainThread") == 0) {
    /* Node calls every program's main thread so. Its first argument says who it is. */
    snprintf(path, sizeof path, "%d/cmdline", (int)pid);
    if (read_small(proc, path, text, sizeof text)) {
      const char *slash = strrchr(text, '/');
      found = slash ? slash + 1 : text;
    }
  }
  snprintf(name, NAME_BYTES, "%.*s", NAME_BYTES - 1, found);
}

/* What of the kit a user may run too: alone it does not make a process ours. */
static bool is_tool(const struct stat *program) {
  static const char *const tools[] = {KIT "/bin/busybox", KIT "/bin/tar"};
  for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
    struct stat tool;
    if (stat(tools[i], &tool) == 0 && tool.st_ino == program->st_ino) return true;
  }
  return false;
}

bool is_of_kit(int proc, pid_t pid) {
  char path[64], cgroup[64];
  snprintf(path, sizeof path, "%d/cgroup", (int)pid);
  if (read_small(proc, path, cgroup, sizeof cgroup) && strcmp(cgroup, "0::/\n") == 0) return true;
  struct stat kit, program;
  snprintf(path, sizeof path, "%d/exe", (int)pid);
  return stat(KIT "/bin/session", &kit) == 0 && fstatat(proc, path, &program, 0) == 0 && program.st_dev == kit.st_dev &&
         !is_tool(&program);
}
