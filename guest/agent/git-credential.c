/*
 * git's credential helper in a guest: hands the question to the host over a unix socket that the kit's sshd listens on, and
 * prints the answer. All rules are the host's; this program only bounds what it carries.
 *   git-credential-bulkhead <socket> get        (git appends the operation; store and erase are not the host's business)
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The host's own limits (src/credentials/gitCredentialRequest.ts, hostGitCredential.ts). */
#define QUESTION_MAX 16384
#define ANSWER_MAX 65536
/* The host's program may have to wake a key store. */
#define DEADLINE_SECONDS 90

static int fail(const char *what) {
  fprintf(stderr, "bulkhead: git credentials of the host: %s: %s\n", what, strerror(errno));
  return 1;
}

/* Copies until the end; no more than `limit` bytes. */
static int carry(int from, int to, size_t limit) {
  char buffer[4096];
  for (;;) {
    ssize_t got = read(from, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return (int)got;
    if ((size_t)got > limit) {
      errno = EMSGSIZE;
      return -1;
    }
    limit -= (size_t)got;
    for (ssize_t done = 0; done < got;) {
      ssize_t put = write(to, buffer + done, (size_t)(got - done));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return -1;
      done += put;
    }
  }
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fputs("usage: git-credential-bulkhead <socket> get|store|erase\n", stderr);
    return 2;
  }
  if (strcmp(argv[2], "get") != 0) return 0;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(argv[1]) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return fail("the socket");
  }
  strcpy(address.sun_path, argv[1]);
  alarm(DEADLINE_SECONDS);
  int host = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  /* Not there: it was taken back. git goes on to its next helper. */
  if (host < 0 || connect(host, (struct sockaddr *)&address, sizeof address) != 0) return fail("not offered (any more)");
  if (carry(STDIN_FILENO, host, QUESTION_MAX) < 0) return fail("cannot ask");
  shutdown(host, SHUT_WR);
  if (carry(host, STDOUT_FILENO, ANSWER_MAX) < 0) return fail("no answer");
  return 0;
}
