#!/bin/sh
# Makes the agent disk (EROFS): what runs inside a guest, with its own loader and libraries, so that it needs nothing of the
# image it is mounted into. It is seen twice: at /.bulkhead in the guest, and as the root of sshd's chroot; the link
# `.bulkhead -> .` makes one set of paths right in both.
#   agent-disk.sh <sources> <output folder>
set -eu
sources=$1
out=$2
root=/agent-root

# Copies a program and its libraries, and makes it find them (and its loader) under /.bulkhead/lib.
add_program() {
  program=$1
  target=$root/bin/$(basename "$program")
  cp "$program" "$target"
  ldd "$program" | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p; s/^\t\(\/[^ ]*ld-linux[^ ]*\).*/\1/p' | while read -r library; do
    cp -Ln "$library" "$root/lib/" 2>/dev/null || true
  done
  loader=$(basename "$(patchelf --print-interpreter "$program")")
  patchelf --set-interpreter "/.bulkhead/lib/$loader" --set-rpath /.bulkhead/lib "$target"
}

mkdir -p "$root/bin" "$root/lib" "$root/applets" "$root/etc" "$root/proc" "$root/sys" "$root/dev" "$root/run" "$root/tmp" \
  "$root/state" "$root/root" "$out"
ln -s . "$root/.bulkhead"
ln -s bin "$root/sbin"

for program in /usr/sbin/sshd /usr/lib/openssh/sshd-session /usr/lib/openssh/sshd-auth /usr/lib/openssh/sftp-server \
  /usr/bin/inotifywait /usr/bin/tar; do
  add_program "$program"
done
for library in "$root"/lib/*.so*; do
  case $(basename "$library") in
    ld-linux*) ;;
    *) patchelf --set-rpath /.bulkhead/lib "$library" ;;
  esac
done

cp /usr/bin/busybox "$root/bin/busybox"
for applet in $("$root/bin/busybox" --list); do
  ln -s ../bin/busybox "$root/applets/$applet"
done
musl-gcc -static -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -o "$root/bin/session" "$sources/agent/session.c" "$sources/agent/account.c" \
  "$sources/agent/control.c" "$sources/agent/minder.c" "$sources/agent/procfs.c" "$sources/agent/resources.c" "$sources/agent/ports.c"
musl-gcc -static -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -o "$root/bin/git-credential-bulkhead" "$sources/agent/git-credential.c"
musl-gcc -static -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -o "$root/bin/tree" "$sources/agent/tree.c"

cp "$sources/agent/sshd_config" "$sources/agent/passwd" "$sources/agent/group" "$root/etc/"
install -m 0755 "$sources/init/guest-init" "$root/init"
install -m 0755 "$sources/init/tell-docker" "$root/bin/tell-docker"
mkfs.erofs --quiet --all-root -T 0 "$out/agent.erofs" "$root"
