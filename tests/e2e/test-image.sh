#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# keten-device alone on sources: folders, archives, backups, carriers, handed-over files; damaged
# and hostile ones.
#
# usage: test-image.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:?usage: test-image.sh BUILD}
work=$(mktemp -d) || exit 2
if [ -n "${KEEP:-}" ]; then echo "kept: $work"; else trap 'chmod -R u+rwx "$work"; rm -rf "$work"' EXIT; fi
exec 4>&- # descriptor 4 is the source's
PYTHONDONTWRITEBYTECODE=1 python3 tests/image/check.py "$build" "$work"
