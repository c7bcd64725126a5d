#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In a guest with two memory nodes (numa=fake=2): areas lie in the node that was
# asked for, and nodes that are not there are refused before anything is done.
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/gcma/lib.sh
. ./lib.sh
config=/sys/kernel/config/gcma

# in_node NODE ADDRESS: is the frame in one of the node's zones?
in_node() {
	awk -v node="$1" -v pfn="$(($2 / 4096))" '
		/^Node/ { here = $2 + 0 == node }
		here && $1 == "spanned" { spanned = $2 }
		here && $1 == "start_pfn:" && pfn >= $2 && pfn < $2 + spanned { found = 1 }
		END { exit !found }' /proc/zoneinfo
}

if [ ! -d /sys/devices/system/node ]; then
	skip "nodes" "this kernel has none"
	finish
fi
[ -d /sys/devices/system/node/node1 ]
report $? "there are two nodes"
load areas=zero:8M@node0,one:8M@node1,any:8M
report $? "an area in each node, and one in any"
for node in zero:0 one:1; do
	in_node "${node#*:}" "$(figure "${node%:*}/usage" base_address)"
	report $? "area ${node%:*} lies in node ${node#*:}"
done
check_not "and not in the other one" in_node 0 "$(figure one/usage base_address)"

# activate: what is said of an attempt.
activate() {
	{ echo 1 | tee $config/late/active >/dev/null; } 2>&1
}

mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
mkdir $config/late
echo 8M >$config/late/size
for node in 5 1024 -2; do
	echo $node >$config/late/node
	check_has "no node $node" 'Invalid argument' "$(activate)"
	echo 0x30000000 >$config/late/phys
	check_has "no node $node for a boot reservation" 'Invalid argument' "$(activate)"
	echo any >$config/late/phys
done
echo 1 >$config/late/node
check_is "an area made by hand in node 1" '' "$(activate)"
in_node 1 "$(figure late/usage base_address)"
report $? "lies there"
echo 0 >$config/late/active
rmdir $config/late
check "the module unloads" rmmod gcma
finish
