#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: the fault injector loads, works, and unloads.
# shellcheck source=tests/lib.sh
. /surety/tests/lib.sh

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
insmod /modules/test/surety_nofail.ko
/surety-bin/fault_inject_test $scratch || tests_failed=1
rmmod surety_nofail
for _ in 1 2 3; do
	rmmod surety_fault && insmod /modules/test/surety_fault.ko || break
done
rmmod surety_fault
report $? "the injector unloads, and loads again"
umount $scratch
finish
