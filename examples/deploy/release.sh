#!/bin/sh
# Switches `ipvstate watch -f BASE/current/...` to a revision of a Git repository in one step.
# The daemon sees either the old files or the new ones, never some of each.
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
# A rename replaces a link in a single step. `ln -sfn` alone would remove it first.
ln -sfn "releases/$revision" "$base/current.tmp"
mv -T "$base/current.tmp" "$base/current"
