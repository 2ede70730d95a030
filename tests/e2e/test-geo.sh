#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# The map: its files are those that SHA256SUMS names, and a sample of places lies where it should.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${1:?usage: test-geo.sh BUILD}
die() {
	echo "geo: $*" >&2
	exit 1
}

(cd data/geo && sha256sum --quiet --strict -c SHA256SUMS) || die "a file of data/geo is not the one that SHA256SUMS names"
got=$(tests/geo/compare tests/geo/places.tsv "$build") || die "the comparison failed"
want="other	IN	MM	262060000	968100000	Sarupathar
places 1668
in 1603
border 47
none 2
contested 16
in, same territory 1602
in, other territory 1"
[ "$got" = "$want" ] || die "the sample gave: $got"

# an oracle that is wrong is found
got=$(printf '52.5200\t13.4050\tFR\tBerlin\n' | "$build/geo-places")
case $got in
"other	FR	DE	"*) ;;
*) die "a place in the wrong territory was not found: $got" ;;
esac

rate=$("$build/geo-places" --time 20 <tests/geo/places.tsv | sed 's/.*CPU, \([0-9]*\) a second.*/\1/')
[ "$rate" -ge 40000 ] || die "$rate look-ups a second, at least 40000 expected"
echo "1668 places, $rate look-ups a second"
