#!/bin/sh
# Prints `disk <key> <bytes of its index> <layers>` for each disk in the store, `layer <hex> <bytes>` for each layer.
set -eu

store=/layers
for file in "$store"/disks/*/layers; do
  [ -f "$file" ] || continue
  disk=${file%/layers}
  echo "disk ${disk##*/} $(stat -c %s "$disk/merged.erofs") $(grep -c . "$file" || true)"
done
for layer in "$store"/*.tar; do
  [ -f "$layer" ] || continue
  hex=${layer##*/}
  echo "layer ${hex%.tar} $(stat -c %s "$layer")"
done
