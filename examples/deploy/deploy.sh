#!/bin/sh
# A step of a deployment that runs on the load balancer. It applies the configuration.
#   sh deploy.sh CONFIGURATION [OPTION OF ipvstate apply]...
set -u
config=$1
shift

ipvstate apply -f "$config" --yes --detailed-exitcode "$@"
status=$?
case $status in
  0) echo 'Nothing to do.' ;;
  2)
    echo 'Changed, and verified.'
    status=0
    ;;
  3) echo 'Stopped by a guard: nothing was written. Read the plan above, and run again with the flag that it names.' >&2 ;;
  5) echo 'The kernel refused an operation: the table is as it was before.' >&2 ;;
  *) echo "Failed with exit code $status." >&2 ;;
esac
exit "$status"
