/* What virtiofsd may do to the folder that it serves: guard.c, on names (names.c), places (place.c) and hard links (links.c). */
#ifndef GUARD_H
#define GUARD_H

#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

#define SHARE "/share"
/* Room for a path and one more name. */
#define PATH_ROOM (2 * PATH_MAX)

/* names.c: whether the guest must leave an absolute path in the share alone. */
int is_protected(const char *path);
/* names.c: whether a path is that of a package's folder, or of something in one, where names of editors' settings are only names. */
int is_package(const char *path);

/* place.c: whether a path is the share's own, or in it. */
int is_in_share(const char *path);
/* place.c: the absolute path of what (dirfd, name) is or would be; -1 if it is not in the share, or can't be told. */
int path_in_share(int dirfd, const char *name, char path[PATH_ROOM]);

/* links.c: the guest has made (dirfd, name) as one more name of a file. */
void remember_link(int dirfd, const char *name);
/* links.c: whether (dirfd, name) is a file that also has a name which the guest did not make, maybe outside of the share. */
int has_foreign_name(int dirfd, const char *name);

#endif
