# SPDX-License-Identifier: GPL-2.0
# The guests' lines to CSV: a line for each work, way to keep an area, and policy.
# A run in which reclaim took nothing had a working set that fits memory, and
# measured no cache: that is an error. So is a guest without a figure.
function fail(what) {
	print "giveback.awk: " what >"/dev/stderr"
	failed = 1
	exit 1
}
function figure(name) { return value[k, name] }
# Percent of what was read in that dmem had.
function answered() {
	return figure("read_in_mib") > 0 ? 100 * (1 - figure("disk_read_mib") / figure("read_in_mib")) : 0
}
$1 == "WORK" {
	k = $2 "," $3 "," $4
	key[++keys] = k
	for (i = 5; i <= NF; i++) {
		split($i, pair, "=")
		if (keys == 1)
			name[++names] = pair[1]
		value[k, pair[1]] = pair[2]
	}
	if (!(figure("reclaimed_mib") > 0))
		fail($2 ", " $3 ": nothing was reclaimed, so the set fits memory")
}
$1 == "ALLOC" && $6 == "failed" { failures[$2 "," $3 "," $4]++ }
$1 == "ALLOC" && $6 != "failed" && $6 + 0 > most[$2 "," $3 "," $4, $5] + 0 { most[$2 "," $3 "," $4, $5] = $6 }
END {
	if (failed)
		exit 1
	if (keys != guests)
		fail(keys + 0 " figures of " guests " guests")
	printf "work,way,policy"
	for (i = 1; i <= names; i++)
		printf ",%s", name[i]
	print ",dmem_hit_percent,alloc_1m_ns,alloc_4m_ns,alloc_16m_ns,alloc_failures"
	for (j = 1; j <= keys; j++) {
		k = key[j]
		printf "%s", k
		for (i = 1; i <= names; i++)
			printf ",%s", figure(name[i])
		printf ",%.2f,%s,%s,%s,%d\n", answered(), most[k, 1048576], most[k, 4194304], most[k, 16777216], failures[k]
	}
}
