#!/bin/bash
# The RPM package under systemd: installed, upgraded under traffic, and removed. The root is that of
# Debian with rpm and dnf, and the presets of Fedora.
. "$CHECKOUT/.ci/package/installed/checks.sh"
echo 'assumeyes=1' >>/etc/dnf/dnf.conf
echo 'disable *' >/usr/lib/systemd/system-preset/99-default-disable.preset
# What Fedora has: the libraries, which dnf does not know here.
rpm --install "$PACKAGES/libraries-1-1.noarch.rpm"
NEW=$PACKAGES/newer/ipvstate-$NEXT-1.x86_64.rpm

check 'the command of the manual installs the package' run_manual 'Fedora, RHEL and others with RPM'
check 'the files are as in the package' rpm --verify ipvstate
check 'the command of the manual installs the names of ipvsadm' \
  run_manual 'In place of ipvsadm' dnf
check 'the presets of Fedora leave the unit disabled' \
  eval '[ "$(systemctl is-enabled ipvstate)" = disabled ] && fails systemctl is-active ipvstate'
configure "$SERVERS"
check 'the unit applies its file' \
  eval 'systemctl enable --now ipvstate && has_weight 127.0.0.21 1 && has_weight 127.0.0.22 1'
start_traffic
before=$(table)
old=$(property MainPID)
check 'an upgrade ends well' dnf install "$NEW"
check 'an upgrade replaces the daemon' \
  eval 'fails is_main "$old" && systemctl is-active ipvstate && eventually ipvstate status'
check 'an upgrade leaves the table, the configuration and the links of the unit' eval \
  '[ "$(table)" = "$before" ] && grep -q shop "$FILE" && systemctl is-enabled ipvstate'
check 'no request failed' traffic_without_failure
check 'the upgrade left the names of ipvsadm: ipvsadm shows the live table' \
  eval 'ipvsadm -Ln | grep "$VIP:80"'

check 'the packages are removed' dnf remove ipvstate
check 'removing the package leaves the table' [ "$(table)" = "$before" ]
check 'no daemon and no link of its unit are left' eval \
  'fails systemctl is-active ipvstate && [ ! -L /etc/systemd/system/multi-user.target.wants/ipvstate.service ]'
check 'the changed configuration is kept' grep shop "$FILE.rpmsave"
check 'no file of the program is left' [ ! -e /usr/lib/ipvstate ]

mkdir -p /etc/systemd/system-preset
echo 'enable ipvstate.service' >/etc/systemd/system-preset/50-own.preset
check 'a preset of the machine enables a new unit, and starts no daemon' eval \
  'dnf install "$NEW" && systemctl is-enabled ipvstate && fails systemctl is-active ipvstate'
check 'the package is removed again' dnf remove ipvstate
finish
