#!/bin/sh
# Turns a folder into a phone. Runs as process 1 of new user, mount, network and process namespaces,
# which all go away with it. Arguments: the folder, the socket of adb's server, adb, the size of
# /data/local/tmp, a program that runs ARM64 code or "", and a port of adbd for each phone.
set -e
ROOT=$1 SOCKET=$2 ADB=$3 SIZE=$4 EMULATOR=$5
shift 5

ip link set lo up 2>/dev/null || ifconfig lo up
mount -t proc proc "$ROOT/proc"
mount -t tmpfs tmpfs "$ROOT/sys"
mount -t tmpfs -o "size=$SIZE" tmpfs "$ROOT/data/local/tmp"
mount -t tmpfs tmpfs "$ROOT/dev"
for name in null zero urandom random tty; do
  touch "$ROOT/dev/$name"
  mount --bind "/dev/$name" "$ROOT/dev/$name"
done
mkdir "$ROOT/dev/pts" # adbd's shell needs pseudo-terminals even where it uses none
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$ROOT/dev/pts"
ln -s pts/ptmx "$ROOT/dev/ptmx"
cp -r "$ROOT/etc/sys/." "$ROOT/sys/"

if [ -n "$EMULATOR" ]; then
  mount --bind "$ROOT/etc/cpuinfo" "$ROOT/proc/cpuinfo"
  mkdir -p "$ROOT/binfmt"
  mount -t binfmt_misc binfmt_misc "$ROOT/binfmt"
  # Programs whose ELF header says AArch64 (183); F opens the emulator now, outside of the phone.
  printf '%s' ":arm64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:$EMULATOR:F" > "$ROOT/binfmt/register"
fi

plug() { # adbd on this port, as a cable that is plugged in
  chroot "$ROOT" /usr/bin/env -i PATH=/usr/bin:/system/bin QEMU_CPU=cortex-a76 "ADBD_PORT=$1" \
    /usr/lib/android-sdk/platform-tools/adbd &
  echo "adbd $1 $!"
  at="127.0.0.1:$1" tries=0
  until [ "$("$ADB" -s "$at" get-state 2> /dev/null)" = device ]; do
    # A connection made before adbd was ready stays offline for good: take it back now and then.
    [ $((tries % 15)) -ne 14 ] || "$ADB" disconnect "$at" > /dev/null 2>&1 || true
    timeout 5 "$ADB" connect "$at" > /dev/null 2>&1 || true
    tries=$((tries + 1))
    sleep 0.2
  done
}

export ADB_SERVER_SOCKET="localfilesystem:$SOCKET"
"$ADB" start-server
for port in "$@"; do plug "$port"; done
if [ -n "$STRANGER" ]; then # a phone that has not allowed this machine
  $STRANGER &
  until "$ADB" devices | grep -q unauthorized; do
    timeout 5 "$ADB" connect "$STRANGER_AT" > /dev/null 2>&1 || true
    sleep 0.2
  done
fi
echo ready
while read -r verb what; do
  case $verb in
    plug) plug "$what" && echo plugged ;;
    unplug) kill -9 "$what" && echo unplugged ;;
  esac
done
