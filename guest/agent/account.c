#include "agent.h"

#include <ctype.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* musl reads /etc/passwd and /etc/group itself: no NSS, so a static program can use the image's files. */

static int parse_id(const char *text, unsigned *id) {
  if (*text == '\0') return 0;
  for (const char *c = text; *c != '\0'; c++) {
    if (!isdigit((unsigned char)*c)) return 0;
  }
  unsigned long value = strtoul(text, NULL, 10);
  if (value >= 0xffffffffUL) return 0;
  *id = (unsigned)value;
  return 1;
}

static void copy_entry(const struct passwd *entry, struct account *account) {
  snprintf(account->name, sizeof account->name, "%s", entry->pw_name);
  snprintf(account->home, sizeof account->home, "%s", entry->pw_dir);
  snprintf(account->shell, sizeof account->shell, "%s", entry->pw_shell);
  account->uid = entry->pw_uid;
  account->gid = entry->pw_gid;
}

bool find_account(const char *wanted, struct account *account) {
  char user[256];
  const char *colon = strchr(wanted, ':');
  size_t length = colon ? (size_t)(colon - wanted) : strlen(wanted);
  if (length >= sizeof user) return false;
  memcpy(user, wanted, length);
  user[length] = '\0';

  memset(account, 0, sizeof *account);
  unsigned id = 0;
  const struct passwd *entry = getpwnam(user);
  if (!entry && parse_id(user, &id)) entry = getpwuid(id);
  if (entry) {
    copy_entry(entry, account);
  } else if (parse_id(user, &id)) {
    /* A uid without a passwd entry: group 0 and no home, as Docker has it. */
    snprintf(account->name, sizeof account->name, "%u", id);
    account->uid = id;
  } else if (strcmp(user, "root") == 0 || *user == '\0') {
    snprintf(account->name, sizeof account->name, "root");
    snprintf(account->home, sizeof account->home, "/root");
  } else {
    return false;
  }
  if (account->home[0] == '\0') snprintf(account->home, sizeof account->home, "/");

  if (colon) {
    const struct group *group = getgrnam(colon + 1);
    if (group) {
      account->gid = group->gr_gid;
    } else if (parse_id(colon + 1, &id)) {
      account->gid = id;
    } else {
      return false;
    }
    account->groups[0] = account->gid;
    account->group_count = 1;
    return true;
  }
  account->group_count = MAX_GROUPS;
  if (getgrouplist(account->name, account->gid, account->groups, &account->group_count) < 0) {
    account->group_count = MAX_GROUPS;
  }
  return true;
}

void become(const struct account *account) {
  /* Programs open their terminal, /dev/stdout and /dev/stderr by name: what is behind them must be theirs. */
  for (int stream = 0; stream <= 2; stream++) {
    if (fchown(stream, account->uid, (gid_t)-1) != 0) die(EXIT_CANNOT_RUN, "cannot hand over stdio");
  }
  if (setgroups((size_t)account->group_count, account->groups) != 0 || setgid(account->gid) != 0 ||
      setuid(account->uid) != 0) {
    die(EXIT_CANNOT_RUN, "cannot become %s", account->name);
  }
}
