#!/bin/sh
# Puts a revision of a Git repository in place of the last one, for `ipvstate watch -f BASE/current/...`: the daemon sees the old files or
# the new ones, and never half of each.
#   sh release.sh REPOSITORY REVISION BASE
set -eu
repository=$1
revision=$(git -C "$repository" rev-parse --verify "$2^{commit}")
base=$3

release="$base/releases/$revision"
if [ ! -d "$release" ]; then
  mkdir -p "$base/releases"
  rm -rf "$release.tmp"
  mkdir "$release.tmp"
  git -C "$repository" archive "$revision" | tar -x -C "$release.tmp"
  mv "$release.tmp" "$release"
fi
# A link cannot be replaced in place, but a rename replaces one in a single step.
ln -sfn "releases/$revision" "$base/current.tmp"
mv -T "$base/current.tmp" "$base/current"
