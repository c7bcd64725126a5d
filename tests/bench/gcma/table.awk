# SPDX-License-Identifier: GPL-2.0
# CSV to a table for people, with the ratios that the targets are about: a
# CMA row against the gcma row of the same load, size and kind.
function size(bytes) {
	return bytes >= 1048576 ? bytes / 1048576 " MiB" : bytes / 1024 " KiB"
}
function ratio(a, b) {
	return a != "" && b != "" && b > 0 ? sprintf("%.1f", a / b) : "-"
}
NR == 1 { next }
{
	key = $3 " " $4
	avg[$1 " " $2 " " key] = $7
	max[$1 " " $2 " " key] = $10
	line[++lines] = $0
	if (!(key in seen)) {
		seen[key] = 1
		keys[++n] = key
	}
}
END {
	printf "%-10s %-10s %-13s %8s %5s %6s %12s %12s %12s %12s %10s %10s\n", "allocator", "state", "load", "size", "count", "failed", "avg ns", "p50 ns", "p99 ns", "max ns", "prezeroed", "on demand"
	for (i = 1; i <= lines; i++) {
		split(line[i], f, ",")
		printf "%-10s %-10s %-13s %8s %5d %6d %12s %12s %12s %12s %10s %10s\n", f[1], f[2], f[3], size(f[4]), f[5], f[6], f[7], f[8], f[9], f[10], f[13], f[14]
	}
	print "\nTimes as long as gcma from a full cache (average; largest), and gcma against the plain reservation,"
	print "whose largest time is the least that a largest time can be on this machine"
	printf "%-13s %8s %20s %20s %20s %20s %14s %20s\n", "load", "size", "CMA page cache", "CMA anonymous", "alloc_contig", "gcma/bitmap", "bitmap max ns", "CMA heap/prezeroed"
	for (i = 1; i <= n; i++) {
		split(keys[i], f, " ")
		g = "gcma full " keys[i]
		c = "cma pagecache " keys[i]
		a = "cma anonymous " keys[i]
		r = "contig pagecache " keys[i]
		p = "gcma-heap prezeroed " keys[i]
		h = "cma-heap pagecache " keys[i]
		b = "bitmap empty " keys[i]
		printf "%-13s %8s %20s %20s %20s %20s %14s %20s\n", f[1], size(f[2]), ratio(avg[c], avg[g]) "; " ratio(max[c], max[g]), ratio(avg[a], avg[g]) "; " ratio(max[a], max[g]), ratio(avg[r], avg[g]) "; " ratio(max[r], max[g]), ratio(avg[g], avg[b]) "; " ratio(max[g], max[b]), max[b], ratio(avg[h], avg[p]) "; " ratio(max[h], max[p])
	}
}
