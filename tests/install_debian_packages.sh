#!/usr/bin/env bash
# Installs the Debian packages named in $1 that are missing, when that is possible.
# Where it is not, the tests that need them are named in the summary of the test run.
set -euo pipefail
mapfile -t wanted < <(grep -v '^#' "$1" | grep .)
missing=()
for name in "${wanted[@]}"; do
    dpkg-query --show --showformat '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
done
[ "${#missing[@]}" -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "Not root on Debian, so these are not installed: ${missing[*]}"
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
