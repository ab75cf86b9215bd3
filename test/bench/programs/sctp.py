# python3 test/bench/programs/sctp.py server ADDRESS...
# python3 test/bench/programs/sctp.py client VIP PORT
#
# Node.js has no SCTP. The server echoes on port 9080 of each address. The client makes an association
# for each request, from 200 ports in turn, each again after 20 s. It prints `[requests, failures]`
# for each line of stdin, and each failure with its time.
import errno
import socket
import sys
import threading
import time

SCTP = 132


def serve(address):
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM, SCTP)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address, 9080))
    server.listen(50)
    while True:
        threading.Thread(target=echo, args=server.accept()[:1], daemon=True).start()


def echo(connection):
    try:
        while data := connection.recv(100):
            connection.send(data)
    except OSError:
        pass
    connection.close()


counts = [0, 0]


def request(vip, port, local_port):
    started_at = int(time.time() * 1000)
    error = None
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM, SCTP) as connection:
            connection.settimeout(3)
            connection.bind(("", local_port))
            connection.connect((vip, port))
            connection.send(b"ok")
            if connection.recv(100) != b"ok":
                error = OSError("no answer")
    except OSError as failure:
        error = failure
    if error is not None and error.errno in (errno.EADDRINUSE, errno.EADDRNOTAVAIL):
        # The port is still in use here, so that nothing was sent.
        return
    counts[0] += 1
    if error is not None:
        counts[1] += 1
        print(f"FAILED {started_at} sctp {error}", file=sys.stderr, flush=True)


def make_requests(vip, port):
    number = 0
    while True:
        local_port = 10000 + (port % 200) * 250 + number % 200
        threading.Thread(target=request, args=(vip, port, local_port), daemon=True).start()
        number += 1
        time.sleep(0.1)


if sys.argv[1] == "server":
    for each in sys.argv[2:-1]:
        threading.Thread(target=serve, args=(each,), daemon=True).start()
    serve(sys.argv[-1])
else:
    target = (sys.argv[2], int(sys.argv[3]))
    threading.Thread(target=make_requests, args=target, daemon=True).start()
    for _ in sys.stdin:
        print(counts, flush=True)
