#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# usage: guest.sh WORK DRIVER...: work on an ext2 volume in a RAM disk, by each
# driver. WORK is a file with three functions: make_volume, on /dev/ram0; run_work,
# in /mnt, which prints lines "figure DRIVER ROW COUNT"; check_volume afterwards.
mkdir -p /mnt
[ -b /dev/ram0 ] || exit 1
# shellcheck source=/dev/null
. "./$1"
shift
for driver; do
	case $driver in
	ext2mfr)
		insmod /modules/ama_core.ko && insmod /modules/ext2mfr.ko || exit 1 ;;
	ext2mfr-unguarded)
		insmod /modules/ama_core.ko guard=off && insmod /modules/ext2mfr.ko || exit 1 ;;
	esac
	make_volume || exit 1
	mount -t "${driver%-unguarded}" /dev/ram0 /mnt || exit 1
	run_work || exit 1
	umount /mnt || exit 1
	check_volume || exit 1
	case $driver in
	ext2mfr*)
		rmmod ext2mfr && rmmod ama_core || exit 1 ;;
	esac
done
