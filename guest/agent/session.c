/*
 * The login shell of everybody who comes in by SSH. sshd runs it in a chroot of the kit disk, as root; it joins the user
 * cgroup, enters the image's root, becomes the wanted account there and execs the wanted program.
 */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ARGV_PREFIX "bulkhead-argv "
#define CONTROL_PREFIX "bulkhead-control "
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define OWN_SHELL KIT "/bin/busybox"

extern char **environ;

void die(int code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("bulkhead: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(code);
}

char *read_file(const char *path, size_t *size) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return NULL;
  size_t used = 0, room = 65536;
  char *text = malloc(room + 1);
  for (ssize_t got; text && (got = read(file, text + used, room - used)) > 0;) {
    used += (size_t)got;
    if (used == room) text = realloc(text, (room *= 2) + 1);
  }
  close(file);
  if (!text) die(1, "out of memory");
  text[used] = '\0';
  if (size) *size = used;
  return text;
}

static char *read_line(const char *path) {
  char *text = read_file(path, NULL);
  if (!text) die(1, "cannot read %s", path);
  text[strcspn(text, "\n")] = '\0';
  return text;
}

/* sshd is up before the guest is: nothing of the user's runs in a half-made system. */
static void wait_until_ready(void) {
  for (int tries = 0; access(KIT "/run/ready", F_OK) != 0; tries++) {
    if (tries == 6000) die(EXIT_CANNOT_RUN, "the guest did not get ready within 60 s");
    nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
  }
}

/* The process must be in the user cgroup before user code runs, or a freeze would miss it. */
static void join_user_cgroup(void) {
  int file = open(USER_CGROUP "/cgroup.procs", O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, "0", 1) != 1) die(EXIT_CANNOT_RUN, "cannot join the user cgroup");
  close(file);
}

static void enter_image(void) {
  if (chdir("/proc/1/root") != 0 || chroot(".") != 0 || chdir("/") != 0) {
    die(EXIT_CANNOT_RUN, "cannot enter the image's root");
  }
}

/*
 * sshd opened the terminal in its chroot, where it has another name; programs ask for its name and look it up. Opened
 * again by the name it has in the image's root (the same devpts), it is the same terminal under the right one.
 */
static void reopen_terminal(const char *name) {
  int file = open(name, O_RDWR | O_NOCTTY);
  if (file < 0) die(EXIT_CANNOT_RUN, "cannot open the terminal %s", name);
  for (int stream = 0; stream <= 2; stream++) {
    if (isatty(stream) && dup2(file, stream) < 0) die(EXIT_CANNOT_RUN, "cannot hand over the terminal");
  }
  if (file > 2) close(file);
}

/* What sshd itself sets for its login account; the image's account gets its own. */
static int is_login_variable(const char *entry) {
  static const char *const names[] = {"USER=", "LOGNAME=", "HOME=", "PATH=", "SHELL=", "MAIL=", "BULKHEAD_", NULL};
  for (int i = 0; names[i]; i++) {
    if (strncmp(entry, names[i], strlen(names[i])) == 0) return 1;
  }
  return 0;
}

static int is_executable(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 0111);
}

/* The account's shell, else /bin/sh, else the kit's busybox (images may have no shell at all). */
static const char *choose_shell(struct account *account) {
  if (is_executable(account->shell) && !strstr(account->shell, "nologin") && !strstr(account->shell, "/false")) {
    return account->shell;
  }
  return is_executable("/bin/sh") ? "/bin/sh" : OWN_SHELL;
}

/* Order: the image's and the settings' environment, the account's, then what the client sent. */
static void set_environment(char **sent, char *config, size_t config_size, const struct account *account, const char *shell) {
  clearenv();
  setenv("PATH", DEFAULT_PATH, 1);
  setenv("HOME", account->home, 1);
  for (char *entry = config; entry < config + config_size; entry += strlen(entry) + 1) {
    char *equals = strchr(entry, '=');
    if (!equals || equals == entry) continue;
    *equals = '\0';
    setenv(entry, equals + 1, 1);
    *equals = '=';
  }
  setenv("USER", account->name, 1);
  setenv("LOGNAME", account->name, 1);
  setenv("SHELL", shell, 1);
  if (strcmp(shell, OWN_SHELL) == 0) {
    /* An image without a shell has no tools either: let the kit's be found last. */
    char path[8192];
    snprintf(path, sizeof path, "%s:" KIT "/applets", getenv("PATH"));
    setenv("PATH", path, 1);
  }
  for (char **entry = sent; *entry; entry++) {
    static const char override[] = "BULKHEAD_ENV_";
    char *equals = strchr(*entry, '=');
    if (!equals) continue;
    if (strncmp(*entry, override, sizeof override - 1) == 0) {
      *equals = '\0';
      setenv(*entry + sizeof override - 1, equals + 1, 1);
      *equals = '=';
    } else if (!is_login_variable(*entry)) {
      putenv(*entry);
    }
  }
}

/* Hex of NUL-separated arguments → argv, in place of a shell line that would have to be quoted. */
static char **decode_argv(const char *hex) {
  size_t length = strlen(hex);
  if (length % 2 != 0 || length == 0) die(EXIT_CANNOT_RUN, "malformed argv");
  char *bytes = malloc(length / 2 + 1);
  char **argv = calloc(length / 2 + 2, sizeof *argv);
  if (!bytes || !argv) die(1, "out of memory");
  for (size_t i = 0; i < length / 2; i++) {
    unsigned value;
    if (sscanf(hex + 2 * i, "%2x", &value) != 1) die(EXIT_CANNOT_RUN, "malformed argv");
    bytes[i] = (char)value;
  }
  bytes[length / 2] = '\0';
  size_t count = 0;
  for (char *at = bytes; at <= bytes + length / 2; at += strlen(at) + 1) argv[count++] = at;
  return argv;
}

static noreturn void run(char **argv) {
  execvp(argv[0], argv);
  die(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN, "%s: %s", argv[0], strerror(errno));
}

static noreturn void run_shell(const char *shell, const char *line) {
  const char *name = strrchr(shell, '/');
  name = strcmp(shell, OWN_SHELL) == 0 ? "sh" : name ? name + 1 : shell;
  char argv0[256];
  /* A leading dash makes it a login shell. */
  snprintf(argv0, sizeof argv0, line ? "%s" : "-%s", name);
  if (line) {
    execl(shell, argv0, "-c", line, (char *)NULL);
  } else {
    execl(shell, argv0, (char *)NULL);
  }
  die(EXIT_CANNOT_RUN, "%s: %s", shell, strerror(errno));
}

int main(int argc, char **argv) {
  wait_until_ready();
  const char *line = argc == 3 && strcmp(argv[1], "-c") == 0 ? argv[2] : NULL;
  if (line && strncmp(line, CONTROL_PREFIX, strlen(CONTROL_PREFIX)) == 0) control(line + strlen(CONTROL_PREFIX));

  size_t config_size = 0;
  char *config = read_file(KIT "/run/config/env", &config_size);
  char *default_user = read_line(KIT "/run/config/user");
  char *default_folder = read_line(KIT "/run/config/workspace");
  char **sent = environ;
  const char *user = getenv("BULKHEAD_USER");
  const char *folder = getenv("BULKHEAD_CWD");

  const char *terminal = ttyname(0);

  umask(022);
  join_user_cgroup();
  enter_image();
  if (terminal) reopen_terminal(terminal);
  struct account account;
  if (user && *user) {
    if (!find_account(user, &account)) die(EXIT_CANNOT_RUN, "the image has no account %s", user);
  } else if (!find_account(default_user, &account)) {
    /* What the settings name may be missing in the image: root is there always. */
    find_account("root", &account);
  }
  const char *shell = choose_shell(&account);
  become(&account);
  set_environment(sent, config ? config : "", config_size, &account, shell);
  if (folder && *folder) {
    if (chdir(folder) != 0) die(EXIT_CANNOT_RUN, "%s: %s", folder, strerror(errno));
  } else if (chdir(default_folder) != 0 && chdir(account.home) != 0 && chdir("/") != 0) {
    die(EXIT_CANNOT_RUN, "no folder to start in");
  }
  if (!line) run_shell(shell, NULL);
  if (strcmp(line, KIT "/bin/sftp-server") == 0) run((char *[]){(char *)line, NULL});
  mind_program();
  if (strncmp(line, ARGV_PREFIX, strlen(ARGV_PREFIX)) == 0) run(decode_argv(line + strlen(ARGV_PREFIX)));
  run_shell(shell, line);
}
