#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# usage: guest.sh SECONDS [FULL]: in the guest: the loads that people test file systems
# with, each on a fresh volume that is checked afterwards.
# shellcheck source=tests/ext2mfr/lib.sh disable=SC2317
. /surety/tests/ext2mfr/lib.sh
seconds=$1 full=${2:-}
# How much of each that does not run for a time.
scale=1
[ -z "$full" ] || scale=3

# load NAME COMMAND...: on an empty volume.
load() {
	name=$1
	shift
	make_volume 190M -t ext2 -b 4096 -m 0 -N 16384 >/dev/null && mount_as ext2mfr || {
		not_ok "$name: mkfs and mount"
		return
	}
	check "$name" "$@"
	[ ! -s /tmp/figures ] || diag "$(cat /tmp/figures)"
	: >/tmp/figures
	check "$name: unmount" umount "$at"
	check "$name: the volume is consistent" consistent
}

# What is read back is compared with checksums that were written beside it.
verify() {
	fio --output=/tmp/fio.log --directory="$at" --size=$((2 * scale))m --verify=crc32c \
		--verify_fatal=1 --verify_backlog=64 --randrepeat=1 --group_reporting \
		--name=buffered --rw=randwrite --bsrange=512-64k --ioengine=psync \
		--name=direct --rw=randwrite --bs=4k --ioengine=libaio --iodepth=8 --direct=1 \
		--name=mapped --rw=randwrite --bs=4k --ioengine=mmap \
		--name=ring --rw=randwrite --bs=16k --ioengine=io_uring --iodepth=4 \
		--name=holes --rw=randwrite --bs=1k --ioengine=psync --filesize=64m --io_size=${scale}m ||
		{ cat /tmp/fio.log; return 1; }
	grep -E '^ +(READ|WRITE):' /tmp/fio.log >/tmp/figures
}

# Every stressor of its class that works on files; the others are about /proc,
# /sys, control groups, other file systems or the scheduler of blocks.
stress() {
	stress-ng --class filesystem --sequential 1 --timeout "$seconds" --verify \
		--temp-path "$at" --log-brief --times --oomable --iomix-bytes 16m \
		--exclude binderfs,ioprio,procfs,sysfs,ramfs,fsize,chroot \
		>/tmp/stress.log 2>&1 || { tail -n 40 /tmp/stress.log; return 1; }
	grep -E 'successful run|passed:|failed:|skipped:' /tmp/stress.log >/tmp/figures
	! grep -E 'fail:' /tmp/stress.log
}

clients() {
	dbench -D "$at" -t "$seconds" -c /usr/share/dbench/client.txt 4 >/tmp/dbench.log 2>&1 ||
		{ tail -n 20 /tmp/dbench.log; return 1; }
	! grep -iE 'failed|error' /tmp/dbench.log && grep -q Throughput /tmp/dbench.log
}

small_files() {
	mkdir "$at/many"
	fs_mark -l /tmp/fs_log.txt -d "$at/many" -n $((60 * scale)) -s 6000 -t 4 -D 8 -S 1 -L 2 >/tmp/fsmark.log 2>&1 ||
		{ tail -n 20 /tmp/fsmark.log; return 1; }
	[ "$(grep -cE '^ +[0-9]+ +[0-9]+ +6000' /tmp/fsmark.log)" = 2 ]
}

mail() {
	printf 'set location %s\nset number %d\nset transactions %d\nset size 500 20000\nset seed 7\nrun\nquit\n' \
		"$at" $((200 * scale)) $((400 * scale)) | postmark >/tmp/postmark.log 2>&1 ||
		{ tail -n 20 /tmp/postmark.log; return 1; }
	grep -qE '[0-9]+ deleted' /tmp/postmark.log && ! grep -i error /tmp/postmark.log
}

# dbench takes a semaphore set of number 0 for a failure: let it have another.
ipcmk --semaphore 1 >/dev/null
load "fio, every block verified" verify
[ -z "$full" ] || load "stress-ng, file system class" stress
load "dbench, 4 clients" clients
load "fsmark, 4 writers" small_files
load "postmark" mail
check "the modules unload" rmmod ext2mfr ama_core
finish
