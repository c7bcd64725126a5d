#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# usage: guest.sh DRIVER...: file system work on an ext2 image in a RAM disk, by
# each driver. Prints lines "figure DRIVER ROW INSTRUCTIONS".
mkdir -p /mnt
image=$(find /share /add -name "*.img" 2>/dev/null | head -n 1)
[ -b /dev/ram0 ] || exit 1
for driver; do
	case $driver in
	ext2mfr)
		insmod /modules/ama_core.ko && insmod /modules/ext2mfr.ko || exit 1 ;;
	ext2mfr-unguarded)
		insmod /modules/ama_core.ko guard=off && insmod /modules/ext2mfr.ko || exit 1 ;;
	esac
	zcat "$image" >/dev/ram0 || exit 1
	mount -t "${driver%-unguarded}" /dev/ram0 /mnt || exit 1
	(cd /mnt && /surety-bin/ext2mfr_bench) | sed "s/^/figure $driver /"
	umount /mnt || exit 1
	case $driver in
	ext2mfr*)
		rmmod ext2mfr && rmmod ama_core || exit 1 ;;
	esac
done
