"""Asks for every route over one connection and prints what it gets."""
import http.client
import sys

connection = http.client.HTTPConnection(sys.argv[1].removeprefix("http://"), timeout=20)
for method, target in [("GET", "/"), ("GET", "/hello/you"), ("HEAD", "/hello/you"),
                       ("GET", "/plaintext"), ("PUT", "/plaintext"), ("GET", "/nowhere"), ("GET", "/")]:
    connection.request(method, target)
    answer = connection.getresponse()
    print(method, target, answer.status, answer.reason, answer.getheader("Content-Type"),
          answer.read(), "closed" if connection.sock is None else "open")
