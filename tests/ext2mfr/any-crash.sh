#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# usage: any-crash.sh POINTS BLOCK-SIZE...: every write is logged (dm-log-writes on
# /dev/vdb); afterwards the device is brought to what it may have held after a
# crash at many points, with the cache of the disk lost: of what was not flushed
# some is there and some is not.
# CRASH_DRIVER: what is mounted meanwhile, if not ext2mfr; for comparison
# shellcheck source=tests/ext2mfr/lib.sh
. /surety/tests/ext2mfr/lib.sh
modprobe -a dm-mod dm-log-writes || exit 1
driver=${CRASH_DRIVER:-ext2mfr}
points=$1
shift
log=/dev/vdb
at_fs=/tmp/work
mkdir -p $at_fs

# mark WORD:WORD...: into the log, behind what is on the device by now.
mark() {
	dmsetup message e2m 0 mark "$1" || touch /tmp/unmarked
}

keep() {
	mark "kept:$1:$(md5sum <"$at_fs/$1" | cut -d' ' -f1)"
}

# A file is confirmed once it was synchronised, and no more before it is removed.
confirm() {
	dd if=/dev/urandom of="$at_fs/$1" bs=1k count="$2" 2>/dev/null
	sync "$at_fs/$1"
	keep "$1"
}

# write_into NAME BLOCK DD-OPTIONS...: two blocks in a file that is there.
write_into() {
	into=$1 place=$2
	shift 2
	dd if=/dev/urandom of="$at_fs/$into" bs=1k count=2 seek="$place" conv=notrunc "$@" 2>/dev/null
}

# Files that last: each change is confirmed, by fsync or fdatasync.
amend() {
	mark "gone:lasting/over"
	write_into lasting/over $(($1 * 5 % 18))
	sync -d "$at_fs/lasting/over"
	keep lasting/over
	mark "gone:lasting/longer"
	write_into lasting/longer 0 oflag=append
	sync -d "$at_fs/lasting/longer"
	keep lasting/longer
	mark "gone:lasting/cut"
	truncate -s $(($1 * 7919 % 30000)) "$at_fs/lasting/cut"
	sync "$at_fs/lasting/cut"
	keep lasting/cut
	mark "gone:lasting/punched"
	fallocate -p -o $(($1 * 700)) -l 3000 "$at_fs/lasting/punched"
	sync -d "$at_fs/lasting/punched"
	keep lasting/punched
	mark "gone:lasting/replaced"
	write_into lasting/new 0
	mv "$at_fs/lasting/new" "$at_fs/lasting/replaced"
	sync "$at_fs/lasting/replaced"
	keep lasting/replaced
}

give_up() {
	mark "gone:$1"
	rm "$at_fs/$1"
}

# What is removed or cut has been on the device, so that its old pointers are
# there while others are given its blocks.
churn() {
	mkdir -p "$at_fs/churn$2"
	for nr in 1 2 3; do
		dd if=/dev/urandom of="$at_fs/churn$2/$nr" bs=1k count=$(($1 * 37 % 500 + 20)) 2>/dev/null
	done
	sync "$at_fs"/churn"$2"/*
	truncate -s 20k "$at_fs/churn$2/1"
	mv "$at_fs/churn$2/2" "$at_fs/churn$2/name-$1"
	[ ! -d "$at_fs/churn$3" ] || rm -r "$at_fs/churn$3"
}

# A directory gets the inode of a file whose name may still be on the device, before
# its own.
reuse_inode() {
	mkdir -p "$at_fs/deep"
	sync "$at_fs/early" 2>/dev/null
	rm -f "$at_fs/early"
	mkdir "$at_fs/deep/$1"
	confirm "deep/$1/file" 3
	touch "$at_fs/early"
	sync "$at_fs/early"
}

work() {
	mkdir "$at_fs/lasting"
	for file in over longer cut punched replaced; do
		confirm lasting/$file 20
	done
	for round in $(seq 24); do
		amend "$round"
		reuse_inode "$round"
		churn "$round" $((round % 3)) $(((round + 1) % 3))
		mkdir -p "$at_fs/dir$((round / 4))"
		confirm "dir$((round / 4))/$round" $((round * 91 % 350 + 1))
		[ "$round" -le 8 ] || give_up "dir$(((round - 8) / 4))/$((round - 8))"
	done
}

record() {
	make_volume 8M -t ext2 -b "$1" && dd if=$disk of=/tmp/made bs=1M count=8 2>/dev/null &&
		dmsetup create e2m --table "0 $((8 << 11)) log-writes $disk $log" &&
		dmsetup mknodes && mount -t "$driver" $dm $at_fs && work && umount $at_fs &&
		dmsetup remove e2m && consistent && [ ! -e /tmp/unmarked ]
}

# The last word on each name among the marks.
promised() {
	awk -F: '$1 == "kept" { sum[$2] = $3 } $1 == "gone" { delete sum[$2] }
		END { for (name in sum) print sum[name] "  " name }' /tmp/marks
}

# Whatever is there, nobody who walks it unrepaired gets more than an error.
walk_unrepaired() {
	mount_as ext2mfr ro || return 0
	find "$at" -type f -exec cat {} + >/dev/null 2>&1
	umount "$at"
}

# crash_at ENTRIES SEED
crash_at() {
	dd if=/tmp/made of=$disk bs=1M 2>/dev/null
	/surety-bin/replay_writes $log $disk "$1" "$2" >/tmp/marks || return 1
	walk_unrepaired
	e2fsck -fy $disk >/tmp/fsck 2>&1
	if [ $? -gt 1 ] || ! consistent >/tmp/fsck-again 2>&1; then
		echo "after $1 entries, seed $2"
		cat /tmp/fsck /tmp/fsck-again
		return 1
	fi
	promised >/tmp/promised
	promises=$((promises + $(wc -l </tmp/promised)))
	mount_as ext2mfr ro || return 1
	(cd "$at" && [ ! -s /tmp/promised ] || md5sum -c --quiet /tmp/promised) || {
		echo "after $1 entries, seed $2"
		head -n 30 /tmp/fsck
		umount "$at"
		return 1
	}
	umount "$at"
}

crash_anywhere() {
	entries=$(/surety-bin/replay_writes $log)
	promises=0
	bad=0
	for point in $(seq "$points"); do
		crash_at $((entries * point / points)) "$point" || bad=$((bad + 1))
	done
	echo "$bad of $points points are bad"
	[ "$bad" = 0 ] && [ "$promises" -gt "$points" ]
}

for size; do
	check "blocks of $size: a log of every write" record "$size"
	check "blocks of $size: e2fsck -fy leaves nothing wherever it ends, confirmed data there" \
		crash_anywhere
done
finish
