#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# The views drawn from one made-up report.json: the same content in each, in both languages, the same
# bytes twice, text of the phone as text everywhere. (That they are drawn inside the sandbox is what
# test-main-job shows.)
#
# usage: tests/e2e/test-views.sh BUILD
set -u
build=${1:?usage: $0 BUILD}
. tests/e2e/lib.sh
passed=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

N=60
r=$work/report.json
python3 tests/tools/gen_report.py $N "$r" || exit 2

draw() { # draw VIEW: prints the name of the file
	"$build/draw-view" "$1" "$r" >"$work/$1" || bad "$1 is drawn"
	echo "$work/$1"
}

pages() { pdfinfo "$1" | awk '/^Pages:/ { print $2 }'; }

paper() { # paper LANG WORD...: a report on paper
	local f text hash n
	f=$(draw "pdf-$1")
	text=$work/text-$1
	pdftotext -layout "$f" "$text"
	hash=$(sha256sum "$r" | cut -c1-64) n=$(pages "$f")
	check "pdf-$1: the hash of report.json on each of $n pages" is "$(grep -c "$hash" "$text")" "$n"
	check "pdf-$1: the case on each page" is "$(grep -c "00ff00ff" "$text")" "$((n + 1))"
	check "pdf-$1: the last page is numbered $n / $n" grep -q "$n / $n" "$text"
	check "pdf-$1: same bytes twice" is "$("$build/draw-view" "pdf-$1" "$r" | sha256sum)" "$(sha256sum <"$f")"
	check "pdf-$1: every observation" is "$(grep -oE 'o000001#[0-9]+' "$text" | sort -u | wc -l)" "$N"
	check "pdf-$1: fonts are embedded" is "$(pdffonts "$f" | tail -n +3 | grep -cv ' yes yes yes ')" 0
	check "pdf-$1: Arabic, Ethiopic and Hebrew have their fonts" is \
		"$(pdffonts "$f" | grep -oE 'NotoSans(Arabic|Ethiopic|Hebrew)-Regular' | sort -u | wc -l)" 3
	check "pdf-$1: A4" grep -q 'Page size: *595.276 x 841.89 pts (A4)' <(pdfinfo "$f")
	check "pdf-$1: a hidden character is written out" grep -qF '\u{202e}' "$text"
	shift
	for w in "$@"; do check "on paper: $w" grep -qF "$w" "$text"; done
}

# The page: findings of every kind, nothing of the phone as markup.
for lang in en nl; do
	f=$(draw html-$lang)
	check "html-$lang: well-formed drawings" is "$(grep -c '<svg role="img"' "$f") $(grep -c '</svg>' "$f")" "2 2"
	check "html-$lang: 6 places on the map" is "$(grep -c '<circle class="pt"' "$f")" 6
	check "html-$lang: 6 stays along time" is "$(grep -c '<rect class="bar"' "$f")" 6
	check "html-$lang: 3 claims" is "$(grep -c '<article class="claim">' "$f")" 3
	check "html-$lang: every observation" is "$(grep -oE 'o000001#[0-9]+</code></small></td></tr>' "$f" | sort -u | wc -l)" "$N"
	check "html-$lang: no script, no address" is "$(grep -cE '<script|<img|<link|url\(|src=' "$f")" 0
	check "html-$lang: nothing points outside" is "$(grep -oE 'href="[^#][^"]*"' "$f" | wc -l)" 0
done
check "in Dutch: names of countries" grep -q 'Griekenland' "$work/html-nl"
check "in Dutch: a claim that fits" grep -q 'Past: er zijn waarnemingen' "$work/html-nl"
check "in English: a claim without data" grep -q 'No data: no observation counts' "$work/html-en"

paper en 'What this report can and cannot say' 'Observations of place and time' 'Київський вокзал'
paper nl 'Wat dit rapport wel en niet kan zeggen' 'Waarnemingen van plaats en tijd'

# -- a report that is none, and one that is cut off: no view, no half of one that counts ---------------

head -c 40000 "$r" >"$work/cut.json"
for v in html-en pdf-nl; do
	"$build/draw-view" $v "$work/cut.json" >/dev/null 2>"$work/err"
	check "$v of half a report: refused" is $? 1
	check "$v of half a report: says why" grep -q 'draw-view: ' "$work/err"
done
mkdir "$work/cut"
"$build/draw-view" exports "$work/cut.json" "$work/cut" 2>/dev/null
check "exports of half a report: refused" is $? 1

# -- the other forms ----------------------------------------------------------------------------------

mkdir "$work/forms" "$work/again"
"$build/draw-view" exports "$r" "$work/forms"
"$build/draw-view" exports "$r" "$work/again"
check "forms: the same observations and coordinates in each" python3 tests/e2e/views_count.py "$work/forms" "$r"
check "forms: same bytes twice" diff -r "$work/forms" "$work/again"
check "forms: no further pages for $N observations" is "$(find "$work/forms" -name '*.html' | wc -l)" 0
by_schema() { xmllint --noout --nonet --relaxng "tests/e2e/$1.rng" "$2"; }
for f in gpx kml; do check "$f is as its format says" by_schema "$f" "$work/forms/observations.$f"; done
check "case is of the classes it names" python3 tests/e2e/case_check.py "$work/forms/case.jsonld"
spoilt() { # spoilt WHAT FORM SED: what the checks above are worth
	sed -E "$3" "$work/forms/observations.$2" >"$work/spoilt.$2"
	by_schema "$2" "$work/spoilt.$2" >/dev/null 2>&1
	check "$2 with $1: rejected" is $? 3
}
spoilt "name before time" gpx 's,(<time>[^<]*</time>)(<name>[^<]*</name>),\2\1,'
spoilt "a latitude beyond the pole" gpx '0,/lat="/s,lat="[^"]*,lat="91.5,'
spoilt "a member of its own" gpx '0,/<name>/s,<name>,<accuracy>3</accuracy><name>,'
spoilt "a time of no form" kml '0,/<when>/s,<when>[^<]*,<when>yesterday,'
spoilt "the point before the time" kml 's,(<TimeStamp>.*</ExtendedData>)(<Point>.*</Point>),\2\1,'
spoilt "a longitude of 200" kml '0,/<coordinates>/s,<coordinates>[^\,]*,<coordinates>200.5,'
for edit in 's/"uco-observable:sizeInBytes": ?[0-9]+, ?//' 's/"@id": ?"kb:object-o000001"/"@id":"kb:object-other"/' 's/uco-core:kindOfRelationship/kindOfRelationship/'; do
	sed -E "0,/$(echo "$edit" | cut -d/ -f2)/$edit" "$work/forms/case.jsonld" >"$work/spoilt.case"
	python3 tests/e2e/case_check.py "$work/spoilt.case" >/dev/null 2>&1
	check "case after $edit: rejected" is $? 1
done
check "csv: a formula is a text" grep -qF "\"'=HYPERLINK(\"\"http://x\"\")\"" "$work/forms/observations.csv"
check "csv: lines end as RFC 4180 says" is "$(grep -c $'\r$' "$work/forms/observations.csv")" "$((N + 1))"

# More rows than the page shows: further pages, each row once, linked from the page.
M=12001
python3 tests/tools/gen_report.py $M "$work/many.json"
mkdir "$work/many"
"$build/draw-view" exports "$work/many.json" "$work/many"
"$build/draw-view" html-en "$work/many.json" >"$work/many.html"
check "pages: 3 of at most 5000 rows" is \
	"$(grep -c '<tr id="r' "$work"/many/observations-*.html | sed 's/.*://' | tr '\n' ' ')" '5000 5000 2001 '
check "pages: every row once" is "$(cat "$work"/many/observations-*.html | grep -oE 'id="r[0-9]+"' | sort -u | wc -l)" "$M"
check "pages: linked from the page" is "$(grep -oE 'href="observations-000[123].html"' "$work/many.html" | sort -u | wc -l)" 3
check "pages: no markup of the phone" is "$(cat "$work"/many/*.html | grep -c '<script')" 0
check "page: 5000 rows" is "$(grep -cE '<tr id="r[0-9]+"' "$work/many.html")" 5000
for f in "$work"/many/observations-0001.html "$work/many.html"; do
	check "$(basename "$f"): the policy names its one style" is \
		"$(grep -oE "style-src 'sha256-[^']*'" "$f" | cut -d- -f3- | tr -d "'")" \
		"$(python3 -c 'import sys,re,hashlib,base64; t=open(sys.argv[1],encoding="utf-8").read(); print(base64.b64encode(hashlib.sha256(re.search("<style>(.*?)</style>",t,re.S)[1].encode()).digest()).decode())' "$f")"
done

e2e_end
