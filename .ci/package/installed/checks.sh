# Checks of an installed ipvstate, for the scripts beside this file. They run as root in a guest
# whose init is systemd. CHECKOUT is the clone, NODE a Node.js that is not the installed one,
# PACKAGES a folder with packages of this version, and with those of NEXT in its folder newer.
here=$CHECKOUT/.ci/package/installed
FILE=/etc/ipvstate/conf.d/ipvs.yaml
VIP=10.250.0.1
passed=0
failed=0

# Runs a command as one test, which a sentence names. Shows the output of a command that fails, and
# the end of the daemon's log.
check() {
  local sentence=$1 output
  shift
  if output=$("$@" 2>&1 </dev/null); then
    passed=$((passed + 1))
    printf 'ok: %s\n' "$sentence"
  else
    failed=$((failed + 1))
    printf 'FAILED: %s: %s\n%s\n' "$(basename "$0")" "$sentence" "$(tail -n 30 <<<"$output")"
    journalctl --no-pager --quiet --unit ipvstate --lines 10
  fi
}

# Waits until a command succeeds. The limit is for a hang: the guest is slow.
eventually() {
  local end=$((SECONDS + 240))
  while [ $SECONDS -lt $end ]; do
    "$@" >/dev/null 2>&1 && return
    sleep 0.5
  done
  printf 'not in time: %s\n' "$*"
  systemctl --no-pager --full status ipvstate
  return 1
}

fails() { ! "$@"; }

# Runs the commands that a file in Markdown has below a heading, in the current folder: all of them,
# or those that begin with a word. Fails where there are none.
run_commands() (
  set -o pipefail
  awk -v title="$2" '
    /^```/ { code = !code; next }
    code { if (on) print; next }
    /^#/ { on = $0 == title }
  ' "$1" | grep "^${3:-}" | bash -ex
)
run_manual() { (cd "$PACKAGES" && run_commands "$CHECKOUT/src/manual/installing.md" "## $1" "${2:-}"); }
run_example() { (cd "$CHECKOUT/examples/systemd" && run_commands README.md "$1"); }

# Writes the configuration: the service with these servers, and any other services.
configure() {
  printf 'version: 1\nservices:\n  - name: shop\n    address: tcp://%s:80\n    scheduler: rr\n    destinations:\n' $VIP >"$FILE.new"
  local server
  for server in $1; do
    printf '      - { address: "%s:8080", forward: masq }\n' "$server" >>"$FILE.new"
  done
  printf '%s' "${2:-}" >>"$FILE.new"
  mv "$FILE.new" "${3:-$FILE}"
}
SERVERS='127.0.0.21 127.0.0.22'
EXTRA='  - { address: "tcp://10.250.0.9:80", destinations: [127.0.0.29] }
'

table() { sed -n '/^ *->\|^[TUSF]/p' /proc/net/ip_vs | awk '{print $1, $2, $3, $4}' | sort; }
has_extra() { grep -q '^TCP  0AFA0009:0050' /proc/net/ip_vs; }
weight_of() { awk -v server="$(printf '%02X%02X%02X%02X' ${1//./ }):1F90" '$2==server {print $4}' /proc/net/ip_vs; }
has_weight() { [ "$(weight_of "$1")" = "$2" ]; }

property() { systemctl show --value --property "$1" ipvstate; }
status_text_has() { property StatusText | grep -F -- "$1"; }
journal_has() { journalctl --no-pager --unit ipvstate | grep -F -- "$1"; }
is_main() { [ "$(property MainPID)" = "$1" ]; }
# A sign of life came so long after the start that systemd would have killed a silent daemon.
outlived_the_watchdog() {
  [ "$(property WatchdogTimestampMonotonic)" -gt $(($(property ActiveEnterTimestampMonotonic) + 31000000)) ]
}

start_traffic() {
  ip address add $VIP/32 dev lo 2>/dev/null
  "$NODE" "$here/traffic.mjs" $VIP $SERVERS >/run/traffic &
  traffic=$!
  eventually grep -q answered /run/traffic
}
# Ends the traffic. Fails when a request had no answer.
traffic_without_failure() {
  kill "$traffic"
  wait "$traffic"
  tail -n 1 /run/traffic
  tail -n 1 /run/traffic | grep -q ' 0 failed$'
}

finish() {
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" = 0 ]
}
