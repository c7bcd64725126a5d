#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# usage: features.sh [long]: what features of the format, flags and mount options ask
# for, and where files and directories are put.
# shellcheck source=tests/ext2mfr/lib.sh disable=SC2317
. /surety/tests/ext2mfr/lib.sh
nobody=65534

feature() {
	dumpe2fs -h "$disk" 2>/dev/null | grep -q "^Filesystem features:.* $1"
}

# flag_of INODE FLAG: of the inode itself, as debugfs reads it.
flag_of() {
	sync
	debugfs -R "stat $1" "$disk" 2>/dev/null | grep -qi "Flags: 0x[0-9a-f]*$2"
}

unknown_ro_compat() {
	make_volume 8M -t ext2 -O huge_file || return 1
	! mount_as ext2mfr 2>/dev/null && mount_as ext2mfr ro &&
		! mount -o remount,rw "$at" 2>/dev/null && umount "$at"
}

# A directory that ext4.ko hashed: all is found, and what is changed ceases to be
# hashed, so that ext4.ko and e2fsck see what is there.
hashed_directory() {
	make_volume 16M -t ext2 -b 1024 -N 2000 && mount_as ext4 && mkdir "$at/dir" || return 1
	seq -f "$at/dir/a-rather-long-name-%.0f" 600 | xargs touch && umount "$at" || return 1
	flag_of /dir 1000 || { echo 'ext4.ko did not hash it'; return 1; }
	mount_as ext2mfr || return 1
	seq -f "$at/dir/a-rather-long-name-%.0f" 600 | xargs ls >/dev/null || return 1
	umount "$at"
	flag_of /dir 1000 || { echo 'looking changed it'; return 1; }
	mount_as ext2mfr && touch "$at/dir/new" && rm "$at/dir/a-rather-long-name-300" &&
		umount "$at" && ! flag_of /dir 1000 && consistent && mount_as ext4 &&
		[ -e "$at/dir/new" ] && [ "$(find "$at/dir" -type f | wc -l)" = 600 ] &&
		umount "$at" || return 1
	e2fsck -fyD "$disk" >/dev/null 2>&1
	mount_as ext2mfr && [ "$(find "$at/dir" -type f | wc -l)" = 600 ] &&
		[ -e "$at/dir/new" ] && umount "$at"
}

# large_file MKE2FS-OPTIONS...: the feature comes with the first large file.
large_file() {
	make_volume 8M -t ext2 -b 1024 "$@" && ! feature large_file && mount_as ext2mfr &&
		truncate -s 2G "$at/file" && echo end >>"$at/file" && umount "$at" &&
		feature large_file && consistent && mount_as ext4 ro &&
		[ "$(stat -c %s "$at/file")" = 2147483652 ] &&
		[ "$(tail -c 4 "$at/file")" = end ] && umount "$at"
}

# Attributes that ext4.ko keeps inside the inode are not ext2's, and stay.
inner_attributes() {
	make_volume 8M -t ext2 -I 256 && mount_as ext4 && echo 1 >"$at/file" &&
		setfattr -n user.inner -v kept "$at/file" && umount "$at" && mount_as ext2mfr &&
		echo 2 >>"$at/file" && chmod 600 "$at/file" && umount "$at" && consistent &&
		mount_as ext4 && [ "$(getfattr --only-values -n user.inner "$at/file")" = kept ] &&
		umount "$at"
}

clock_limits() {
	make_volume 8M -t ext2 -I 128 && mount_as ext2mfr && touch -d @-9000000000 "$at/early" &&
		touch -d @9000000000 "$at/late" &&
		[ "$(stat -c %Y "$at/early" "$at/late" | tr '\n' ' ')" = '-2147483648 2147483647 ' ] &&
		umount "$at"
}

# While it is mounted it is not clean, afterwards it is.
mount_state() {
	make_volume 8M -t ext2 && mount_as ext2mfr || return 1
	dumpe2fs -h "$disk" 2>/dev/null | grep -q '^Filesystem state: *not clean' || return 1
	umount "$at"
	dumpe2fs -h "$disk" 2>/dev/null | grep -q '^Filesystem state: *clean'
}

warns_of_interval() {
	make_volume 8M -t ext2 && tune2fs -i 1d -T 20200101 "$disk" >/dev/null
	dmesg -C
	mount_as ext2mfr && dmesg | grep -q 'vda.*checked long ago' && umount "$at"
}

# lasts OPTIONS COMMAND: what the command did is on the device, though nobody synced:
# it stops taking writes right behind it. ("." is the volume.)
lasts() {
	options=$1
	shift
	make_volume 8M -t ext2 && mount_switchable "$options" || return 1
	mkdir "$at/dir"
	echo 1 >"$at/dir/old"
	sync
	(cd "$at" && sh -c "$1")
	freeze_device
	umount "$at"
	dmsetup remove e2m
	e2fsck -fy "$disk" >/dev/null 2>&1
	mount_as ext2mfr ro && (cd "$at" && ls dir/* && cat dir/*) >/tmp/left 2>&1
	umount "$at"
}

dirsync_lasts() {
	changes='mkdir dir/d && mv dir/old dir/new && ln -s target dir/link'
	lasts rw "$changes"
	! grep -q 'dir/new' /tmp/left || { echo 'without it, too: this shows nothing'; return 1; }
	lasts dirsync "$changes"
	grep -q 'dir/d' /tmp/left && grep -q 'dir/new' /tmp/left && grep -q 'dir/link' /tmp/left || return 1
	lasts rw "chattr +D dir && sync && $changes"
	grep -q 'dir/d' /tmp/left && grep -q 'dir/new' /tmp/left && grep -q 'dir/link' /tmp/left
}

sync_lasts() {
	lasts rw 'echo written >>dir/old'
	! grep -q written /tmp/left || { echo 'without it, too: this shows nothing'; return 1; }
	lasts sync 'echo written >>dir/old'
	grep -q written /tmp/left || return 1
	lasts rw 'chattr +S dir/old && sync && echo written >>dir/old'
	grep -q written /tmp/left || return 1
	lasts sync 'fallocate -l 5000 dir/old && mkdir dir/d'
	grep -q 'dir/d' /tmp/left && [ "$(wc -c </tmp/left)" -gt 5000 ]
}

# set_links NUMBER: of the directory, on the volume.
set_links() {
	umount "$at" && debugfs -w -R "set_inode_field /dir links_count $1" "$disk" 2>/dev/null &&
		mount_as ext2mfr
}

# The count is set to one below the limit.
directory_links() {
	make_volume 8M -t ext2 && mount_as ext2mfr && mkdir "$at/dir" "$at/dir/1" "$at/dir/2" "$at/else" &&
		set_links 31999 || return 1
	mkdir "$at/dir/last" && fails_with 'Too many links' mkdir "$at/dir/more" &&
		fails_with 'Too many links' mv "$at/else" "$at/dir/" &&
		mv "$at/dir/1" "$at/dir/renamed" && mv -T "$at/else" "$at/dir/2" &&
		touch "$at/dir/file" && [ "$(stat -c %h "$at/dir")" = 32000 ] || return 1
	rmdir "$at/dir/last" && mkdir "$at/dir/more" "$at/else" &&
		fails_with 'Too many links' mv "$at/else" "$at/dir/" &&
		rmdir "$at/dir/2" && mv "$at/else" "$at/dir/" && set_links 5 && umount "$at" && consistent
}

reserved_for_group() {
	make_volume 8M -t ext2 -b 1024 -m 20 && mount_as ext2mfr resgid=4321 || return 1
	chmod 777 "$at"
	setpriv --reuid $nobody --regid 1000 --clear-groups dd if=/dev/zero of="$at/theirs" bs=64k 2>/dev/null
	[ "$(stat -f -c %a "$at")" = 0 ] && [ "$(stat -f -c %f "$at")" -gt 1500 ] || return 1
	setpriv --reuid $nobody --regid 4321 --clear-groups dd if=/dev/zero of="$at/ours" bs=64k 2>/dev/null
	[ "$(stat -f -c %f "$at")" -lt 64 ] && umount "$at" && consistent
}

# groups_are FILE DIRECTORY: of a new one in a directory that belongs to 4321.
groups_are() {
	touch "$at/dir/file" && mkdir "$at/dir/sub" &&
		[ "$(stat -c %g "$at/dir/file" "$at/dir/sub" | tr '\n' ' ')" = "$1 $2 " ] ||
		{ stat -c '%n %g' "$at/dir/file" "$at/dir/sub"; return 1; }
	rm -r "$at/dir/file" "$at/dir/sub"
}

groups() {
	make_volume 8M -t ext2 && mount_as ext2mfr grpid && mkdir "$at/dir" &&
		chgrp 4321 "$at/dir" && groups_are 4321 4321 && umount "$at" || return 1
	for options in rw nogrpid sysvgroups; do
		mount_as ext2mfr $options && groups_are 0 0 && chmod g+s "$at/dir" &&
			groups_are 4321 4321 && chmod g-s "$at/dir" && umount "$at" || return 1
	done
	tune2fs -o bsdgroups "$disk" >/dev/null && mount_as ext2mfr && groups_are 4321 4321 &&
		umount "$at" && mount_as ext2mfr nogrpid && groups_are 0 0 && umount "$at" && consistent
}

empty_options() {
	make_volume 8M -t ext2 || return 1
	for options in nocheck check=none debug nocheck,debug,check=none; do
		mount_as ext2mfr $options && touch "$at/$options" && umount "$at" || return 1
	done
	for options in check=strict check nodebug debug=1 grpid=1; do
		! mount_as ext2mfr $options 2>/dev/null || { echo "$options was taken"; return 1; }
	done
	consistent
}

# On a loop device what is discarded becomes a hole in its file.
discards_at_once() {
	truncate -s 24M /tmp/sparse
	device=$(losetup -f --show /tmp/sparse)
	mke2fs -q -F -t ext2 -b 1024 "$device" && mount -t ext2mfr -o discard "$device" "$at" &&
		dd if=/dev/urandom of="$at/file" bs=1M count=12 2>/dev/null && sync || return 1
	full=$(du -k /tmp/sparse | cut -f1)
	rm "$at/file" && sync && umount "$at" && e2fsck -fn "$device" >/dev/null 2>&1 || return 1
	left=$(du -k /tmp/sparse | cut -f1)
	losetup -d "$device"
	rm -f /tmp/sparse
	[ "$left" -lt $((full - 10000)) ]
}

# group_of_inode PATH, group_of_block PATH: of a file with a block; 8192 blocks and
# $per_group inodes each.
group_of_inode() {
	echo $((($(stat -c %i "$1") - 1) / per_group))
}

group_of_block() {
	block=$(debugfs -R "blocks ${1#"$at"}" "$disk" 2>/dev/null | awk '{ print $1 }')
	echo $(((block - 1) / 8192))
}

# Directories of the root lie in groups of their own, what is in them beside them.
locality() {
	make_volume 64M -t ext2 -b 1024 -g 8192 && mount_as ext2mfr || return 1
	per_group=$(dumpe2fs -h "$disk" 2>/dev/null | awk '/^Inodes per group/ { print $4 }')
	for dir in 1 2 3 4 5 6 7 8 9 10 11 12; do
		mkdir "$at/$dir" && mkdir "$at/$dir/below" || return 1
		for file in "$at/$dir/1" "$at/$dir/2" "$at/$dir/below/3"; do
			head -c 20000 /dev/zero >"$file"
		done
	done
	sync
	for dir in "$at"/[0-9]*; do
		home=$(group_of_inode "$dir")
		echo "$home" >>/tmp/groups
		for file in "$dir/1" "$dir/2"; do
			[ "$(group_of_inode "$file") $(group_of_block "$file")" = "$home $home" ] ||
				{ echo "$file is not in group $home"; return 1; }
		done
	done
	[ "$(sort -u /tmp/groups | wc -l)" -ge 6 ] || { cat /tmp/groups; return 1; }
	umount "$at"
}

# grow NAME: 24 files that grow by turns, at random, a block each.
grow() {
	fio --output=/dev/null --name="$1" --directory="$at" --nrfiles=24 --openfiles=24 \
		--filesize=200k-2m --file_service_type=random --rw=write --bs=4k \
		--fallocate=none --randseed=7 --ioengine=psync
}

# aged TYPE [OPTIONS]: files that grew by turns, every third of them deleted, and more
# put into the gaps; then how many extents and files there are.
aged() {
	make_volume 60M -t ext2 -b 1024 -g 8192 && mount_as "$@" && grow first || return 1
	rm "$at"/first.0.*[258]
	sync
	grow second
	sync
	find "$at" -type f -exec filefrag {} + |
		awk '{ extents += $2; files++ } END { print extents, files }' >"/tmp/aged-$1"
	umount "$at" && consistent >/dev/null
}

fragmentation() {
	aged ext4 && read -r delayed nr </tmp/aged-ext4 || return 1
	# What mount does with such a volume, if it is not told a type.
	aged ext2 && read -r theirs others </tmp/aged-ext2 || return 1
	aged ext2mfr && read -r ours nr </tmp/aged-ext2mfr || return 1
	echo "extents of $nr files that grew by turns: ext2mfr $ours, mounted as ext2 $theirs, as ext4 $delayed" >/tmp/figures
	[ "$nr" -gt 30 ] && [ "$others" = "$nr" ] && [ "$ours" -le "$theirs" ]
}

# A reader of small pieces sends large requests.
readahead() {
	make_volume 16M -t ext2 -b 1024 && mount_as ext2mfr &&
		dd if=/dev/zero of="$at/file" bs=64k count=64 2>/dev/null && sync || return 1
	echo 3 >/proc/sys/vm/drop_caches
	before=$(awk '{ print $1 }' /sys/block/vda/stat)
	dd if="$at/file" of=/dev/null bs=4k 2>/dev/null
	requests=$(($(awk '{ print $1 }' /sys/block/vda/stat) - before))
	umount "$at"
	echo "4 MiB read in pieces of 4 KiB: $requests requests" >>/tmp/figures
	[ "$requests" -lt 256 ]
}

modprobe -a loop ext4 dm-mod dm-flakey 2>/dev/null
check "an unknown feature that forbids writing: read-only" unknown_ro_compat
check "a directory that ext4.ko hashed" hashed_directory
check "large_file is set when needed" large_file -O ^large_file
check "large_file is set when needed, revision 0" large_file -r 0
check "attributes inside an inode stay" inner_attributes
check "times are clamped to 32 bits" clock_limits
check "a mounted volume is marked" mount_state
check "a volume checked long ago is warned of" warns_of_interval
check "a directory of 31998 directories takes no more, by mkdir or rename" directory_links
check "reserved blocks are for resgid=" reserved_for_group
check "discard gives back what is freed at once" discards_at_once
check "readahead" readahead
check "dirsync and chattr +D: names last" dirsync_lasts
check "sync and chattr +S: data last, and blocks reserved" sync_lasts
check "directories are spread, files are beside them" locality
check "new files take the process's group or the directory's" groups
check "options that say nothing are taken, others are not" empty_options
if [ "${1:-}" = long ]; then
	check "fragmentation no worse than ext4.ko, which allocates when it writes, too" fragmentation
fi
diag "$(cat /tmp/figures)"
umount "$at" 2>/dev/null
check "the module unloads" rmmod ext2mfr
finish
