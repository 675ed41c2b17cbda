import socket
import sys
from urllib.parse import urlsplit

where = urlsplit(sys.argv[1])
with socket.create_connection((where.hostname, where.port)) as s:
    s.sendall(b"GET /lines HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: lines\r\n\r\none\n")
    heard = b""
    while not heard.endswith(b"ONE\n"):
        heard += s.recv(1000)
    s.sendall(b"two\nthree, without an end")
    s.shutdown(socket.SHUT_WR)
    while more := s.recv(1000):
        heard += more
print(heard.decode(), end="")
