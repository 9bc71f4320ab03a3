#!/bin/sh
# Removes from the layer store what nobody needs: prune.sh <disk key to keep>…
# First the other disks, then layers that no disk is made of. Prints `disk|layer <name> <bytes>` for each; with
# DRY_RUN=1 it only prints. `busy` if an import is running. Disks younger than MIN_AGE_MINUTES stay: the machine that one was
# imported for may be about to be made.
set -eu

store=/layers
kept=' '
for key in "$@"; do kept="$kept$key "; done

for disk in "$store"/disks/*; do
  if [ -d "$disk" ] && [ -n "$(find "$disk" -maxdepth 0 -mmin "-${MIN_AGE_MINUTES:-0}")" ]; then
    kept="$kept${disk##*/} "
  fi
done

bytesOf() { du --bytes --total --summarize "$@" | tail -n 1 | cut -f 1; }

remove() {
  kind=$1 name=$2
  shift 2
  echo "$kind $name $(bytesOf "$@")"
  if [ "${DRY_RUN:-}" != 1 ]; then rm -rf "$@"; fi
}

needed() {
  for file in "$store"/disks/*/layers; do
    [ -f "$file" ] || continue
    disk=${file%/layers}
    case $kept in *" ${disk##*/} "*) cat "$file" ;; esac
  done
}

exec 8>"$store/lock"
if ! flock --exclusive --nonblock 8; then
  echo busy
  exit 0
fi
wanted=$(needed)
for disk in "$store"/disks/*; do
  [ -d "$disk" ] || continue
  case $kept in
    *" ${disk##*/} "*) ;;
    *) remove disk "${disk##*/}" "$disk" ;;
  esac
done
for layer in "$store"/*.tar "$store"/*.empty; do
  [ -f "$layer" ] || continue
  hex=${layer##*/}
  hex=${hex%.*}
  if ! printf '%s\n' "$wanted" | grep -qxF "$hex"; then
    remove layer "$hex" "$store/$hex".*
  fi
done
# No import is running, so whatever is unfinished stays so.
if [ "${DRY_RUN:-}" != 1 ]; then rm -rf "$store"/tmp/*; fi
