#include "agent.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ends as the program ended, so that sshd tells the client the same. */
static noreturn void end_like(pid_t child) {
  int status;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) _exit(EXIT_CANNOT_RUN);
  }
  if (WIFSIGNALED(status)) {
    /* Its own end by that signal, not one more for the program. */
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
  }
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_CANNOT_RUN);
}

static pid_t minded;

/* sshd passes a client's signals to the process that it started. */
static void pass_on(int number) { kill(-minded, number); }

static void pass_signals_on(void) {
  static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    sigaction(numbers[i], &(struct sigaction){.sa_handler = pass_on}, NULL);
  }
}

void mind_program(void) {
  /* A terminal hangs its programs up itself. */
  if (isatty(STDIN_FILENO)) return;
  pid_t child = fork();
  if (child < 0) die(EXIT_CANNOT_RUN, "cannot fork");
  if (child == 0) {
    setpgid(0, 0);
    /* A client's SIGKILL reaches the minder, which can't pass it on. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return;
  }
  setpgid(child, child);
  minded = child;
  pass_signals_on();
  int ended = (int)syscall(SYS_pidfd_open, child, 0);
  if (ended < 0) die(EXIT_CANNOT_RUN, "cannot watch the program");
  /* The program's input is its own: held open here, it would never see a broken pipe from the other side. */
  close(STDIN_FILENO);
  /* Nobody reads the output any more: the client has gone. */
  struct pollfd watched[] = {{.fd = ended, .events = POLLIN}, {.fd = STDOUT_FILENO, .events = 0}};
  for (;;) {
    if (poll(watched, 2, -1) < 0 && errno != EINTR) _exit(EXIT_CANNOT_RUN);
    if (watched[0].revents) end_like(child);
    if (watched[1].revents) {
      kill(-child, SIGHUP);
      end_like(child);
    }
  }
}
