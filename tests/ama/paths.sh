#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: which paths the gate takes for those of a mounted volume, by where
# it was seen mounted: texts shorter than a word, just as long, longer, and longer
# than what is kept. This shell stays away from the volumes.
# shellcheck source=tests/lib.sh
. /surety/tests/lib.sh
modprobe loop
insmod /modules/ama_core.ko && insmod /modules/ext2mfr.ko || tests_failed=1
mkdir /tmp/tree /other
touch /tmp/tree/file /tmp/tree/cold
mke2fs -q -t ext2 -d /tmp/tree /tmp/image 4M || tests_failed=1
loop=$(losetup -f --show /tmp/image)

# paths MOUNT_POINT
paths() {
	mkdir -p "$1" "/other$1" && mount -t ext2mfr "$loop" "$1" || return 1
	/surety-bin/gate_paths "$1" >/tmp/said 2>&1
	code=$?
	sed "s/^\(not \)*ok - /&${#1} bytes: /" /tmp/said
	umount "$1"
	return $code
}

for name in /v /a/mount /a/mount-of /mount/of-16-bytes /srv/volumes/the-first; do
	paths $name || tests_failed=1
done
paths "/srv/$(printf 'x%.0s' $(seq 58))" || tests_failed=1
paths "/srv/$(printf 'x%.0s' $(seq 59))" || tests_failed=1
paths "/srv/$(printf 'y%.0s' $(seq 90))" || tests_failed=1
# All that there is room for, and one more.
for nr in 1 2 3 4 5 6 7 8 9; do
	mkdir -p /many/$nr
	cp /tmp/image /tmp/image$nr
	mount -t ext2mfr "$(losetup -f --show /tmp/image$nr)" /many/$nr || tests_failed=1
done
for nr in 1 2 3 4 5 6 7; do
	(cat /many/$nr/file)
done
paths_of_8=$(/surety-bin/gate_paths /many/8 2>&1) || tests_failed=1
report "$tests_failed" "eight volumes: as one"
[ "$tests_failed" = 0 ] || diag "$paths_of_8"
check "a ninth can be used as well" ls -lR /many/9
for nr in 1 2 3 4 5 6 7 8 9; do
	check "volume $nr unmounts" umount /many/$nr
done
check "the modules unload" rmmod ext2mfr ama_core
finish
