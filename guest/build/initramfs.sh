#!/bin/sh
# Makes the kernel and the initramfs: busybox, the few modules that find the disks and the network, and `init`.
# Neither is compressed more than it comes: an emulated CPU unpacks slowly.
#   initramfs.sh <unpacked kernel package> <sources> <output folder>
set -eu
kernel=$1
sources=$2
out=$3
root=/initramfs-root
# What the root needs, and what can come while it is put together.
root_modules='virtio_mmio virtio_blk erofs overlay'
other_modules='virtio_net virtio_rng virtio_balloon button evdev'

mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$root/lib/modules" "$root/root"
cp "$kernel"/boot/vmlinuz-* "$out/vmlinuz"
version=$(basename "$kernel"/boot/vmlinuz-*)
version=${version#vmlinuz-}
printf '%s\n' "$version" > "$out/kernel-version"

tree=$kernel/usr/lib/modules/$version
[ -d "$tree" ] || tree=$kernel/lib/modules/$version
mkdir -p /lib/modules
ln -sfn "$tree" "/lib/modules/$version"
depmod "$version"

# Puts modules and what they depend on into the initramfs, and their names, in order, into a list.
add_modules() {
  list=$1
  shift
  : > "$list"
  for module in "$@"; do
    # What is built into the kernel prints `builtin`; what this kernel lacks must fail the build.
    modprobe --set-version "$version" --show-depends "$module" | while read -r kind path _; do
      [ "$kind" = insmod ] || continue
      name=$(basename "$path" .xz)
      [ ! -e "$root/lib/modules/$name" ] || continue
      case $path in
        *.xz) xz -dc "$path" > "$root/lib/modules/$name" ;;
        *) cp "$path" "$root/lib/modules/$name" ;;
      esac
      printf '%s\n' "$name" >> "$list"
    done
  done
}

# shellcheck disable=SC2086 # lists of words
add_modules "$root/root-modules" $root_modules
# shellcheck disable=SC2086
add_modules "$root/other-modules" $other_modules

cp /usr/bin/busybox "$root/bin/busybox"
for applet in sh mount mkdir insmod tar switch_root poweroff cat sleep echo chmod rm mv sync; do
  ln -s busybox "$root/bin/$applet"
done
install -m 0755 "$sources/init/init" "$root/init"
(cd "$root" && find . -print0 | LC_ALL=C sort -z | cpio --null --create --format=newc --owner=0:0 --quiet --reproducible) > "$out/initramfs.img"
