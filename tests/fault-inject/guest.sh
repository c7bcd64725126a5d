#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: the fault injector loads, works, and unloads.
status=0

report() {
	if [ "$1" = 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		status=1
	fi
}

scratch=/tmp/scratch
mkdir -p $scratch
truncate -s 32M /tmp/image
mke2fs -q -t ext2 /tmp/image
modprobe loop && modprobe ext4 || exit 1
# Not mount -o loop, which keeps the device open for writing; that may exclude a
# mount.
mount -t ext4 "$(losetup -f --show /tmp/image)" $scratch || exit 1

insmod /modules/test/surety_fault.ko
report $? "the injector loads"
/surety-bin/fault_inject_test $scratch || status=1
for _ in 1 2 3; do
	rmmod surety_fault && insmod /modules/test/surety_fault.ko || break
done
rmmod surety_fault
report $? "the injector unloads, and loads again"
umount $scratch
exit $status
