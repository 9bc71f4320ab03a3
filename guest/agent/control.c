#include "agent.h"
#include "watch.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void write_text(const char *path, const char *text) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, text, strlen(text)) < 0) die(1, "cannot write %s", path);
  close(file);
}

/* Freezing is asynchronous: the kernel says so in cgroup.events. Five seconds, then it has failed. */
static void freeze(void) {
  write_text(USER_CGROUP "/cgroup.freeze", "1");
  for (int tries = 0; tries < 500; tries++) {
    char *events = read_file(USER_CGROUP "/cgroup.events", NULL);
    int frozen = events && strstr(events, "frozen 1") != NULL;
    free(events);
    if (frozen) exit(0);
    nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
  }
  write_text(USER_CGROUP "/cgroup.freeze", "0");
  die(1, "the guest's processes did not freeze within 5 s");
}

/* The clock stood still while the machine slept: it is set before anything of the user's goes on. */
static void thaw(const char *nanoseconds) {
  char *end = NULL;
  unsigned long long now = strtoull(nanoseconds, &end, 10);
  if (end == nanoseconds || *end != '\0') die(1, "thaw takes nanoseconds since the epoch");
  struct timespec time = {.tv_sec = (time_t)(now / 1000000000ULL), .tv_nsec = (long)(now % 1000000000ULL)};
  if (clock_settime(CLOCK_REALTIME, &time) != 0) die(1, "cannot set the clock");
  write_text(USER_CGROUP "/cgroup.freeze", "0");
  exit(0);
}

void control(const char *message) {
  if (strcmp(message, "freeze") == 0) freeze();
  if (strncmp(message, "thaw ", 5) == 0) thaw(message + 5);
  if (strcmp(message, "poweroff") == 0) {
    if (kill(1, SIGTERM) != 0) die(1, "cannot reach init");
    exit(0);
  }
  if (strcmp(message, "watch resources") == 0) watch_resources();
  if (strcmp(message, "watch ports") == 0) watch_ports();
  die(1, "unknown control message");
}
