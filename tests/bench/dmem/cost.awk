# SPDX-License-Identifier: GPL-2.0
# The guest's lines to CSV: each figure beside dm-linear's (the median of the
# rounds of each), and revoking a page.
# The middle one of a measurement's rounds.
function median(key,   n, i, j, swap) {
	n = rounds[key]
	for (i = 1; i < n; i++)
		for (j = i + 1; j <= n; j++)
			if (figure[key, j] < figure[key, i]) {
				swap = figure[key, i]
				figure[key, i] = figure[key, j]
				figure[key, j] = swap
			}
	return figure[key, int((n + 1) / 2)]
}
BEGIN {
	print "measure,setting,bytes,instructions,linear_instructions,overhead_percent,kernel"
}
$1 == "IO" && $5 == "" {
	print "cost.awk: no figure in: " $0 >"/dev/stderr"
	exit 1
}
$1 == "IO" {
	key = $2 " " $3 " " $4
	if (!(key in rounds))
		order[++keys] = key
	figure[key, ++rounds[key]] = $5
}
$1 == "REVOKE" {
	for (i = 2; i <= NF; i++) {
		split($i, field, "=")
		value[field[1]] = field[2]
	}
	printf "revoke-%s-pages,full,%d,%s,,,%s\n", value["pages"], 4096 * value["pages"], value["revoke_ns"], kernel
	printf "lend-%s-pages,full,%d,%s,,,%s\n", value["pages"], 4096 * value["pages"], value["lend_ns"], kernel
}
END {
	for (i = 1; i <= keys; i++) {
		split(order[i], f, " ")
		base = median(f[1] " " f[2] " linear")
		one = median(order[i])
		printf "%s,%s,%s,%s,%s,%.1f,%s\n", f[1], f[3], f[2], one, base, 100 * (one - base) / base, kernel
	}
}
