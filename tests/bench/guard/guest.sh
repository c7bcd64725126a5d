#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In a guest that counts instructions: what the guard costs. Prints lines
# "figure STATE WHAT INSTRUCTIONS", several a thing of which the least counts, and "way STATE WAY FIGURE" (see ama_ways).
mkdir -p /tmp/plain /tmp/ext2 /sys/kernel/debug
mount -t tmpfs none /tmp/plain
mount -t debugfs none /sys/kernel/debug 2>/dev/null

measure() { # STATE DIRECTORY
	/surety-bin/syscall_cost "$2" | sed "s/^/figure $1 /"
}

insmod /modules/ama_core.ko || exit 1
insmod /modules/test/ama_cost.ko || exit 1
dmesg | sed -n 's/.*ama_cost: /figure /p'
rmmod ama_cost
insmod /modules/test/ama_ways.ko || exit 1
dmesg | sed -n 's/.*ama_ways: /way /p'
echo "way held scope $(($(cat /sys/kernel/debug/ama/memory_kib) << 10))"
rmmod ama_ways
sleep 3

image=$(ls /share/*.img /add/*.img 2>/dev/null | head -n 1)
[ -n "$image" ] || exit 0
cp "$image" /tmp/image
insmod /modules/ext2mfr.ko || exit 1
# In turn, since the state that the allocators are in moves the longer rows by
# hundreds of instructions; the hooks leave two seconds after the last unmount.
for _ in 1 2 3 4 5; do
	measure idle /tmp/plain
	mount -t ext2mfr -o loop /tmp/image /tmp/ext2 || exit 1
	measure armed /tmp/plain
	measure guarded /tmp/ext2
	[ -n "$held" ] || held=$(cat /sys/kernel/debug/ama/memory_kib)
	umount /tmp/ext2
	sleep 3
done
echo "way held all-of-ext2mfr $((held << 10))"
rmmod ext2mfr
rmmod ama_core

insmod /modules/ama_core.ko guard=off && insmod /modules/ext2mfr.ko || exit 1
for _ in 1 2 3 4 5; do
	mount -t ext2mfr -o loop /tmp/image /tmp/ext2 || exit 1
	measure unguarded /tmp/ext2
	umount /tmp/ext2
	sleep 3
done
