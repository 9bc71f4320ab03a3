/*
 * Prints the frequency of this CPU's time-stamp counter in kHz. Under TCG the guest's counter is the host's own
 * (QEMU, system/cpu-timers.c, cpu_get_ticks), and a guest kernel that believes in another frequency runs too fast or too slow.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <x86intrin.h>

/* The median of several short spans: on a busy host one of them can be far off. */
enum { SPANS = 5, SPAN_MS = 15 };

static long long now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC_RAW, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* One reading of both clocks: the closest of a few, as the process can be interrupted between the two. */
static void read_both(long long *ns, unsigned long long *ticks) {
  unsigned long long closest = ~0ULL;
  for (int i = 0; i < 50; i++) {
    unsigned long long before = __rdtsc();
    long long time = now_ns();
    unsigned long long after = __rdtsc();
    if (after - before < closest) {
      closest = after - before;
      *ns = time;
      *ticks = before + closest / 2;
    }
  }
}

static double measure_khz(void) {
  long long start_ns = 0, end_ns = 0;
  unsigned long long start_ticks = 0, end_ticks = 0;
  read_both(&start_ns, &start_ticks);
  nanosleep(&(struct timespec){.tv_nsec = SPAN_MS * 1000000L}, NULL);
  read_both(&end_ns, &end_ticks);
  return (double)(end_ticks - start_ticks) * 1e6 / (double)(end_ns - start_ns);
}

static int ascending(const void *a, const void *b) {
  double difference = *(const double *)a - *(const double *)b;
  return (difference > 0) - (difference < 0);
}

int main(void) {
  double spans[SPANS];
  for (int i = 0; i < SPANS; i++) spans[i] = measure_khz();
  qsort(spans, SPANS, sizeof *spans, ascending);
  printf("%.0f\n", spans[SPANS / 2]);
  return 0;
}
