# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# What the guest scripts of this group share; some of it is read only there.
# shellcheck disable=SC2034
# shellcheck source=tests/lib.sh
. /surety/tests/lib.sh
export DM_DISABLE_UDEV=1
PATH=$PATH:/surety-bin
debug=/sys/kernel/debug/dmem

load_dmem() {
	rmmod gcma dmem 2>/dev/null
	modprobe dm-mod
	insmod /modules/dmem.ko "$@"
}

sectors() {
	blockdev --getsz "$1"
}

# make_target NAME DEVICE [OPTION...]
make_target() {
	name=$1 below=$2
	shift 2
	dmsetup create "$name" --table \
		"0 $(sectors "$below") dmem $below 0 $#${*:+ $*}"
}

# status NAME FIELD: one figure of the target's status line.
status() {
	dmsetup status "$1" | awk -v field="$2" '
		BEGIN {
			n = split("mode cached reads hits parts hit_blocks writes invalidated recorded evictions stale fills swap_fills", name)
			for (i = 1; i <= n; i++)
				at[name[i]] = i + 3
		}
		{ print $at[field] }'
}

# above DESCRIPTION FIGURE LIMIT
above() {
	if [ "$2" -gt "$3" ]; then
		ok "$1: $2"
	else
		not_ok "$1: $2, not above $3"
	fi
}

same() {
	if [ "$2" = "$3" ]; then
		ok "$1: $2"
	else
		not_ok "$1: $2, not $3"
	fi
}

# compare DESCRIPTION TARGET DEVICE LEAST: the cached copy must equal the disk, always;
# LEAST of the blocks must have been served by the cache, or it shows nothing.
compare() {
	sync
	before=$(status "$2" hit_blocks)
	if result=$(dmem_compare "/dev/mapper/$2" "$3" 2>&1); then
		above "$1: $result; from the cache" \
			"$(($(status "$2" hit_blocks) - before))" $(($4 - 1))
	else
		not_ok "$1: $result"
	fi
}

# shellcheck disable=SC2120 # page cache alone, if nothing is said
drop_caches() {
	echo "${1:-1}" >/proc/sys/vm/drop_caches
}

# in_group MIB COMMAND...: with that much memory.
in_group() {
	group=/sys/fs/cgroup/small
	mkdir -p $group
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	echo "$1M" >$group/memory.max
	shift
	sh -c 'echo $$ >/sys/fs/cgroup/small/cgroup.procs; exec "$@"' sh "$@"
}

# figure NAME: of all stores.
figure() {
	awk -v name="$1" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next }
		{ sum += $at }
		END { print sum + 0 }' $debug/stores
}

# latencies store|load: how many pages the classes hold in all.
latencies() {
	awk -v work="$1" '$1 ~ work { for (i = 2; i <= NF; i++) sum += $i } END { print sum + 0 }' \
		$debug/latency
}

# Each page that is stored or loaded is in one class. Nothing may go on meanwhile.
figures_agree() {
	same "pages stored, in classes of latency" "$(latencies stor)" "$(figure stored)"
	same "pages loaded, in classes of latency" "$(latencies load)" "$(figure loaded)"
}

# Three writers, their pages dropped again and again; each does enough for the
# cache to be asked, however slow the machine is.
stress() {
	for i in 1 2 3; do
		in_group 24 dmem_stress "/mnt/f$i" 4 "$seconds" "$i" 60 >"/tmp/stress.$i" 2>&1 &
		pids="$pids $!"
	done
	result=0
	while pgrep dmem_stress >/dev/null; do
		sleep 1
		drop_caches
		fstrim /mnt || result=1
	done
	for pid in $pids; do
		wait "$pid" || result=1
	done
	pids=
	return $result
}

# fill_cache FILE MIB: pages that were written and evicted.
fill_cache() {
	dd if=/dev/urandom of="$1" bs=1M count="$2" 2>/dev/null
	sync
	drop_caches
}
