/** One service of each kind for the tests of arguments. */
export const BASE = `
-A -t 10.0.0.1:80 -s wlc
-a -t 10.0.0.1:80 -r 10.0.0.2:8080 -m -w 3 -x 100 -y 50
-a -t 10.0.0.1:80 -r 10.0.0.3:80 -g -w 0
-A -u 10.0.0.1:53 -s rr -o
-a -u 10.0.0.1:53 -r 10.0.0.2:53 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum
-A -t [2001:db8::1]:80 -s wrr -p 100 -M 64
-a -t [2001:db8::1]:80 -r [2001:db8::2]:80 -m
-A -f 7 -s rr -p 30
-A -f 7 -6 -s rr
-a -f 7 -r 10.0.0.2 -g
`;
