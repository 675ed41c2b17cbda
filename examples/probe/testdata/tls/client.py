"""Speaks TLS in several ways and prints what it gets."""
import socket
import ssl
import sys
import urllib.parse

url, cert, *key = sys.argv[1:]
address = urllib.parse.urlsplit(url)
REQUEST = b"GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\n"
CLOSE = b"GET /plaintext HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def context(version):
    c = ssl.create_default_context(cafile=cert)
    c.minimum_version = c.maximum_version = version
    c.set_alpn_protocols(["http/1.1"])
    if key:
        c.load_cert_chain(cert, key[0])
    return c


def ask(c, request, session=None):
    with socket.create_connection((address.hostname, address.port), timeout=20) as raw:
        with c.wrap_socket(raw, server_hostname="localhost", session=session) as s:
            s.sendall(request)
            got = b""
            while not got.endswith(b"Hello, World!"):
                piece = s.recv(4096)
                if not piece:
                    break
                got += piece
            ended = request is CLOSE and s.recv(1) == b""
            print(s.version(), s.selected_alpn_protocol(), got.split(b"\r\n")[0].decode(), got[-13:].decode(),
                  "resumed" if s.session_reused else "new", "ended" if ended else "open")
            return s.session


for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
    c = context(version)
    session = ask(c, REQUEST)
    ask(c, CLOSE, session)

# A client that has said that it sends no more is answered all the same.
with socket.create_connection((address.hostname, address.port), timeout=20) as raw:
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context(ssl.TLSVersion.TLSv1_3).wrap_bio(into, out, server_hostname="localhost")

    def wait(f):
        while True:
            try:
                return f()
            except ssl.SSLWantReadError:
                raw.sendall(out.read())
                into.write(raw.recv(65536))

    wait(tls.do_handshake)
    tls.write(REQUEST)
    try:
        tls.unwrap()
    except ssl.SSLError:
        pass  # the server's end is not there yet
    raw.sendall(out.read())
    raw.shutdown(socket.SHUT_WR)
    while piece := raw.recv(65536):
        into.write(piece)
    print("half-closed:", tls.read(4096).split(b"\r\n")[0].decode())
