# Shared by the scripts of the VMM container. QMP is QEMU's JSON protocol: one line a message, on a unix socket.
# shellcheck shell=bash disable=SC2034 # the constants are for those who source this
readonly kit=/usr/lib/bulkhead
readonly qmp_socket=/tmp/qmp.sock
# In a file system of its own (src/machine/kvm/jail.ts): the guest fills it as it likes.
readonly console=/console/log
readonly outcome=/tmp/outcome
readonly ram=/machine/ram
readonly share_socket=/run/bulkhead-share/socket

say() { printf 'bulkhead-vmm: %s\n' "$1" >&2; }

# Waits until a command succeeds: wait_for <seconds> <command…>. `read` on a pipe nobody writes is a sleep without a fork.
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    read -rt 0.02 <> <(:) || true
  done
}

qmp_open() {
  wait_for 20 test -S "$qmp_socket"
  coproc QMP { exec socat - "UNIX-CONNECT:$qmp_socket"; }
  # shellcheck disable=SC2153 # set by coproc
  qmp_in=${QMP[0]} qmp_out=${QMP[1]}
  read -rt 10 -u "$qmp_in" _ # the greeting
  qmp '{"execute":"qmp_capabilities"}'
}

# Sends one command and leaves its answer in $reply; events that come before it are skipped. Fails on an error answer.
qmp() {
  printf '%s\n' "$1" >&"$qmp_out"
  while read -rt 60 -u "$qmp_in" reply; do
    case $reply in
      '{"return"'*) return 0 ;;
      '{"error"'*)
        say "$1 → $reply"
        return 1
        ;;
    esac
  done
  return 1
}

# True once the migration has ended well; exits the shell if it has ended badly or QEMU with it.
migrated() {
  qmp '{"execute":"query-migrate"}' || exit 1
  case $reply in
    *'"status": "completed"'*) return 0 ;;
    *'"status": "failed"'* | *'"status": "cancelled"'*)
      say "migration: $reply"
      exit 1
      ;;
  esac
  return 1
}

readonly use_mapped_ram='{"execute":"migrate-set-capabilities","arguments":{"capabilities":[{"capability":"mapped-ram","state":true}]}}'
