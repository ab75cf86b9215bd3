#!/bin/bash
# The archive for other systems: unpacked as the manual says, with the units where the example of
# systemd puts them.
. "$CHECKOUT/.ci/package/installed/checks.sh"
check 'the commands of the manual unpack the archive' run_manual 'Other systems with glibc'
rm /usr/lib/systemd/system/ipvstate*
check 'the commands of the example install the units and start the daemon' \
  run_example '# ipvstate under systemd'
configure "$SERVERS"
check 'the daemon applies its file' eval 'systemctl reload ipvstate && has_weight 127.0.0.21 1'
check 'systemctl stop ends the daemon and leaves the table' \
  eval 'systemctl stop ipvstate && has_weight 127.0.0.21 1'
finish
