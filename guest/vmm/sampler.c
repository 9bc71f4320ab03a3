/*
 * What this container uses, one line a second until stdin ends:
 *
 *   sample <microseconds since the line before>
 *     <vCPUs> {<microseconds of CPU>}… <microseconds of CPU of the whole container>
 *     <memory bytes> <memory limit, 0 if none> <bytes that the upper disk takes>
 *     <bytes read> <bytes written> <network cards, 0 or 1> <bytes received> <bytes sent>
 *
 * All on one line, all decimal, all since the line before but memory and disk. The first line comes after FIRST_MS.
 * Parsed by src/machine/kvm/hostSamples.ts.
 *
 * vCPUs: QEMU's threads named `CPU <n>/KVM` or `CPU <n>/TCG` (-name debug-threads=on), by their schedstat.
 * Memory: what the cgroup is charged less its page cache, which the kernel takes back when it needs it; the guest's memory is
 * anonymous. Reads and writes: the processes' own (read_bytes and write_bytes of proc(5)): a cgroup v1 does not count
 * buffered writes.
 */
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

enum { EVERY_MS = 1000, FIRST_MS = 300, MAX_VCPUS = 256, MAX_PROCESSES = 64 };

#define UPPER "/machine/upper.ext4"
#define CGROUP "/sys/fs/cgroup"

typedef unsigned long long number;

/* QEMU and qemu-nbd are all that reads and writes much; found again when one of them has gone. */
struct vmm {
  int qemu;
  int processes[MAX_PROCESSES];
  size_t process_count;
  int vcpus[MAX_VCPUS];
  size_t vcpu_count;
};

struct reading {
  number at, vcpus[MAX_VCPUS], cpu, read, written, received, sent;
};

static number now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (number)time.tv_sec * 1000000 + (number)time.tv_nsec / 1000;
}

/* Reads a small file that `format` names; false if it can't. */
__attribute__((format(printf, 3, 4))) static int read_small(char *text, size_t size, const char *format, ...) {
  char path[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(path, sizeof path, format, arguments);
  va_end(arguments);
  text[0] = '\0';
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t got = read(file, text, size - 1);
  close(file);
  text[got > 0 ? got : 0] = '\0';
  return got > 0;
}

/* The number behind `name` in a text of `name value` lines. */
static number field(const char *text, const char *name) {
  size_t length = strlen(name);
  for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
    if (strncmp(line, name, length) == 0) return strtoull(line + length, NULL, 10);
  }
  return 0;
}

static void find_vcpus(struct vmm *vmm) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task", vmm->qemu);
  DIR *tasks = opendir(path);
  if (!tasks) return;
  for (const struct dirent *entry; (entry = readdir(tasks));) {
    char name[64];
    unsigned index;
    if (!isdigit((unsigned char)entry->d_name[0]) || !read_small(name, sizeof name, "/proc/%d/task/%s/comm", vmm->qemu, entry->d_name)) continue;
    if (sscanf(name, "CPU %u/", &index) != 1 || index >= MAX_VCPUS) continue;
    vmm->vcpus[index] = atoi(entry->d_name);
    if (index >= vmm->vcpu_count) vmm->vcpu_count = index + 1;
  }
  closedir(tasks);
}

static void find_vmm(struct vmm *vmm) {
  memset(vmm, 0, sizeof *vmm);
  DIR *processes = opendir("/proc");
  if (!processes) exit(1);
  for (const struct dirent *entry; (entry = readdir(processes));) {
    char name[64];
    if (!isdigit((unsigned char)entry->d_name[0]) || !read_small(name, sizeof name, "/proc/%s/comm", entry->d_name)) continue;
    /* The kernel cuts names to 15 bytes. */
    int is_qemu = strncmp(name, "qemu-system-x86", 15) == 0;
    if (is_qemu) vmm->qemu = atoi(entry->d_name);
    if ((is_qemu || strcmp(name, "qemu-nbd\n") == 0) && vmm->process_count < MAX_PROCESSES) {
      vmm->processes[vmm->process_count++] = atoi(entry->d_name);
    }
  }
  closedir(processes);
  if (vmm->qemu) find_vcpus(vmm);
}

/* CPU time of the whole container: cgroup v2, then v1. */
static number read_cpu(void) {
  char text[1024];
  if (read_small(text, sizeof text, CGROUP "/cpu.stat") && strstr(text, "usage_usec ")) return field(text, "usage_usec ");
  if (read_small(text, sizeof text, CGROUP "/cpuacct/cpuacct.usage")) return strtoull(text, NULL, 10) / 1000;
  return 0;
}

static void read_memory(number *used, number *limit) {
  char text[8192], statistics[8192];
  int v2 = read_small(text, sizeof text, CGROUP "/memory.current");
  if (!v2) read_small(text, sizeof text, CGROUP "/memory/memory.usage_in_bytes");
  *used = strtoull(text, NULL, 10);
  read_small(text, sizeof text, v2 ? CGROUP "/memory.max" : CGROUP "/memory/memory.limit_in_bytes");
  /* `max`, or v1's largest number, is no limit. */
  *limit = isdigit((unsigned char)text[0]) ? strtoull(text, NULL, 10) : 0;
  if (*limit > 1ULL << 53) *limit = 0;
  read_small(statistics, sizeof statistics, v2 ? CGROUP "/memory.stat" : CGROUP "/memory/memory.stat");
  number cache = v2 ? field(statistics, "inactive_file ") + field(statistics, "active_file ")
                    : field(statistics, "total_inactive_file ") + field(statistics, "total_active_file ");
  *used = *used > cache ? *used - cache : 0;
}

/* Cards but loopback; their bytes so far. */
static int read_network(struct reading *reading) {
  char text[8192];
  int cards = 0;
  reading->received = reading->sent = 0;
  if (!read_small(text, sizeof text, "/proc/net/dev")) return 0;
  for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
    number received, sent;
    char name[64];
    if (sscanf(line, " %63[^: ]: %llu %*u %*u %*u %*u %*u %*u %*u %llu", name, &received, &sent) != 3 || strcmp(name, "lo") == 0) continue;
    cards = 1;
    reading->received += received;
    reading->sent += sent;
  }
  return cards;
}

static int read_processes(const struct vmm *vmm, struct reading *reading) {
  char text[1024];
  reading->read = reading->written = 0;
  for (size_t i = 0; i < vmm->process_count; i++) {
    if (!read_small(text, sizeof text, "/proc/%d/io", vmm->processes[i])) return 0;
    reading->read += field(text, "read_bytes: ");
    reading->written += field(text, "write_bytes: ");
  }
  for (size_t i = 0; i < vmm->vcpu_count; i++) {
    if (!read_small(text, sizeof text, "/proc/%d/task/%d/schedstat", vmm->qemu, vmm->vcpus[i])) return 0;
    reading->vcpus[i] = strtoull(text, NULL, 10) / 1000;
  }
  return vmm->qemu != 0;
}

static number since(number now, number before) { return now > before ? now - before : 0; }

static void print(const struct vmm *vmm, int cards, const struct reading *now, const struct reading *before) {
  number memory, limit;
  struct stat upper = {0};
  read_memory(&memory, &limit);
  stat(UPPER, &upper);
  printf("sample %llu %zu", since(now->at, before->at), vmm->vcpu_count);
  for (size_t i = 0; i < vmm->vcpu_count; i++) printf(" %llu", since(now->vcpus[i], before->vcpus[i]));
  printf(" %llu %llu %llu %llu %llu %llu", since(now->cpu, before->cpu), memory, limit, (number)upper.st_blocks * 512,
      since(now->read, before->read), since(now->written, before->written));
  printf(" %d %llu %llu\n", cards, since(now->received, before->received), since(now->sent, before->sent));
  if (fflush(stdout) != 0) exit(0);
}

/* Sleeps, but not beyond the end of stdin: whoever asked has gone then. */
static void sleep_until(number deadline) {
  for (number now; (now = now_us()) < deadline;) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&input, 1, (int)((deadline - now) / 1000) + 1) < 0 && errno != EINTR) exit(1);
    char ignored[256];
    if (input.revents && read(STDIN_FILENO, ignored, sizeof ignored) <= 0) exit(0);
  }
}

int main(void) {
  static struct vmm vmm;
  static struct reading readings[2];
  int whole = 0;
  number next = now_us();
  for (unsigned round = 0;; round ^= 1) {
    struct reading *now = &readings[round], *before = &readings[round ^ 1];
    int was_whole = whole;
    if (!whole) find_vmm(&vmm);
    now->at = now_us();
    now->cpu = read_cpu();
    int cards = read_network(now);
    whole = read_processes(&vmm, now);
    if (whole && was_whole) print(&vmm, cards, now, before);
    next = was_whole ? next + EVERY_MS * 1000 : now->at + FIRST_MS * 1000;
    if (next <= now_us()) next = now_us() + EVERY_MS * 1000;
    sleep_until(next);
  }
}
