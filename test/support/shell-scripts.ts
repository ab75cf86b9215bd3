/** The lines of a table, as `ipvsadm -Sn` prints them. */
export const WEB = '-A -t 192.0.2.1:80 -s rr';
export const SERVER = '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1';

/** Scripts that add the service and the server above, each in another way. */
export const WAYS: Readonly<Record<string, string>> = {
  'plain calls': `ipvsadm ${WEB}\nipvsadm ${SERVER}`,
  'calls with semicolons': `ipvsadm ${WEB};\nipvsadm ${SERVER};`,
  'set -e': `set -e\nipvsadm ${WEB}\nipvsadm ${SERVER}`,
  variables: `V=192.0.2.1\nR="10.0.0.1"\nipvsadm -A -t $V:80 -s rr\nipvsadm -a -t \${V}:80 -r $R -m`,
  'a variable for ipvsadm': `I=/sbin/ipvsadm\n$I ${WEB}\n\${IPVSADM:-/sbin/ipvsadm} ${SERVER}`,
  'a path, sudo and wrappers': `sudo -n /sbin/ipvsadm ${WEB}\nnohup nice -n 5 ipvsadm ${SERVER}`,
  'a found program': `I=$(which ipvsadm)\n$I ${WEB}\nJ=\`command -v ipvsadm\`; $J ${SERVER}`,
  'a loop over an array': `ipvsadm ${WEB}\nR=(10.0.0.1)\nfor r in \${R[@]}; do ipvsadm -a -t 192.0.2.1:80 -r $r -m; done`,
  'a loop over a list in a variable': `ipvsadm ${WEB}\nR='10.0.0.1'\nfor r in $R\ndo\n\tipvsadm -a -t 192.0.2.1:80 -r $r -m\ndone`,
  'a counted loop': `ipvsadm ${WEB}\nfor ((i=1;i<=1;i++)); do ipvsadm -a -t 192.0.2.1:80 -r 10.0.0.$i -m; done`,
  'a while loop': `ipvsadm ${WEB}\ni=1\nwhile [ $i -le 1 ]; do ipvsadm -a -t 192.0.2.1:80 -r 10.0.0.$i -m; let i++; done`,
  'a sequence': `ipvsadm ${WEB}\nfor i in $(seq 1 1); do ipvsadm -a -t 192.0.2.1:80 -r 10.0.0.$i -m; done`,
  'braces that count': `ipvsadm ${WEB}\nfor i in {1..1}; do ipvsadm -a -t 192.0.2.1:80 -r 10.0.0.$i -m; done`,
  'a function': `add() { ipvsadm -a -t $1 -r $2 -m; }\nfunction web {\n  local V=192.0.2.1\n  ipvsadm -A -t $V:80 -s rr\n  add $V:80 10.0.0.1\n}\nweb`,
  'a here-document': `ipvsadm -R <<EOF\n${WEB}\n${SERVER}\nEOF`,
  'a here-document through cat': `R=10.0.0.1\ncat <<-EOF | ipvsadm-restore\n\t${WEB}\n\t-a -t 192.0.2.1:80 -r $R:80 -m\n\tEOF`,
  'a file that it writes': `echo "${WEB}" > rules\necho "${SERVER}" >> rules\nipvsadm -R < rules`,
  'a saved and restored table': `ipvsadm ${WEB}\nipvsadm ${SERVER}\nipvsadm -Sn > saved\nipvsadm -C\nipvsadm-restore < saved`,
  'read from a here-document': `ipvsadm ${WEB}\nwhile read r w; do ipvsadm -a -t 192.0.2.1:80 -r $r -m -w $w; done <<EOF\n10.0.0.1 1\nEOF`,
  'failures that it handles': `ipvsadm -D -t 192.0.2.1:80 2>/dev/null\nipvsadm ${WEB}\nipvsadm ${WEB} || true\nif ! ipvsadm ${WEB}; then ipvsadm ${SERVER}; fi`,
  'a file of its own functions': `echo 'web() { ipvsadm "$@"; }' > ./f\n. ./f\nweb ${WEB}\nweb ${SERVER}`,
  eval: `C="ipvsadm ${WEB}"\neval $C\nbash -c "ipvsadm ${SERVER}"`,
  'CRLF and a byte order mark': `\ufeffV=192.0.2.1\r\nipvsadm -A -t $V:80 -s rr\r\nif true\r\nthen\r\nipvsadm -a -t $V:80 \\\r\n  -r 10.0.0.1 -m\r\nfi\r\n`,
  'numbers and texts': `N=$((40 * 2))\nH=192.0.2.1:$N\nipvsadm -A -t \${H%:*}:\${H##*:} -s $(echo RR | tr A-Z a-z)\nipvsadm -a -t $H -r $(echo 10.0.0.1:80 | cut -d: -f1) -m`,
  'an array with keys': `declare -A M=([web]=10.0.0.1)\nipvsadm ${WEB}\nfor k in "\${!M[@]}"; do ipvsadm -a -t 192.0.2.1:80 -r \${M[$k]} -m; done`,
  'a case': `case "yes" in [Yy]*) ipvsadm ${WEB} ;;& *) ipvsadm ${SERVER} ;; esac`,
  'a test of the kernel that decides nothing': `ipvsadm ${WEB}\n[ -f /proc/net/ip_vs ] && true\nipvsadm ${SERVER}`,
  'a trap': `trap "ipvsadm ${SERVER}" EXIT\nipvsadm ${WEB}`,
};

/** Scripts as people have them, with calls that do nothing here, and the words after them. */
export const SCRIPTS: Readonly<Record<string, { text: string; args?: readonly string[] }>> = {
  'a service script': {
    args: ['restart'],
    text: `#!/bin/sh
# chkconfig: - 88 12
VIP=192.0.2.10
RIPS="10.0.0.1 10.0.0.2:8080"
. /etc/rc.d/init.d/functions
[ -x /sbin/ipvsadm ] || exit 5
start() {
    echo 1 > /proc/sys/net/ipv4/ip_forward
    /sbin/ifconfig lo:0 $VIP netmask 255.255.255.255 up 2>/dev/null
    iptables -t mangle -A PREROUTING -d $VIP -j MARK --set-mark 7
    ipvsadm -C
    ipvsadm -A -t $VIP:80 -s wrr -p 300
    for rip in $RIPS; do ipvsadm -a -t $VIP:80 -r $rip -m -w 2; done
    ipvsadm -A -f 7 -s rr && ipvsadm -a -f 7 -r 10.0.0.3 -g
    ipvsadm --set 30 5 60
    touch lvs.lock
}
case "$1" in
    start) start ;;
    stop) ipvsadm -C; rm -f lvs.lock ;;
    restart) $0 stop; $0 start ;;
    status) [ -e lvs.lock ] && ipvsadm -Ln ;;
    *) echo "Usage: \`basename $0\` {start|stop|restart|status}"; exit 1 ;;
esac
exit $?
`,
  },
  'arrays and functions of bash': {
    text: `#!/bin/bash
set -eu
declare -a VIPS=(192.0.2.1 192.0.2.2)
declare -A WEIGHT=([10.0.0.1]=3 [10.0.0.2]=5)
readonly PORTS="80 443"
service() { local vip=$1 port=$2 scheduler=\${3:-wlc}; ipvsadm -A -t $vip:$port -s "$scheduler"; }
for ((i = 0; i < \${#VIPS[@]}; i++)); do
  for port in $PORTS; do
    service "\${VIPS[$i]}" $port
    for rip in 10.0.0.{1,2}; do
      ipvsadm -a -t \${VIPS[i]}:$port -r $rip:$((port + 8000)) -m -w "\${WEIGHT[$rip]}"
    done
  done
done
if [[ \${VIPS[1]} == 192.0.* && $PORTS =~ 443 || -n "\${VIPS[*]:0:1}" ]]; then :; fi
ipvsadm -e -t 192.0.2.1:80 -r 10.0.0.1:8080 -m -w 0
ipvsadm -d -t 192.0.2.2:443 -r 10.0.0.2:8443
ipvsadm -E -t 192.0.2.2:443 -s sh -b sh-port
`,
  },
  'IPv6, UDP, SCTP and options in words': {
    text: `V6='[2001:db8::1]'
OPTS="-s rr -p 600 -M 64"
ipvsadm -A -t $V6:53 $OPTS
ipvsadm -a -t "$V6:53" -r [2001:db8::2]:53 -g
ipvsadm -A -u 192.0.2.1:53 -s rr -o
ipvsadm -a -u 192.0.2.1:53 -r 10.0.0.1:5353 -i --tun-type gue --tun-port 6080
ipvsadm --add-service --sctp-service 192.0.2.1:5060 --scheduler wlc
`,
  },
};
