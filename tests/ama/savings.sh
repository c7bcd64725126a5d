#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: what cache peeking and page recycling save, by leaving each out.
# shellcheck source=tests/lib.sh disable=SC2317
. /surety/tests/lib.sh
at=/tmp/mounted
ama=/sys/kernel/debug/ama
entries=3000
mkdir -p $at

begin() {
	modprobe loop
	mkdir -p /tmp/tree/dir
	(cd /tmp/tree/dir && seq -f entry-number-%.0f $entries | xargs touch)
	for name in cached cold; do
		dd if=/dev/urandom of=/tmp/tree/$name bs=64k count=4 2>/dev/null
	done
	dd if=/dev/urandom of=/tmp/tree/partly bs=64k count=32 2>/dev/null
	mke2fs -q -t ext2 -b 1024 -N 4096 -d /tmp/tree /tmp/image 24M
	loop=$(losetup -f --show /tmp/image)
}

# mounted OPTIONS [PARAMETER...]
mounted() {
	options=$1
	shift
	insmod /modules/ama_core.ko && insmod /modules/ext2mfr.ko "$@" &&
		mount -t ext2mfr -o "$options" "$loop" $at
}

gone() {
	umount $at && rmmod ext2mfr && rmmod ama_core
}

# bound OPERATION: the largest that was asked for.
bound() {
	awk -v op="$1" '$1 == op { print $4 }' $ama/clients/ext2mfr/ops
}

# searched PARAMETER...: bounds after the directory was searched to its end.
searched() {
	mounted mfr=wait "$@" || return 1
	ls -l $at/dir >/dev/null
	ls $at/dir/none 2>/dev/null
	touch $at/dir/one-more && rm $at/dir/one-more
	echo "$(bound gate_lookup) $(bound lookup) $(bound change) $(bound gate_readdir)"
	gone
}

recycling() {
	with=$(searched) && without=$(searched recycle=N) || return 1
	diag "pages asked for by a path lookup, lookup, change, readdir, $entries entries"
	diag "recycling:  $with"
	diag "without it: $without"
	for nr in 1 2 3 4; do
		[ "$(echo "$with" | cut -d' ' -f$nr)" -lt \
			"$(($(echo "$without" | cut -d' ' -f$nr) / 3))" ] || return 1
	done
}

# asked_by_read BYTES: the bound of a read on a volume of such blocks.
asked_by_read() {
	truncate -s 4M /tmp/small && mke2fs -q -F -t ext2 -b "$1" /tmp/small &&
		insmod /modules/ama_core.ko && insmod /modules/ext2mfr.ko &&
		mount -t ext2mfr -o loop /tmp/small $at &&
		echo text >$at/file && cat $at/file >/dev/null || return 1
	bound gate_read
	gone
}

# The smaller a block, the more of them may share a page, each with a head.
block_sizes() {
	small=$(asked_by_read 1024) && large=$(asked_by_read 4096) || return 1
	diag "pages asked for by a read, blocks of 1 KiB: $small, of 4 KiB: $large"
	[ "$large" -lt "$small" ]
}

# read_while_held SECONDS FILE...: what becomes of reads while the reserve is held
# for that time.
read_while_held() {
	held=$1
	shift
	# Not by this shell: a task that has evicted inodes has met the client, and
	# its own calls would wait as well.
	sysctl -q vm.drop_caches=3
	cat $at/cached >/dev/null
	head -c 70000 $at/partly >/dev/null
	(cd $at && exec /surety-bin/read_held "$@" </tmp/go >/tmp/said) &
	reader=$!
	exec 5>/tmp/go
	until [ -s /tmp/said ]; do
		sleep 0.1
	done
	insmod /modules/test/ama_hold.ko || return 1
	echo go >&5
	exec 5>&-
	if [ "$held" -gt 0 ]; then
		sleep "$held"
		rmmod ama_hold
		wait $reader
	else
		wait $reader
		rmmod ama_hold
	fi
	grep -v '^open' /tmp/said | sort | paste -sd' ' | sed "s/ [0-9a-f]\{8\} / /g"
}

# The same files where nothing has to wait.
same_sums() {
	grep ' read ' /tmp/said | sort >/tmp/held_sums
	mkfifo /tmp/go2 2>/dev/null
	(cd /tmp/tree && /surety-bin/read_held cached cold partly </tmp/go2 >/tmp/right) &
	echo go >/tmp/go2
	wait
	grep ' read ' /tmp/right | sort | cmp - /tmp/held_sums
}

peeking() {
	check_is "cached data is read while the reserve is held, other data waits" \
		"cached read 262144 cold waited" "$(read_while_held 0 cached cold)"
	check_is "one read was in vain" 1 "$(cat $ama/peeked_again)"
	diag "reads admitted to the cache alone: $(cat $ama/peeked), in vain $(cat $ama/peeked_again); each asked for 8 pages, whole: $(bound gate_read)"
	echo N >/sys/module/ama_core/parameters/peek
	check_is "without peeking both wait" "cached waited cold waited" \
		"$(read_while_held 0 cached cold)"
	echo Y >/sys/module/ama_core/parameters/peek
	check_is "what is not cached goes on when the reserve is free again" \
		"cached read 262144 cold read 262144 partly read 2097152" \
		"$(read_while_held 2 cached cold partly)"
	check "and every byte is right" same_sums
	mount -o remount,mfr=fail $at
	check_is "policy fail: cached data is read, the rest is refused" \
		"cached read 262144 cold Cannot allocate memory" \
		"$(read_while_held 0 cached cold)"
	check_is "nothing needed more than its bound" 0 "$(cat $ama/underruns)"
}

begin
mkfifo /tmp/go
check "page recycling keeps the demand of searches constant" recycling
check "a request asks for no more than the volume's blocks need" block_sizes
mounted mfr=wait || not_ok "mount"
peeking
check "the modules unload" gone
losetup -d "$loop"
rm -r /tmp/go /tmp/go2 /tmp/tree /tmp/image /tmp/small
finish
