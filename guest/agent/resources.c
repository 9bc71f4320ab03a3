/*
 * `bulkhead-control watch resources`: what the guest uses, one line a second; the first comes after FIRST_MS.
 *
 *   sample <ms since the line before> <cpus> {<busy ms>}… <memory> <free> <cached> <disk> <used> <read> <written> <received>
 *     <sent> <processes> <n> {<pid> <uid> <1 if of the kit> <cpu> <resident> <name in hex>}…
 *
 * All on one line, bytes where nothing else is said, since the line before. A process's cpu is in hundredths of a percent of
 * one CPU since the last look at the processes: with many of them there is not one every second (PROCESS_SHARE).
 * Parsed by src/guest/guestSampleParser.ts.
 */
#include "watch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

enum {
  EVERY_MS = 1000,
  FIRST_MS = 300,
  MAX_CPUS = 256,
  MAX_PROCESSES = 8192,
  TOP = 10,
  /* Of one CPU's time, one part in so many goes into looking at processes: emulated guests are slow at it. */
  PROCESS_SHARE = 100
};

/* PF_KTHREAD of linux/sched.h: field 9 of /proc/<pid>/stat. */
#define KERNEL_THREAD 0x00200000ULL

struct process {
  pid_t pid;
  bool kernel;
  unsigned long long ticks;
};

struct top {
  pid_t pid;
  unsigned long long ticks;
  unsigned long long pages;
};

/* A process as it is told. */
struct shown {
  pid_t pid;
  unsigned long long uid, cpu, resident;
  bool kit;
  char name[NAME_BYTES];
};

struct shown_processes {
  unsigned count;
  size_t top_count;
  struct shown top[TOP];
};

struct scan {
  int proc;
  /* The last scan's, in the order of ids, and where this one's walk through it has come to. */
  const struct process *before;
  size_t before_count, at;
  struct process *now;
  size_t now_count;
  bool first;
  unsigned count;
  struct top top[TOP];
  size_t top_count;
};

static void consider(struct scan *scan, struct top candidate) {
  size_t place = scan->top_count;
  while (place > 0 && (candidate.ticks > scan->top[place - 1].ticks ||
                       (candidate.ticks == scan->top[place - 1].ticks && candidate.pages > scan->top[place - 1].pages))) {
    place--;
  }
  if (place == TOP) return;
  if (scan->top_count < TOP) scan->top_count++;
  memmove(scan->top + place + 1, scan->top + place, (scan->top_count - place - 1) * sizeof *scan->top);
  scan->top[place] = candidate;
}

static void look_at(pid_t pid, void *context) {
  struct scan *scan = context;
  while (scan->at < scan->before_count && scan->before[scan->at].pid < pid) scan->at++;
  const struct process *known =
      scan->at < scan->before_count && scan->before[scan->at].pid == pid ? &scan->before[scan->at] : NULL;
  struct process *now = scan->now_count < MAX_PROCESSES ? &scan->now[scan->now_count] : NULL;
  if (known && known->kernel) {
    /* A kernel thread stays one: most of a quiet guest's processes are never read again. */
    if (now) scan->now[scan->now_count++] = *known;
    return;
  }
  char path[64], text[1024];
  snprintf(path, sizeof path, "%d/stat", (int)pid);
  if (!read_small(scan->proc, path, text, sizeof text)) return;
  /* The name in parentheses may hold any character, a parenthesis too. */
  const char *rest = strrchr(text, ')');
  if (!rest || strlen(rest) < 4) return;
  /* Behind it: the state's letter, then fields 4 to 24. */
  rest += 4;
  unsigned long long fields[21];
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    char *end;
    /* Not next_number: field 8 may be -1. */
    fields[i] = strtoull(rest, &end, 10);
    rest = end;
  }
  bool kernel = (fields[9 - 4] & KERNEL_THREAD) != 0;
  unsigned long long ticks = fields[14 - 4] + fields[15 - 4];
  if (now) scan->now[scan->now_count++] = (struct process){.pid = pid, .kernel = kernel, .ticks = ticks};
  if (kernel) return;
  scan->count++;
  unsigned long long used = known && known->ticks <= ticks ? ticks - known->ticks : ticks;
  consider(scan, (struct top){.pid = pid, .ticks = scan->first || !now ? 0 : used, .pages = fields[24 - 4]});
}

static unsigned long long effective_uid(int proc, pid_t pid) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "%d/status", (int)pid);
  if (!read_small(proc, path, text, sizeof text)) return 0;
  const char *found = strstr(text, "\nUid:");
  if (!found) return 0;
  next_number(&found);
  return next_number(&found);
}

/* CPU time of this program so far, in microseconds. */
static long long own_cpu_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

/* Looks at all processes, if it is time to. */
static void look_at_processes(int proc, long long now, struct shown_processes *shown) {
  static struct process processes[2][MAX_PROCESSES];
  static size_t before_count;
  static long long before, next;
  static unsigned round;
  if (now < next) return;
  long long began = own_cpu_us();
  struct scan scan = {.proc = proc, .first = before == 0, .before = processes[round ^ 1], .before_count = before_count, .now = processes[round]};
  each_process(proc, look_at, &scan);
  unsigned long long tick_ms = 1000ULL / (unsigned long long)sysconf(_SC_CLK_TCK);
  unsigned long long elapsed = now > before ? (unsigned long long)(now - before) : 1;
  shown->count = scan.count;
  shown->top_count = scan.top_count;
  for (size_t i = 0; i < scan.top_count; i++) {
    const struct top *top = &scan.top[i];
    struct shown *one = &shown->top[i];
    *one = (struct shown){.pid = top->pid, .uid = effective_uid(proc, top->pid), .kit = is_of_kit(proc, top->pid)};
    one->cpu = top->ticks * tick_ms * 10000 / elapsed;
    one->resident = top->pages * (unsigned long long)sysconf(_SC_PAGESIZE);
    process_name(proc, top->pid, one->name);
  }
  /* Half a period early is in time: this is asked once a period. */
  next = scan.first ? now : now + (own_cpu_us() - began) * PROCESS_SHARE / 1000 - EVERY_MS / 2;
  before = now;
  before_count = scan.now_count;
  round ^= 1;
}

static void add_processes(struct line *line, const struct shown_processes *shown) {
  add(line, " %u %zu", shown->count, shown->top_count);
  for (size_t i = 0; i < shown->top_count; i++) {
    const struct shown *one = &shown->top[i];
    add(line, " %d %llu %d %llu %llu", (int)one->pid, one->uid, one->kit, one->cpu, one->resident);
    add_name(line, one->name);
  }
}

/* Ticks that each CPU was busy so far: user nice system idle iowait irq softirq, without idle and waiting. */
static size_t read_cpus(int file, unsigned long long busy[MAX_CPUS]) {
  char text[65536];
  size_t count = 0;
  if (!read_again(file, text, sizeof text)) return 0;
  for (const char *at = strstr(text, "\ncpu"); at && count < MAX_CPUS && strncmp(at, "\ncpu", 4) == 0; at = strchr(at + 1, '\n')) {
    const char *field = at;
    next_number(&field);
    unsigned long long sum = 0;
    for (int i = 0; i < 7; i++) {
      unsigned long long ticks = next_number(&field);
      if (i != 3 && i != 4) sum += ticks;
    }
    busy[count++] = sum;
  }
  return count;
}

static unsigned long long kilobytes(const char *text, const char *name) {
  const char *found = strstr(text, name);
  return found ? next_number(&found) : 0;
}

/* Total, free and cached bytes; what is left is used. Shared memory is in the page cache, but can't be dropped. */
static void add_memory(struct line *line, int file) {
  char text[4096];
  read_again(file, text, sizeof text);
  unsigned long long total = kilobytes(text, "MemTotal:"), unused = kilobytes(text, "MemFree:");
  unsigned long long cached = kilobytes(text, "Buffers:") + kilobytes(text, "\nCached:") + kilobytes(text, "SReclaimable:");
  unsigned long long shared = kilobytes(text, "Shmem:");
  add(line, " %llu %llu %llu", total * 1024, unused * 1024, (cached > shared ? cached - shared : 0) * 1024);
}

static void add_space(struct line *line) {
  struct statvfs space = {0};
  /* A folder of the writable disk, see guest/init/init. */
  statvfs(KIT "/state", &space);
  add(line, " %llu %llu", (unsigned long long)space.f_blocks * space.f_frsize,
      (unsigned long long)(space.f_blocks - space.f_bfree) * space.f_frsize);
}

/* Bytes that the virtio disks have read and written so far. A sector of /proc/diskstats is 512 bytes always. */
static void read_disks(int file, unsigned long long bytes[2]) {
  char text[16384];
  bytes[0] = bytes[1] = 0;
  if (!read_again(file, text, sizeof text)) return;
  for (const char *disk = text; (disk = strstr(disk, " vd"));) {
    disk += 3;
    /* One letter: not a partition. */
    if (disk[0] < 'a' || disk[1] != ' ') continue;
    const char *field = disk + 1;
    for (int i = 0; i < 7; i++) {
      unsigned long long value = next_number(&field);
      if (i == 2) bytes[0] += value * 512;
      if (i == 6) bytes[1] += value * 512;
    }
  }
}

/* Bytes that came in and went out by the VM's own card so far. Bridges and their like in the guest would count them again. */
static void read_network(int file, unsigned long long bytes[2]) {
  char text[16384];
  bytes[0] = bytes[1] = 0;
  if (!read_again(file, text, sizeof text)) return;
  for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
    line += strspn(line, " ");
    const char *field = strchr(line, ':');
    if (!field || (strncmp(line, "eth", 3) != 0 && strncmp(line, "en", 2) != 0)) continue;
    for (int i = 0; i < 9; i++) {
      unsigned long long value = next_number(&field);
      if (i == 0) bytes[0] += value;
      if (i == 8) bytes[1] += value;
    }
  }
}

static unsigned long long since(unsigned long long now, unsigned long long before) { return now > before ? now - before : 0; }

noreturn void watch_resources(void) {
  static struct line line;
  static struct shown_processes processes;
  static unsigned long long busy[2][MAX_CPUS];
  unsigned long long disks[2][2], network[2][2];
  int proc = open_proc("/proc"), stat_file = open_proc("/proc/stat"), memory = open_proc("/proc/meminfo");
  int disk_file = open_proc("/proc/diskstats"), network_file = open_proc("/proc/net/dev");
  unsigned long long tick_ms = 1000ULL / (unsigned long long)sysconf(_SC_CLK_TCK);
  bool first = true;
  long long before = 0, next = 0;
  for (unsigned round = 0;; round ^= 1) {
    long long now = now_ms();
    look_at_processes(proc, now, &processes);
    size_t cpus = read_cpus(stat_file, busy[round]);
    read_disks(disk_file, disks[round]);
    read_network(network_file, network[round]);
    if (!first) {
      add(&line, "sample %lld %zu", now - before, cpus);
      for (size_t i = 0; i < cpus; i++) add(&line, " %llu", since(busy[round][i], busy[round ^ 1][i]) * tick_ms);
      add_memory(&line, memory);
      add_space(&line);
      for (int i = 0; i < 2; i++) add(&line, " %llu", since(disks[round][i], disks[round ^ 1][i]));
      for (int i = 0; i < 2; i++) add(&line, " %llu", since(network[round][i], network[round ^ 1][i]));
      add_processes(&line, &processes);
      send_line(&line);
    }
    next = first ? now + FIRST_MS : next + EVERY_MS;
    /* After a sleep of the whole machine, or a busy second, there is nothing to catch up with. */
    if (next <= now_ms()) next = now_ms() + EVERY_MS;
    first = false;
    before = now;
    sleep_until(next);
  }
}
