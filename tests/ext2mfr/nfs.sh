#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# usage: nfs.sh subtree|none...: the checks of the export, each with a volume of its own.
# In the guest: the kernel's NFS server has a directory of a volume to serve, its
# client is in the same guest. Nobody answers the server's questions about exports,
# as mountd does: the answers are there before it asks.
# This shell leaves the volume to the programs that it starts (check gives each function
# a shell of its own): what NFS does under failures is not to happen in its scopes.
# shellcheck source=tests/ext2mfr/lib.sh disable=SC2317
. /surety/tests/ext2mfr/lib.sh
nfs=/tmp/nfs
shared=$at/shared	# what the server gives away
outside=$at/outside	# what it does not
rpc=/proc/net/rpc
tracing=/sys/kernel/tracing
debug=/sys/kernel/debug
fault=$debug/surety_fault
far=2147483647		# when answers expire
# Flags of exports, from include/uapi/linux/nfsd/export.h: root is whom it says it is
# (no 0x4), and fsid= makes it the root of NFSv4's names.
fsid=0x2000
no_subtree_check=0x400

# Version 3 wants a portmapper. Delegations would keep files open that nobody uses,
# whose dentries are not found by handle then. Without its directory of clients the
# server cannot be told that there is none to wait for.
serve() {
	mkdir -p $nfs /tmp/held /var/lib/nfs/v4recovery
	touch /tmp/file /tmp/gone /tmp/leaves
	mount -t nfsd nfsd /proc/fs/nfsd && ip link set lo up &&
		echo 0 >/proc/sys/fs/leases-enable &&
		echo '-3 +4 -4.0 -4.1 +4.2' >/proc/fs/nfsd/versions &&
		echo 2 >/proc/fs/nfsd/threads && echo Y >/proc/fs/nfsd/v4_end_grace &&
		echo "nfsd 127.0.0.1 $far guest" >$rpc/auth.unix.ip/channel
}

# share FLAGS
share() {
	echo "guest $shared $far $(($1)) 65534 65534 0" >$rpc/nfsd.export/channel &&
		printf '%s\n' "guest 1 \\x00000000 $far $shared" >$rpc/nfsd.fh/channel
}

# The server's answers hold the volume; and what it closes, 6.1 lets go of a little later.
detach() {
	for cache in nfsd.fh nfsd.export; do
		date +%s >$rpc/$cache/flush
	done
	for _ in 1 2 3 4 5; do
		! umount "$at" || return 0
		sleep 1
	done
	return 1
}

mount_client() {
	mount -i -t nfs4 -o vers=4.2,addr=127.0.0.1,clientaddr=127.0.0.1,noac 127.0.0.1:/ $nfs
}

# attach FLAGS: a new volume, and the client on it.
attach() {
	make_volume 24M -t ext2 -b 1024 && mount_as ext2mfr && mkdir "$shared" "$outside" &&
		share "$1" && mount_client
}

count_calls() {
	for name in fh_to_dentry fh_to_parent get_parent; do
		echo "p:$name ext2mfr:ext2mfr_$name"
	done >$tracing/kprobe_events
	echo 1 >$tracing/events/kprobes/enable
}

# calls FUNCTION: how often it was entered.
calls() {
	awk -v name="$1" '$1 == name { print $2 }' $tracing/kprobe_profile
}

# Client and server forget what nobody holds.
forget() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
}

# same: what the client reads is what the volume has.
same() {
	forget
	describe $nfs >/tmp/by-nfs && describe "$shared" >/tmp/on-volume &&
		[ "$(wc -l </tmp/by-nfs)" -gt 20 ] && diff /tmp/by-nfs /tmp/on-volume
}

# The server is asked to copy and to allocate, too.
work() {
	mkdir "$nfs/$1" && cd "$nfs/$1" && mkdir -p a/b/c d && cp /tmp/source a/large &&
		cp a/large a/b/copy && fallocate -l 100000 a/zeroes && truncate -s 70000 d/hole &&
		ln -s large a/link && ln a/large d/second && mkfifo d/fifo &&
		setfattr -n user.name -v value a/large && chmod 640 a/zeroes &&
		chown 1000:1001 d/hole && touch -d @1000000000 d/fifo || return 1
	for nr in 1 2 3 4 5 6 7 8 9 10; do
		echo "$nr" >"a/b/c/$nr" || return 1
	done
	mv a/b/copy d/moved && mv a/b/c/3 d/hole && mv a/b/c d && mv d/c/4 a/b &&
		rm a/large d/c/5 d/c/6 && mkdir d/gone && rmdir d/gone &&
		flock d/moved -c 'dd if=/tmp/source of=d/moved bs=64k seek=3 conv=notrunc,fsync' &&
		cmp /tmp/source d/second && cmp -n 196608 /tmp/source d/moved &&
		cmp -i 0:196608 /tmp/source d/moved && [ "$(cat d/hole)" = 3 ] &&
		[ "$(ls d/c)" = "1
10
2
7
8
9" ] && [ "$(getfattr --only-values -n user.name d/second)" = value ]
}

# The open file is the server's, too; of the file that is mounted and of the working
# directory nobody but the client knows.
hold() {
	mkdir -p $nfs/one/two/three && echo held >$nfs/one/two/file &&
		mount --bind $nfs/one/two/file /tmp/file &&
		mount --bind $nfs/one/two/three /tmp/held
}

held_file() {
	[ "$(cat /tmp/file)" = held ] && [ "$(stat -c %i /tmp/file)" = "$(stat -c %i "$shared/one/two/file")" ]
}

held_directory() {
	touch /tmp/held/new && [ "$(ls "$shared/one/two/three")" = new ] && rm /tmp/held/new
}

open_file() {
	exec 5>$nfs/open
	echo one >&5
	forget
	echo two >&5
	exec 5>&-
	[ "$(cat "$shared/open")" = "one
two" ]
}

working_directory() {
	cd $nfs/one/two/three && forget && touch here && forget && [ "$(ls ..)" = "file
three" ] && mv here ../there && [ -e "$shared/one/two/there" ] && rm ../there
}

# passes FUNCTION...: how often the server went into each of them to find the file
# that is mounted and the directory, both at once: those above are found once.
passes() {
	forget
	for name; do
		calls "$name"
	done >/tmp/before
	stat /tmp/file /tmp/held >/dev/null || return 1
	for name; do
		calls "$name"
	done | paste -d' ' - /tmp/before | awk '{ print $1 - $2 }' | xargs
}

stale() {
	said=$(stat "$1" 2>&1)
	echo "$said"
	[ "$said" != "${said%Stale file handle}" ]
}

# reused COMMAND: behind the client's back. It asks once: of what is stale it knows.
reused() {
	mkdir $nfs/reused && echo mine >$nfs/reused/gone && mount --bind $nfs/reused/gone /tmp/gone &&
		number=$(stat -c %i "$shared/reused/gone") && rm "$shared/reused/gone" || return 1
	seq -f "$shared/reused/%.0f" 40 | xargs touch
	[ "$(find "$shared/reused" -type f -inum "$number" | wc -l)" = 1 ] || { echo 'not reused'; return 1; }
	"$1" && stale /tmp/gone && umount /tmp/gone && rm -r $nfs/reused
}

# leaves: a file that is moved to where the server does not serve.
leaves() {
	echo leaves >$nfs/one/leaves && mount --bind $nfs/one/leaves /tmp/leaves &&
		mv "$shared/one/leaves" "$outside" && forget
}

again() {
	detach && mount_as ext2mfr && share "$1" && held_file && held_directory
}

# confirmed POLICY: what the client was told to be done is there after a crash (nothing gets
# to the device any more, and e2fsck repairs what is there), and so is the way to it
# that was made on the server and not synchronised.
confirmed() {
	make_volume 24M -t ext2 -b 1024 && mount_switchable "mfr=$1" &&
		mkdir -p "$shared/local/deep" && share $fsid && mount_client || return 1
	touch $nfs/local/deep/file && mkdir -p $nfs/a/b && echo kept >$nfs/a/b/file && sync $nfs/a/b/file && mkdir $nfs/a/c &&
		mv $nfs/a/b/file $nfs/a/c/moved && ln -s c/moved $nfs/a/link && mkfifo $nfs/a/fifo &&
		ln -s "$(printf %070d 7)" $nfs/a/long && ln $nfs/a/c/moved $nfs/second && chmod 600 $nfs/second &&
		freeze_device
	status=$?
	umount $nfs && detach && dmsetup remove e2m && [ $status = 0 ] || return 1
	e2fsck -fy $disk >/tmp/fsck 2>&1
	[ $? -le 1 ] && consistent >/dev/null && mount_as ext2mfr ro || { cat /tmp/fsck; return 1; }
	(cd "$shared" && [ "$(find . | sort | xargs)" = ". ./a ./a/b ./a/c ./a/c/moved ./a/fifo ./a/link ./a/long ./local ./local/deep ./local/deep/file ./second" ] &&
		[ "$(cat a/link second | xargs)" = 'kept kept' ] && [ "$(readlink a/long)" = "$(printf %070d 7)" ] &&
		[ "$(stat -c '%a %h' second)" = '600 2' ])
	status=$?
	[ $status = 0 ] || (cd "$shared" && find . -ls; cat /tmp/fsck)
	umount "$at"
	return $status
}

leave() {
	umount /tmp/file && umount /tmp/held && umount /tmp/leaves && umount $nfs && detach
}

# served OPERATION: pages that the reserve gave to the server's threads in it.
served() {
	grep -cE "^ *nfsd-[0-9]+ .* ama_substitute: client=ext2mfr op=$1 " $tracing/trace
}

switch() {
	for level in page slab; do
		echo "$1" >$fault/$level/probability
	done
}

# Only the server's threads are in scopes.
under_failure() {
	switch 50
	work failing
	status=$?
	for _ in 1 2 3; do
		switch 0
		forget
		switch 100
		cat /tmp/file && stat /tmp/held || status=1
	done
	switch 0
	return $status
}

failures() {
	echo >$tracing/trace
	check "allocations in the server's scopes fail" under_failure
	given=$(served export)
	check "... in the search by handles, too ($given pages)" test "$given" -gt 0
	check "the volume has what the client reads" same
}

# everything WHAT FLAGS PARENTS: with so many parents found by a file's handle.
everything() {
	check "$1: a volume is served and mounted" attach "$2"
	check "files and directories are made, renamed, removed" work first
	check "the volume has what the client reads" same
	check "a file is open while the caches are dropped" open_file
	check "handles are held" hold
	check "a directory is the working directory meanwhile" working_directory
	read -r dentries parents ups <<-END
		$(passes fh_to_dentry fh_to_parent get_parent)
	END
	check "after caches were dropped, the server decodes handles ($dentries)" test "$dentries" -ge 2
	check_is "files' handles lead to their directories" "$3" "$parents"
	check "directories lead to theirs, up to what is served ($ups)" test "$ups" -ge 3
	check "what is held is the file" held_file
	check "what is held is the directory" held_directory
	check "a removed file's handle is stale, its inode reused" reused true
	check "... and not in memory" reused forget
	check "the volume is unmounted and mounted: what is held works" again "$2"
	check "a file leaves what is served" leaves
	if [ "$3" = 0 ]; then
		check "its handle still works" grep leaves /tmp/leaves
	else
		check "its handle is stale" stale /tmp/leaves
		failures
	fi
	check "all is unmounted" leave
	check "e2fsck finds nothing" consistent
}

if ! modprobe -a nfsd nfsv4 2>/dev/null; then
	skip "NFS" "this kernel does not have it"
	finish
fi
insmod /modules/test/surety_fault.ko &&
	insmod /modules/ama_core.ko guard=page,memcg,slab &&
	insmod /modules/ext2mfr.ko || exit 3
for level in page slab; do
	echo 1 >$fault/$level/scope-filter
	echo -1 >$fault/$level/times
done
echo 1 >$tracing/events/ama/ama_substitute/enable
count_calls || exit 3
dd if=/dev/urandom of=/tmp/source bs=64k count=12 2>/dev/null

check "the NFS server starts" serve
for checks; do
	case $checks in
	subtree) everything "subtree checks" $fsid 1 ;;
	*) everything "no subtree checks" $((fsid | no_subtree_check)) 0 ;;
	esac
done
modprobe -a dm-mod dm-flakey
for policy in wait fail; do
	check "mfr=$policy: what the client was told to be done survives a crash" confirmed $policy
done
check_is "nothing needed more than its bound" 0 "$(cat $debug/ama/underruns)"
check "the server stops" eval 'echo 0 >/proc/fs/nfsd/threads'
echo 0 >$tracing/events/kprobes/enable
check "ext2mfr unloads" rmmod ext2mfr
finish
