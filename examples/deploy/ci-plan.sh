#!/bin/sh
# A job for each merge request: are the files valid, and what would they do to production? Needs no root and no kernel module.
#   sh ci-plan.sh CONFIGURATION SNAPSHOT
# SNAPSHOT is what a load balancer said last: `ipvstate export`, or `ipvsadm -Sn`. The plan is on stdout, for the comment of the request.
set -eu
config=$1
snapshot=$2

ipvstate validate --strict -f "$config" -o "${CI_FORMAT:-text}" >&2

# Exit 0: no changes; 2: there are some; 3: a guard would stop it, and so does this job.
status=0
ipvstate plan -f "$config" --table "$snapshot" --detailed-exitcode -o markdown || status=$?
case $status in
  0 | 2) exit 0 ;;
  *) exit "$status" ;;
esac
