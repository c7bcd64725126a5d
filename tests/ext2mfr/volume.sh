#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# usage: volume.sh ENTRIES: what concerns the volume as a whole: sizes, options,
# reserved blocks, damage found, freezing, discarding; and a large directory.
# shellcheck source=tests/ext2mfr/lib.sh disable=SC2317
. /surety/tests/ext2mfr/lib.sh
entries=$1
huge=/tmp/huge
nobody=65534

said() {
	dmesg | tail -n 30 | grep -q "$1"
}

small_volume() {
	make_volume 1M -t ext2 -b 1024 -N 16 && mount_as ext2mfr &&
		echo some >"$at/file" && umount "$at" && consistent
}

# Superblock, descriptors and bitmaps are real, the rest is a hole in a file.
large_volume() {
	truncate -s 2T $huge && mke2fs -q -F -t ext2 -b 4096 -m 0 -i 67108864 \
		-O ^resize_inode,sparse_super2 -E nodiscard,lazy_itable_init=1 $huge ||
		return 1
	device=$(losetup -f --show $huge) || return 1
	mount -t ext2mfr "$device" "$at" &&
		echo far >"$at/file" && mkdir "$at/dir" &&
		[ "$(stat -f -c %b "$at")" -gt 500000000 ] && umount "$at" &&
		mount -t ext4 -o ro "$device" "$at" &&
		[ "$(cat "$at/file")" = far ] && umount "$at"
	status=$?
	losetup -d "$device"
	rm -f $huge
	return $status
}

large_directory() {
	make_volume 60M -t ext2 -b 1024 -N $((entries + 100)) -m 0 && mount_as ext2mfr || return 1
	mkdir "$at/dir"
	seq -f "$at/dir/entry-number-%.0f" "$entries" | xargs touch &&
		[ "$(find "$at/dir" -type f | wc -l)" = "$entries" ] &&
		[ -e "$at/dir/entry-number-$((entries / 2))" ] &&
		[ ! -e "$at/dir/entry-number-0" ] &&
		seq -f "$at/dir/entry-number-%.0f" 1 3 "$entries" | xargs rm &&
		umount "$at" && consistent && mount_as ext2mfr &&
		[ "$(find "$at/dir" -type f | wc -l)" = $((entries - (entries + 2) / 3)) ]
}

# As another user: all but the reserve; as the one it is kept for: that too.
reserved_blocks() {
	make_volume 8M -t ext2 -b 1024 -m 20 && mount_as ext2mfr "resuid=$nobody" || return 1
	chmod 777 "$at"
	free=$(stat -f -c %f "$at")
	usable=$(stat -f -c %a "$at")
	[ $((free - usable)) -gt 1500 ] || return 1
	setpriv --reuid 1000 dd if=/dev/zero of="$at/theirs" bs=64k 2>/dev/null
	[ "$(stat -f -c %a "$at")" = 0 ] && [ "$(stat -f -c %f "$at")" -gt 1500 ] || return 1
	setpriv --reuid $nobody dd if=/dev/zero of="$at/ours" bs=64k 2>/dev/null
	[ "$(stat -f -c %f "$at")" -lt 64 ] && umount "$at" && consistent
}

block_counts() {
	make_volume 8M -t ext2 -b 1024 && mount_as ext2mfr bsddf || return 1
	without=$(stat -f -c %b "$at")
	mount -o remount,minixdf "$at" || return 1
	with=$(stat -f -c %b "$at")
	umount "$at"
	[ "$with" = 8192 ] && [ "$without" -lt "$with" ]
}

# The first superblock is gone; the copy is where the second group begins.
other_superblock() {
	make_volume 20M -t ext2 -b 1024 && mount_as ext2mfr && echo here >"$at/file" &&
		umount "$at" || return 1
	dd if=/dev/zero of="$disk" bs=1024 seek=1 count=1 conv=notrunc 2>/dev/null
	! mount_as ext2mfr && mount_as ext2mfr ro,sb=8193 &&
		[ "$(cat "$at/file")" = here ] && umount "$at"
}

# Were it believed, each search would look at a million blocks that are not there.
endless_directory() {
	make_volume 8M -t ext2 -b 1024 && mount_as ext2mfr && mkdir "$at/dir" && umount "$at" &&
		debugfs -w -R 'set_inode_field /dir size 1073741824' "$disk" 2>/dev/null &&
		mount_as ext2mfr && ! timeout 20 ls "$at/dir/file" 2>/tmp/said &&
		grep -q 'needs cleaning' /tmp/said && umount "$at"
}

# Read-only and back; a file that is open for writing is in the way.
# ends_at OFFSET BYTES: a listing ends where these are written over an entry's,
# with what comes before it listed once.
ends_at() {
	make_volume 8M -t ext2 -b 1024 && mount_as ext2mfr && touch "$at/before" "$at/the-entry" &&
		umount "$at" || return 1
	block=$(($(debugfs -R 'blocks /' "$disk" 2>/dev/null)))
	where=$(dd if="$disk" bs=1024 skip="$block" count=1 2>/dev/null | grep -abo the-entry | cut -d: -f1)
	printf '%b' "$2" | dd of="$disk" bs=1 seek=$((block * 1024 + where + $1)) conv=notrunc 2>/dev/null
	mount_as ext2mfr || return 1
	ls -f "$at" >/tmp/listing 2>/tmp/said
	status=$?
	umount "$at" && [ $status != 0 ] && grep -q 'needs cleaning' /tmp/said && ! grep -q entry /tmp/listing &&
		[ "$(grep -c before /tmp/listing)" = 1 ] && { e2fsck -fy "$disk" >/dev/null 2>&1; consistent >/dev/null 2>&1; }
}

damaged_entry() {
	ends_at 3 / && ends_at 3 '\0000' && ends_at -4 '\0003' && ends_at -2 '\0000'
}

remounts() {
	make_volume 8M -t ext2 -b 1024 && mount_as ext2mfr && echo one >"$at/file" || return 1
	exec 5>"$at/open"
	! mount -o remount,ro "$at" 2>/dev/null || return 1
	exec 5>&-
	mount -o remount,ro "$at" && ! touch "$at/new" 2>/dev/null &&
		dumpe2fs -h "$disk" 2>/dev/null | grep -q 'Filesystem state: *clean' &&
		consistent && [ "$(cat "$at/file")" = one ] || return 1
	mount -o remount,rw "$at" && echo two >>"$at/file" && mkdir "$at/dir" && umount "$at" &&
		consistent && mount_as ext2mfr && [ "$(cat "$at/file")" = "one
two" ] && umount "$at"
}

errors_continue() {
	damaged && mount_as ext2mfr errors=continue || return 1
	! ls "$at/dir" 2>/dev/null && touch "$at/else" && umount "$at"
}

errors_remount() {
	damaged && mount_as ext2mfr errors=remount-ro || return 1
	! ls "$at/dir" 2>/dev/null && ! touch "$at/else" 2>/dev/null && umount "$at" &&
		dumpe2fs -h "$disk" 2>/dev/null | grep -q 'Filesystem state: .*errors'
}

warns_of_errors() {
	errors_continue && dmesg -C &&
		mount_as ext2mfr && said 'vda.*run e2fsck' && umount "$at"
}

warns_of_count() {
	make_volume 8M -t ext2 -b 1024 && tune2fs -c 3 -C 4 "$disk" >/dev/null
	dmesg -C
	mount_as ext2mfr && said 'vda.*often enough' && umount "$at"
}

# What a machine that was switched off leaves: mounted, that is not clean.
warns_of_unclean() {
	make_volume 8M -t ext2 -b 1024 && debugfs -w -R 'ssv state 0' "$disk" 2>/dev/null
	dmesg -C
	mount_as ext2mfr && said 'vda.*not unmounted cleanly' && umount "$at" && consistent
}

freezes() {
	make_volume 8M -t ext2 -b 1024 && mount_as ext2mfr && fsfreeze -f "$at" || return 1
	touch "$at/later" &
	writer=$!
	sleep 1
	[ ! -e "$at/later" ] && e2fsck -fn "$disk" >/dev/null 2>&1 && fsfreeze -u "$at" &&
		wait $writer && [ -e "$at/later" ] && umount "$at"
}

# On a loop device what is discarded becomes a hole in its file.
discards() {
	truncate -s 24M $huge
	device=$(losetup -f --show $huge)
	mke2fs -q -F -t ext2 -b 1024 "$device" && mount -t ext2mfr "$device" "$at" &&
		dd if=/dev/urandom of="$at/file" bs=1M count=12 2>/dev/null && sync || return 1
	full=$(du -k $huge | cut -f1)
	rm "$at/file" && sync && fstrim "$at" && umount "$at" || return 1
	e2fsck -fn "$device" >/dev/null 2>&1 || return 1
	left=$(du -k $huge | cut -f1)
	losetup -d "$device"
	rm -f $huge
	[ "$left" -lt $((full - 10000)) ]
}

# differs FIRST COUNT: do these MiB of the device differ from what they were.
differs() {
	! cmp -s -i "${1}M" -n "${2}M" /tmp/before $huge
}

# All of a device is full of what is then removed; of that only the range is to go.
trims_range() {
	truncate -s 24M $huge
	device=$(losetup -f --show $huge)
	mke2fs -q -F -t ext2 -b 1024 "$device" && mount -t ext2mfr "$device" "$at" || return 1
	yes | split -b 256k - "$at/piece-" 2>/dev/null
	rm "$at"/piece-*[acegikmoqsuwy]
	sync
	cp $huge /tmp/before
	fstrim -v -m 1M "$at" | grep -q ' 0 B ' && ! differs 1 23 || { echo 'less than the least'; return 1; }
	rm "$at"/piece-*
	sync
	cp $huge /tmp/before
	fstrim -v -o 12M -l 3M "$at" >/tmp/said && differs 12 1 && differs 14 1 && ! differs 1 11 &&
		! differs 15 9 && grep -q '(\(30\|31\)[0-9]* bytes)' /tmp/said || { cat /tmp/said; return 1; }
	! fstrim -o 24M "$at" 2>/dev/null && umount "$at" && e2fsck -fn "$device" || return 1
	losetup -d "$device"
	rm -f $huge /tmp/before
}

# blocks_of FILE: the place of each in the file and on the device.
blocks_of() {
	filefrag -v "$1" | tr -d '.:' | awk '$1 ~ /^[0-9]+$/ {
		for (i = 0; i <= $3 - $2; i++) print $2 + i, $4 + i }'
}

# As ext4.ko has them: holes, pieces, three levels of pointers' worth.
fiemap_agrees() {
	make_volume 8M -t ext2 -b 1024 && mount_as ext2mfr || return 1
	for nr in 0 3 4 11 12 13 20 21 267 268 269 270 600 5000 70000; do
		dd if=/dev/zero of="$at/file" bs=1k seek=$nr count=2 conv=notrunc 2>/dev/null
		dd if=/dev/zero of="$at/other" bs=1k seek=$nr count=1 conv=notrunc 2>/dev/null
	done
	sync
	blocks_of "$at/file" >/tmp/ours
	umount "$at" && consistent && mount_as ext4 ro && blocks_of "$at/file" >/tmp/theirs &&
		umount "$at" || return 1
	[ "$(wc -l </tmp/ours)" = 23 ] && diff /tmp/ours /tmp/theirs
}

labelled() {
	make_volume 8M -t ext2 -b 1024 -L a-label && mount_as ext2mfr &&
		[ "$(/surety-bin/volume_label "$at")" = a-label ] && umount "$at"
}

# Groups that have no room for all reserved inodes, of which there are ten.
small_groups() {
	make_volume 60M -t ext2 -b 1024 -N 64 && mount_as ext2mfr || return 1
	made=0
	while echo "$made" >"$at/file-$made"; do
		made=$((made + 1))
	done 2>/dev/null
	umount "$at" && consistent && [ "$made" = 53 ] && mount_as ext4 ro &&
		[ "$(cat "$at/file-52")" = 52 ] && umount "$at"
}

# The volume's own, wherever it is mounted.
volume_id() {
	make_volume 8M -t ext2 && mount_as ext2mfr && id=$(stat -fc %i "$at") && umount "$at" &&
		mount_as ext4 && [ "$(stat -fc %i "$at")" = "$id" ] && umount "$at"
}

# What chooses what is always so here; and that others are still refused.
needless_options() {
	make_volume 8M -t ext2 &&
		mount_as ext2mfr nocheck,check=none,nobh,noquota,noreservation,orlov && umount "$at" &&
		! mount_as ext2mfr usrquota 2>/dev/null && ! mount_as ext2mfr check=normal 2>/dev/null
}

# owned_by OPTIONS FILE...: their owners, as a mount with these options sees them.
owned_by() {
	options=$1
	shift
	mount_as ext2mfr "$options" && (cd "$at" && stat -c %u:%g "$@" | tr '\n' ' ') && umount "$at"
}

short_owners() {
	make_volume 8M -t ext2 && mount_as ext2mfr && touch "$at/long" && chown 70000:70001 "$at/long" &&
		umount "$at" && mount_as ext2mfr nouid32 && touch "$at/short" &&
		chown 70000:1001 "$at/short" && umount "$at" && consistent &&
		[ "$(owned_by rw long short)" = "70000:70001 65534:1001 " ] &&
		[ "$(owned_by nouid32 long short)" = "4464:4465 65534:1001 " ]
}

tells_layout() {
	make_volume 8M -t ext2 -b 1024 && dmesg -c >/dev/null && mount_as ext2mfr &&
		! said '8192 blocks of 1024 bytes' && mount -o remount,debug "$at" && umount "$at" &&
		mount_as ext2mfr debug && said '8192 blocks of 1024 bytes' && umount "$at"
}

modprobe -a loop ext4 2>/dev/null
check "a volume of 1 MiB" small_volume
check "a volume of 2 TiB" large_volume
check "a directory of $entries entries" large_directory
check "reserved blocks are for root and resuid=" reserved_blocks
check "minixdf and bsddf" block_counts
check "sb= finds another superblock" other_superblock
check "remount read-only and back" remounts
check "errors=continue" errors_continue
check "errors=remount-ro" errors_remount
check "a directory longer than its blocks is damage" endless_directory
check "a listing ends at a damaged entry" damaged_entry
check "a volume with errors is warned of" warns_of_errors
check "a volume mounted too often is warned of" warns_of_count
check "a volume that was not unmounted is warned of" warns_of_unclean
check "freezing and thawing" freezes
check "FITRIM discards what is free" discards
check "FITRIM: from where, how far, and no less than that" trims_range
check "fiemap says where ext4.ko finds it" fiemap_agrees
check "the label" labelled
check "groups too small for the reserved inodes" small_groups
check "statfs tells the volume's id" volume_id
check "options that are needless here are taken, others refused" needless_options
check "nouid32" short_owners
check "debug tells the layout" tells_layout
umount "$at" 2>/dev/null
check "the module unloads" rmmod ext2mfr
finish
