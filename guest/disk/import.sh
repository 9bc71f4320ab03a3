#!/bin/sh
# Puts image layers into the layer store and makes disks of them.
# Driven over stdin by src/disk/importWorker.ts; one line per command, its raw bytes right behind a `data` or `vmdk` line:
#
#   look <hex>…                 → known <hex> <bytes> | empty <hex> | missing <hex>, then looked
#   data <name> <bytes>         appends that many bytes to an unfinished layer
#   store <name> <hex>          its digest is right: index it, then take it into the store → stored <hex>
#   empty <hex>                 remembers a layer without files
#   drop <name>                 forgets an unfinished layer
#   merge <key> <hex>…          → device <path> for each tar behind the merged tree, in its order, then
#                                 superblock <bytes of the tree> <base64 of its first bytes>
#   vmdk <bytes>                the disk's descriptor: the disk is whole → made
#
# Nothing gets its final name before it is whole; unfinished files lie in a folder that the next import clears
# once nobody holds its lock. A failure is one line, `error <text>`, on stdout.
set -eu
umask 022

store=/layers
import=$1
unfinished=$store/tmp/$import
messages=/tmp/messages
indexing=''

fail() {
  printf 'error %s\n' "$(printf '%s' "$*" | tr '\n' ' ' | tail -c 2000)"
  giveUp
}

# Reads on until the host has heard of it and hangs up: an early end would cost it the last words.
giveUp() {
  cat >/dev/null
  exit 1
}

# Runs a command; its last words become the error.
try() {
  "$@" >"$messages" 2>&1 || fail "$1: $(tail -n 5 "$messages")"
}

leave() {
  if [ -n "$indexing" ]; then wait "$indexing" || true; fi
  rm -rf "$unfinished" "$unfinished.lock"
}

# Folders of imports that were killed: their lock went with them.
clearStale() {
  for lock in "$store"/tmp/*.lock; do
    [ -f "$lock" ] || continue
    if flock --nonblock "$lock" true; then
      rm -rf "${lock%.lock}" "$lock"
    fi
  done
}

enter() {
  mkdir -p "$store/tmp" "$store/disks"
  exec 8>"$store/lock"
  flock --shared 8
  exec 7>"$store/tmp/guard"
  flock 7
  clearStale
  exec 9>"$unfinished.lock"
  flock 9
  mkdir "$unfinished"
  trap leave EXIT
  flock --unlock 7
}

look() {
  for hex in "$@"; do
    if [ -f "$store/$hex.empty" ]; then
      echo "empty $hex"
    elif [ -f "$store/$hex.idx" ] && [ -f "$store/$hex.tar" ]; then
      echo "known $hex $(stat -c %s "$store/$hex.tar")"
    else
      echo "missing $hex"
    fi
  done
  echo looked
}

receive() {
  dd bs=1M count="$2" iflag=fullblock,count_bytes oflag=append conv=notrunc status=none of="$1" 2>"$messages" ||
    fail "$(tail -n 5 "$messages")"
}

# Runs beside the stream of the next layer.
index() {
  name=$1 hex=$2
  # EROFS counts in blocks of 512 bytes.
  try truncate --size=%512 "$unfinished/$name"
  try mkfs.erofs --quiet --aufs --tar=i "$unfinished/$name.idx" "$unfinished/$name"
  mv -f "$unfinished/$name" "$store/$hex.tar"
  mv -f "$unfinished/$name.idx" "$store/$hex.idx"
  echo "stored $hex"
}

finishIndex() {
  if [ -n "$indexing" ]; then
    # index() has said why.
    wait "$indexing" || giveUp
    indexing=''
  fi
}

# Only a layer with others above and below can need it.
hideInTheMiddle() {
  if [ $# -lt 3 ]; then return; fi
  for hex in "$@"; do
    shift
    set -- "$@" "$store/$hex.tar"
  done
  try "${0%/*}/hidden.pl" "$unfinished/disk" "$@"
}

merge() {
  key=$1
  shift
  mkdir "$unfinished/disk"
  printf '%s\n' "$@" >"$unfinished/disk/layers"
  merged=$unfinished/disk/merged.erofs
  if [ $# -eq 0 ]; then
    mkdir "$unfinished/none"
    try mkfs.erofs --quiet "$merged" "$unfinished/none"
  else
    hideInTheMiddle "$@"
    layer=0
    for hex in "$@"; do
      shift
      hidden=hidden-$layer.tar
      if [ -f "$unfinished/disk/$hidden" ]; then
        try mkfs.erofs --quiet --aufs --tar=i "$unfinished/$hidden.idx" "$unfinished/disk/$hidden"
        set -- "$@" "$unfinished/$hidden.idx"
        echo "device $store/disks/$key/$hidden"
      fi
      set -- "$@" "$store/$hex.idx"
      echo "device $store/$hex.tar"
      layer=$((layer + 1))
    done
    try mkfs.erofs --quiet --aufs --ovlfs-strip=1 "$merged" "$@"
  fi
  echo "superblock $(stat -c %s "$merged") $(head -c 131072 "$merged" | base64 -w 0)"
}

finishDisk() {
  receive "$unfinished/disk/image.vmdk" "$1"
  # Another import may have made the same disk meanwhile; what it made is equal.
  mv -T "$unfinished/disk" "$store/disks/$key" 2>"$messages" ||
    [ -f "$store/disks/$key/image.vmdk" ] || fail "$(tail -n 5 "$messages")"
  echo made
}

enter
echo ready
while read -r command first rest; do
  case $command in
    look)
      # The digests are words of their own.
      # shellcheck disable=SC2086
      look $first $rest
      ;;
    data) receive "$unfinished/$first" "$rest" ;;
    store)
      finishIndex
      index "$first" "$rest" &
      indexing=$!
      ;;
    empty) : >"$store/$first.empty" ;;
    drop) rm -f "$unfinished/$first" ;;
    merge)
      finishIndex
      # shellcheck disable=SC2086
      merge "$first" $rest
      ;;
    vmdk) finishDisk "$first" ;;
    *) fail "unknown command" ;;
  esac
done
