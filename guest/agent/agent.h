/* The login shell of a guest's sshd. See docs/architecture.md, "In the guest". */
#ifndef BULKHEAD_AGENT_H
#define BULKHEAD_AGENT_H

#include <stdbool.h>
#include <stdnoreturn.h>
#include <sys/types.h>

#define KIT "/.bulkhead"
#define USER_CGROUP "/sys/fs/cgroup/user"

/* Exit codes as shells give them: could not be run, was not found. */
enum { EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 };

#define MAX_GROUPS 256

/* An account of the image, looked up in the image's own passwd and group files. */
struct account {
  char name[256];
  char home[4096];
  char shell[4096];
  uid_t uid;
  gid_t gid;
  gid_t groups[MAX_GROUPS];
  int group_count;
};

noreturn void die(int code, const char *format, ...);

/* Reads a whole file into a new buffer with a NUL behind it; NULL if it can't. `size` may be NULL. */
char *read_file(const char *path, size_t *size);

/* Resolves `name`, `uid`, `name:group` or `uid:gid` as Docker's USER does. Call inside the image's root. False if there is none. */
bool find_account(const char *wanted, struct account *account);

/* Becomes the account; call as root. Dies if it can't. */
void become(const struct account *account);

/*
 * Returns in a new process, while this one waits and ends as that one ends. When the client has gone it hangs that one's
 * process group up: sshd alone would let a program that writes nothing go on for ever. With a terminal it just returns.
 */
void mind_program(void);

/* Carries out `freeze`, `thaw <ns>`, `poweroff`, `watch resources` or `watch ports`, as root and outside the user cgroup. */
noreturn void control(const char *message);

#endif
