#!/bin/sh
# What one machine's disk takes: use.sh <its disk key> <the disk keys of all other machines, one for each…>
# Prints `layer <hex> <bytes> <machines>` for each layer of its image, lowest first (the tar with its index; a layer that is
# in an image twice is told once), `tree <bytes> <machines>` for what joins them, `upper <bytes>`, and `memory <bytes>` that a
# suspend saved. Bytes are what the files take, not how long they are.
set -eu

store=/layers
own=$1

# Files that are not there take nothing.
bytes_of() { du --block-size=1 --total --summarize "$@" 2> /dev/null | tail -n 1 | cut -f 1; }

# The layers of a disk, each once.
layers_of() {
  if [ -f "$store/disks/$1/layers" ]; then awk 'NF && !seen[$0]++' "$store/disks/$1/layers"; fi
}

all=$(for key in "$@"; do layers_of "$key"; done)
trees=0
for key in "$@"; do
  if [ "$key" = "$own" ]; then trees=$((trees + 1)); fi
done
layers_of "$own" | while read -r hex; do
  echo "layer $hex $(bytes_of "$store/$hex.tar" "$store/$hex.idx") $(printf '%s\n' "$all" | grep -cxF "$hex")"
done
echo "tree $(bytes_of "$store/disks/$own") $trees"
echo "upper $(bytes_of /machine/upper.ext4)"
echo "memory $(bytes_of /machine/ram)"
