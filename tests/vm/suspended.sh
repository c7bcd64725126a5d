#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: leaves a file system with data that its device will never take, so
# that `sync` waits for ever and cannot be killed.
export DM_DISABLE_UDEV=1
modprobe dm-mod && modprobe ext4 || exit 1
dmsetup create held --table "0 $(blockdev --getsz /dev/vda) linear /dev/vda 0" &&
	mke2fs -q -t ext2 /dev/mapper/held && mount -t ext4 /dev/mapper/held /mnt &&
	head -c 4096 /dev/urandom >/mnt/file && sync &&
	dmsetup suspend --nolockfs --noflush held || exit 1
# Nothing of it is to be read.
dd if=/dev/zero of=/mnt/file bs=4096 count=1 conv=notrunc status=none
echo "the disk is suspended"
exit 9
