#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In a guest that counts instructions: what the guard costs. Prints lines
# "figure STATE WHAT INSTRUCTIONS", and "way STATE WAY FIGURE" (see ama_ways).
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

# Once for nothing: the first run finds the allocators' caches empty.
/surety-bin/syscall_cost /tmp/plain >/dev/null
measure idle /tmp/plain
image=$(ls /share/*.img /add/*.img 2>/dev/null | head -n 1)
[ -n "$image" ] || exit 0
insmod /modules/ext2mfr.ko || exit 1
cp "$image" /tmp/image
mount -t ext2mfr -o loop /tmp/image /tmp/ext2 || exit 1
measure armed /tmp/plain
measure guarded /tmp/ext2
echo "way held all-of-ext2mfr $(($(cat /sys/kernel/debug/ama/memory_kib) << 10))"
umount /tmp/ext2
rmmod ext2mfr
rmmod ama_core

insmod /modules/ama_core.ko guard=off && insmod /modules/ext2mfr.ko || exit 1
mount -t ext2mfr -o loop /tmp/image /tmp/ext2 || exit 1
measure unguarded /tmp/ext2
umount /tmp/ext2
