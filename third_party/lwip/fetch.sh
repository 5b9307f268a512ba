#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Fetches lwIP as Debian's source package into src/ beside this script and
# checks it against sums.sha256. Needs apt and dpkg-source, no root: the list
# of sources and everything that apt remembers of it live in a temporary
# folder, so the system's own state does not change. What was fetched once is
# kept in ~/.cache/einkorn and taken from there by the next clone.
#
# EINKORN_DEBIAN_MIRROR names another mirror; else the system's own is used.
set -eu

version=2.1.3+dfsg1-2
suite=bookworm
here=$(cd "$(dirname "$0")" && pwd)
keys=/usr/share/keyrings/debian-archive-keyring.gpg

die()
{
    echo "fetch lwip: $*" >&2
    exit 1
}

# The repository that already serves $suite to this machine.
mirror()
{
    if [ -n "${EINKORN_DEBIAN_MIRROR:-}" ]; then
        echo "$EINKORN_DEBIAN_MIRROR"
        return
    fi
    uri=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' \
        'Created-By: Packages' 2>/dev/null |
        awk -v s="$suite" '$2 == s { print $1; exit }')
    echo "${uri:-http://deb.debian.org/debian}"
}

[ -e "$here/src/.fetched-$version" ] && exit 0
command -v dpkg-source >/dev/null ||
    die "dpkg-source is missing: apt-get install dpkg-dev"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$tmp/lists/partial" "$tmp/cache/archives/partial"

signed=
[ -e "$keys" ] && signed="[signed-by=$keys]"
echo "deb-src $signed $(mirror) $suite main" >"$tmp/sources.list"

apt()
{
    apt-get -q -o Dir::Etc::sourcelist="$tmp/sources.list" \
        -o Dir::Etc::sourceparts=- -o Dir::State::lists="$tmp/lists" \
        -o Dir::Cache="$tmp/cache" -o Debug::NoLocking=1 \
        -o APT::Sandbox::User=root -o APT::Get::List-Cleanup=0 \
        -o APT::Update::Post-Invoke::= -o APT::Update::Post-Invoke-Success::= \
        -o Acquire::Languages=none "$@"
}

download()
{
    apt update >update.log 2>&1 ||
        { cat update.log >&2; die "cannot read $(cat sources.list)"; }
    apt source --download-only "lwip=$version" >source.log 2>&1 ||
        { cat source.log >&2; die "cannot download lwip $version"; }
    { mkdir -p "$kept" && cp lwip_* "$kept"; } 2>/dev/null || true
}

kept=${XDG_CACHE_HOME:-${HOME:-$tmp}/.cache}/einkorn
cd "$tmp"
cp "$kept"/lwip_* . 2>/dev/null || true
sha256sum -c --status "$here/sums.sha256" 2>/dev/null || download
sha256sum -c --quiet "$here/sums.sha256" ||
    die "the downloaded files are not those we know (sums.sha256)"
dpkg-source --no-check -x "lwip_$version.dsc" src >unpack.log 2>&1 ||
    { cat unpack.log >&2; die "cannot unpack"; }
: >"src/.fetched-$version"
rm -rf "$here/src" "$here/src.new"
cp -r src "$here/src.new"
mv "$here/src.new" "$here/src"
