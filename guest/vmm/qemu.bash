# QEMU's command line, in one place for the machine and the probe.
# shellcheck shell=bash disable=SC2034,SC2054,SC2154 # `arguments` is for those who source this; QEMU's options have commas

# Sets `base` for an accelerator: base_arguments <kvm|tcg> <cpus> <MiB> <more kernel words>
base_arguments() {
  local accelerator=$1 cpus=$2 mib=$3 words=$4
  # Exactly 2048 MiB makes the loader put the initramfs where the firmware then puts its ACPI tables.
  ((mib == 2048)) && mib=2056
  local accel='kvm' cpu='host'
  if [[ $accelerator == tcg ]]; then
    # The guest's time-stamp counter is the host's. Left to calibrate it against emulated timers, about one boot in 25 hangs;
    # with a wrong figure the guest's clock and timers run at the wrong speed. The watchdog would compare it with worse clocks.
    accel='tcg,tb-size=256' cpu='max' words+=" tsc=reliable tsc_early_khz=$("$kit/tsc-khz")"
  fi
  base=(
    -M 'microvm,acpi=on,rtc=on' -accel "$accel" -cpu "$cpu" -smp "$cpus" -m "$mib"
    -nodefaults -no-user-config -display none -no-reboot
    -kernel "$kit/vmlinuz" -initrd "$kit/initramfs.img"
    -append "console=ttyS0 quiet reboot=t panic=-1 i8042.noaux i8042.nokbd $words"
    -sandbox 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'
  )
}

qemu_arguments() {
  base_arguments "$BULKHEAD_ACCELERATOR" "$BULKHEAD_CPUS" "$BULKHEAD_MEMORY_MIB" ''
  arguments=(
    "${base[@]}"
    -name "guest=$BULKHEAD_ID,debug-threads=on"
    -chardev "stdio,id=console,signal=off,logfile=$console" -serial chardev:console
    -qmp "unix:$qmp_socket,server=on,wait=off" -qmp unix:/tmp/events.sock,server=on,wait=off
    -drive "if=none,id=kit,file=$kit/agent.erofs,format=raw,read-only=on"
    -device virtio-blk-device,drive=kit,serial=kit
    -drive if=none,id=image,file=nbd:unix:/tmp/image.sock,format=raw,read-only=on
    -device virtio-blk-device,drive=image,serial=image
    -drive if=none,id=upper,file=/machine/upper.ext4,format=raw,discard=unmap,detect-zeroes=unmap,cache=writeback,aio=threads
    -device virtio-blk-device,drive=upper,serial=upper,discard=on
    -drive if=none,id=config,file=/machine/config.tar,format=raw,read-only=on
    -device virtio-blk-device,drive=config,serial=config
    -netdev "user,id=net,ipv6=off,hostfwd=tcp:127.0.0.1:2222-:22" -device virtio-net-device,netdev=net
    -device virtio-rng-device
    -device virtio-balloon-device,free-page-reporting=on
  )
  if [[ -n ${BULKHEAD_SHARE:-} ]]; then share_folder; fi
}

# The host's folder comes from virtiofsd in a container of its own (guest/share/serve), which reads and writes the guest's memory.
share_folder() {
  local i
  for i in "${!arguments[@]}"; do
    [[ ${arguments[i]} == microvm,* ]] && arguments[i]+=',memory-backend=ram'
    [[ ${arguments[i]} == -m ]] && local mib=${arguments[i + 1]}
  done
  arguments+=(
    -object "memory-backend-memfd,id=ram,size=${mib}M,share=on"
    -chardev "socket,id=share,path=$share_socket"
    -device vhost-user-fs-device,chardev=share,tag=workspace
  )
}
