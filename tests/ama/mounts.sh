#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: mounting again at every moment after the last unmount, when the
# hooks are about to be taken out, are being taken out, have just been. A mount
# goes through the gate that is waited for, so the two must not wait for each
# other.
# shellcheck source=tests/lib.sh
. /surety/tests/lib.sh
modprobe loop
insmod /modules/ama_core.ko && insmod /modules/ext2mfr.ko || tests_failed=1
truncate -s 4M /tmp/image
mke2fs -q -t ext2 /tmp/image
loop=$(losetup -f --show /tmp/image)
mkdir -p /tmp/mounted
pauses='0 1.7 1.9 2.0 2.1 2.2 2.3 2.5 3'
[ -n "${SURETY_FULL:-}" ] || pauses='0 1.8 2.1 2.4'

for pause in $pauses; do
	timeout 60 mount -t ext2mfr "$loop" /tmp/mounted &&
		touch /tmp/mounted/file && umount /tmp/mounted || tests_failed=1
	sleep $pause
done
report "$tests_failed" "mounting while the hooks are being taken out"

# The same from the other side: unload as soon as it is possible.
for _ in 1 2 3; do
	mount -t ext2mfr "$loop" /tmp/mounted && umount /tmp/mounted &&
		rmmod ext2mfr && insmod /modules/ext2mfr.ko || tests_failed=1
done
rmmod ext2mfr && rmmod ama_core || tests_failed=1
report "$tests_failed" "unloading right after the last unmount"
finish
