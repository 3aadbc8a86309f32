#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Makes ./configure in a fresh clone. A release tarball has it already.
set -eu
cd "$(dirname "$0")"
for tool in autoreconf automake pkg-config; do
    if ! command -v "$tool" >/dev/null 2>&1; then
        echo "autogen.sh: $tool is missing (Debian: apt-get install autoconf automake pkg-config)" >&2
        exit 1
    fi
done
exec autoreconf --install --warnings=all "$@"
