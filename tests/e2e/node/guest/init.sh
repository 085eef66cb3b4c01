#!/bin/sh
# The Node's init: containerd, the images of containers, the kubelet. Serial ports: this, containerd, kubelet.
export PATH=/usr/bin:/bin HOME=/root
up() {
  read -r seconds _ < /proc/uptime
  echo "node: $seconds s after boot: $*" > /dev/ttyS0
}
mount -t sysfs sys /sys
mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
mount -t tmpfs run /run
mount -t tmpfs tmp /tmp
mkdir -p /dev/pts /dev/shm
mount -t devpts -o ptmxmode=666 pts /dev/pts
mount -t tmpfs shm /dev/shm
mount --make-rshared /
for controller in cpuset cpu io memory pids; do echo +$controller > /sys/fs/cgroup/cgroup.subtree_control; done
# A cgroup with processes in it may not have controllers for those below.
mkdir /sys/fs/cgroup/system
in_system() { sh -c 'echo $$ > /sys/fs/cgroup/system/cgroup.procs; exec "$@"' sh "$@"; }
ip link set lo up
ip link set eth0 up
# No route leads further than to QEMU: what is asked of 10.0.2.2 comes to the loopback of the machine that emulates.
ip addr add 10.0.2.15/24 dev eth0
mkdir -p /run/node
tar x -f /dev/vdb -C /run/node
read -r name < /run/node/name
hostname "$name"
in_system containerd 2> /dev/ttyS1 &
until ctr version > /dev/null 2>&1; do usleep 200000; done
up containerd answers
ctr -n k8s.io images import /run/node/images.tar > /dev/ttyS0 2>&1
up images are imported
in_system kubelet --config=/run/node/kubelet.json --kubeconfig=/run/node/kubeconfig \
  --hostname-override="$name" --node-ip=10.0.2.15 --v=2 2> /dev/ttyS2 &
up kubelet is started
while :; do
  wait
  sleep 1
done
