/* What the watching programs share: reading /proc cheaply, one line a message on stdout. */
#ifndef BULKHEAD_WATCH_H
#define BULKHEAD_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdnoreturn.h>
#include <sys/types.h>

/* Longer names are cut. The kernel's own are 15 bytes. */
#define NAME_BYTES 64

/* A line under construction. What does not fit is left out, and the line is not sent. */
struct line {
  char text[65536];
  size_t length;
};

/* Milliseconds that never go back. */
long long now_ms(void);

/* Sleeps until `deadline` (of now_ms). Ends the process when nobody reads its output any more. */
void sleep_until(long long deadline);

/* Reads a small file into `text` with a NUL behind it; false if it can't. `folder` is an open folder or AT_FDCWD. */
bool read_small(int folder, const char *path, char *text, size_t size);

/* The same for a file of /proc that was opened before, from its beginning. */
bool read_again(int file, char *text, size_t size);

/* Opens a file of /proc; dies if it can't. */
int open_proc(const char *path);

void add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds a process's name as hex: it may hold any byte. `-` if it has none. */
void add_name(struct line *line, const char *name);

/* Sends the line and empties it. Ends the process if nobody reads. */
void send_line(struct line *line);

/* The next number in `text`, which is moved behind it; 0 at the end. */
unsigned long long next_number(const char **text);

/* Calls `each` for every process, lowest id first. */
void each_process(int proc, void (*each)(pid_t pid, void *context), void *context);

/* What people call the process. Empty if it has gone. */
void process_name(int proc, pid_t pid, char name[NAME_BYTES]);

/* True for what the kit itself runs: init, sshd, its sessions, the file watcher. Not for tools of the kit that a user runs. */
bool is_of_kit(int proc, pid_t pid);

noreturn void watch_resources(void);
noreturn void watch_ports(void);

#endif
