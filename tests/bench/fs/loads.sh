# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154 # the driver is guest.sh's
# Work for guest.sh: what people run, each load ending with everything written, in
# nanoseconds of the guest's time: an instruction each, and the waits.

now() {
	sed -n 's/^now at \([0-9]*\) nsecs$/\1/p' /proc/timer_list
}

# load NAME COMMAND...: in a new state of the cache.
load() {
	name=$1
	shift
	sync
	echo 3 >/proc/sys/vm/drop_caches
	start=$(now)
	if ! { "$@" && sync; } >/tmp/log 2>&1; then
		echo "$driver: $name: failed"
		tail -n 20 /tmp/log
		exit 1
	fi
	echo "figure $driver $name $(($(now) - start))"
}

untar() {
	mkdir /mnt/tree && tar -xf /share/tree.tar -C /mnt/tree
}

read_tree() {
	find /mnt/tree -type f -exec cat {} + | cksum
	# A checksum of the right length of data, not of an early end.
	[ "$(find /mnt/tree -type f | wc -l)" = "$(tar -tf /share/tree.tar | grep -vc '/$')" ]
}

mail() {
	printf 'set location /mnt\nset number 500\nset transactions 2000\nset size 500 10000\nset seed 7\nrun\nquit\n' |
		postmark >/tmp/postmark && grep -q ' deleted ' /tmp/postmark
}

many_files() {
	mkdir /mnt/many
	fs_mark -l /tmp/fs_mark.log -d /mnt/many -n 250 -s 4096 -t 4 -D 8 -S 1
}

# It runs for a time; what counts is the time for a megabyte.
clients() {
	mkdir /mnt/clients
	dbench -D /mnt/clients -t 5 -c /share/client.txt 4 >/tmp/log 2>&1
	rate=$(sed -n 's/^Throughput \([0-9.]*\) MB.*/\1/p' /tmp/log)
	[ -n "$rate" ] || { tail -n 20 /tmp/log; exit 1; }
	rm -r /mnt/clients
	awk -v rate="$rate" -v driver="$driver" \
		'BEGIN { printf "figure %s dbench-4-clients-a-MB %d\n", driver, 1e9 / rate }'
}

make_volume() {
	mke2fs -q -F -t ext2 -b 4096 -N 16384 /dev/ram0
}

run_work() {
	load untar untar
	load read-tree read_tree
	load remove-tree rm -r /mnt/tree
	load postmark mail
	load fsmark-4-writers many_files
	clients
}

check_volume() {
	e2fsck -fn /dev/ram0 >/tmp/log 2>&1 || { tail /tmp/log; return 1; }
}

# The RAM disk has a page for a block once it was written: not at the first
# driver's cost.
dd if=/dev/zero of=/dev/ram0 bs=1M 2>/dev/null
# dbench takes a semaphore set of number 0 for a failure: let it have another.
ipcmk --semaphore 1 >/dev/null
