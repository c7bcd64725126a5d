#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: mounting again at every moment after the last unmount, when the
# hooks are about to be taken out, are being taken out, have just been. A mount
# goes through the gate that is waited for, so the two must not wait for each
# other.
status=0
modprobe loop
truncate -s 4M /tmp/image
mke2fs -q -t ext2 /tmp/image
loop=$(losetup -f --show /tmp/image)
mkdir -p /tmp/mounted

for pause in 0 1.7 1.9 2.0 2.1 2.2 2.3 2.5 3; do
	timeout 60 mount -t ext2mfr "$loop" /tmp/mounted &&
		touch /tmp/mounted/file && umount /tmp/mounted || status=1
	sleep $pause
done
if [ $status = 0 ]; then
	echo "ok - mounting while the hooks are being taken out"
else
	echo "not ok - mounting while the hooks are being taken out"
fi

# The same from the other side: unload as soon as it is possible.
for _ in 1 2 3; do
	mount -t ext2mfr "$loop" /tmp/mounted && umount /tmp/mounted &&
		rmmod ext2mfr && insmod /modules/ext2mfr.ko || status=1
done
rmmod ext2mfr && rmmod ama_core || status=1
if [ $status = 0 ]; then
	echo "ok - unloading right after the last unmount"
else
	echo "not ok - unloading right after the last unmount"
fi
exit $status
