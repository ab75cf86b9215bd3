#!/bin/bash
# The Debian package under systemd: installed, upgraded under traffic and while a try is pending,
# removed and purged.
. "$CHECKOUT/.ci/package/installed/checks.sh"
echo 'APT::Get::Assume-Yes "true";' >/etc/apt/apt.conf.d/yes
NEW=$PACKAGES/newer/ipvstate_${NEXT}_amd64.deb

begin_try() {
  configure "$SERVERS" "$EXTRA" /run/try.yaml
  ipvstate pause --for 1h && ipvstate try -f /run/try.yaml --yes --no-wait --timeout "$1" && has_extra
}

check 'the commands of the manual install the package and enable the daemon' \
  run_manual 'Debian and Ubuntu'
check 'the daemon is ready' systemctl is-active ipvstate
check 'the commands of the manual install the names of ipvsadm' \
  run_manual 'In place of ipvsadm' apt
check 'the exposure of the unit is at most 2.0' \
  bash -c "systemd-analyze security ipvstate --no-pager | awk '/Overall/ {print; exit (\$(NF-2) > 2.0)}'"

configure "$SERVERS"
check 'systemctl reload ends when a changed file is applied' \
  eval 'systemctl reload ipvstate && has_weight 127.0.0.21 1 && has_weight 127.0.0.22 1'
start_traffic
before=$(table)
echo 'nonsense: true' >>"$FILE"
check 'systemctl reload of an invalid file fails' fails systemctl reload ipvstate
check 'the place of the mistake is in the status of the unit' status_text_has ipvs.yaml:
check 'an invalid file changes no table' [ "$(table)" = "$before" ]
configure "$SERVERS"
check 'systemctl reload of a corrected file succeeds' systemctl reload ipvstate

check 'a server is drained' \
  eval 'ipvstate drain shop 127.0.0.22:8080 --for 2h --reason test && has_weight 127.0.0.22 0'
killed=$(property MainPID)
kill -KILL "$killed"
check 'a daemon that was killed is started again, and the drain goes on' \
  eval 'eventually fails is_main "$killed" && eventually ipvstate status && has_weight 127.0.0.22 0'
check 'the daemon gives signs of life' eventually outlived_the_watchdog

check 'a try changes the table' begin_try 1h
check 'an upgrade while the try is pending ends well' apt install "$NEW"
check 'the upgraded daemon says that it waits for the end of the try' \
  eventually status_text_has 'a try is pending'
check 'what the try changed is there after the upgrade' has_extra
restarts=$(property NRestarts)
check 'the watchdog does not kill the daemon that waits' eventually outlived_the_watchdog
check 'the daemon that waits was not started again' [ "$(property NRestarts)" = "$restarts" ]
check 'the new version confirms the try of the old one' ipvstate confirm
check 'the daemon goes on after the confirmation, and is still paused' \
  eval 'eventually ipvstate status && ipvstate status | grep -i paused && has_extra'
configure "$SERVERS" "$EXTRA"
check 'the pause ends, and the table is as desired' \
  eval 'ipvstate resume && eventually status_text_has "in sync"'
check 'the drain outlives the upgrade' has_weight 127.0.0.22 0
configure "$SERVERS"
check 'the service of the try is removed by its file' \
  eval 'systemctl reload ipvstate && fails has_extra'

check 'another try changes the table' begin_try 60s
pkill -KILL -f 'ipvstate.* guard-try'
check 'an upgrade ends well when nothing guards the try' dpkg -i "$NEW"
check 'the upgraded daemon rolls the try back at its deadline' eventually fails has_extra
check 'the journal of the unit says so' eventually journal_has 'was not confirmed in time'
check 'the daemon goes on after the rollback' eval 'eventually ipvstate status && ipvstate resume'

check 'the commands of the example start an instance for a network namespace' \
  run_example '## A network namespace'
cp /usr/share/doc/ipvstate/examples/first-service/config.yaml /etc/ipvstate/netns/blue/ipvs.yaml
check 'the instance has the table of its network namespace' \
  eventually ip netns exec blue grep -q ^TCP /proc/net/ip_vs

before=$(table)
check 'systemctl stop ends the daemon' systemctl stop ipvstate
check 'a stopped daemon leaves the table' [ "$(table)" = "$before" ]
old=$(systemctl show --value --property MainPID ipvstate@blue)
configure "$SERVERS" "$EXTRA" /run/try.yaml
check 'a try without a daemon changes the table' \
  eval 'ipvstate try -f /run/try.yaml --yes --no-wait --timeout 90s && has_extra'
check 'an upgrade starts no daemon that was stopped' \
  eval 'dpkg -i "$NEW" && fails systemctl is-active ipvstate && has_extra'
check 'an upgrade replaces the daemon of an instance' eval \
  'systemctl is-active ipvstate@blue && [ "$(systemctl show --value --property MainPID ipvstate@blue)" != "$old" ]'
check 'the process of the earlier version rolls the try back at its deadline' \
  eventually fails has_extra
check 'the daemon starts after that' systemctl start ipvstate

check 'no request failed' traffic_without_failure

check 'the upgrades left the names of ipvsadm: ipvsadm is ipvstate, and shows the live table' eval \
  '[ "$(readlink -f /usr/sbin/ipvsadm)" = "$(readlink -f /usr/bin/ipvstate)" ] && ipvsadm -Ln | grep "$VIP:80"'

before=$(table)
check 'the package is removed' apt remove ipvstate
check 'no daemon is left' fails systemctl is-active ipvstate ipvstate@blue
check 'removing the package leaves the table' [ "$(table)" = "$before" ]
check 'a removed package keeps the configuration and the journal' \
  eval '[ -s "$FILE" ] && [ -d /var/lib/ipvstate ]'
check 'the package is purged' apt purge ipvstate
check 'a purge removes the journal, the drains, the compiled code and the links of the unit' eval \
  '[ ! -e /var/lib/ipvstate ] && [ ! -e /run/ipvstate ] && [ ! -e /var/cache/ipvstate ] && [ ! -L /etc/systemd/system/multi-user.target.wants/ipvstate.service ]'
finish
