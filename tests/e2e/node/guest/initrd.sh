#!/bin/busybox sh
# First program of the machine: loads what it takes to reach the disk, which is all that follows.
b=/bin/busybox
$b mkdir -p /proc /dev /root
$b mount -t proc proc /proc
$b mount -t devtmpfs dev /dev
for module in $($b cat /order); do $b insmod "/modules/$module.ko" || $b echo "no module $module"; done
n=0
while [ ! -e /dev/vda ]; do
  n=$((n + 1))
  [ $n -gt 500 ] && $b echo "no disk" && $b poweroff -f
  $b usleep 20000
done
$b mount -t ext4 -o noatime /dev/vda /root || $b poweroff -f
$b mount -o move /dev /root/dev
$b mount -o move /proc /root/proc
exec $b switch_root /root /sbin/init
