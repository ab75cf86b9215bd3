#!/bin/sh
# A CI job for each merge request. It validates the files, and shows what they would change in
# production. It needs neither root nor a kernel module.
#   sh ci-plan.sh CONFIGURATION SNAPSHOT
# SNAPSHOT is the table of a load balancer, written by `ipvstate export` or `ipvsadm -Sn`.
# The plan is on stdout, for a comment on the merge request.
set -eu
config=$1
snapshot=$2

ipvstate validate --strict -f "$config" -o "${CI_FORMAT:-text}" >&2

# Exit code 0: no changes. 2: changes. 3: a guard would stop the apply; this job fails, too.
status=0
ipvstate plan -f "$config" --table "$snapshot" --detailed-exitcode -o markdown || status=$?
case $status in
  0 | 2) exit 0 ;;
  *) exit "$status" ;;
esac
