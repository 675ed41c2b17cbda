"""Asks for every route over one connection and prints what it gets."""
import http.client
import sys

scheme, host = sys.argv[1].split("://")
kind = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}[scheme]
connection = kind(host, timeout=20)


def ask(method, target, content=None, show=60, **fields):
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    chunked = headers.get("Transfer-Encoding") == "chunked"
    connection.request(method, target, content, headers, encode_chunked=chunked)
    answer = connection.getresponse()
    got = answer.read()
    print(method, target, answer.status, answer.reason, answer.getheader("Content-Type"),
          "length", answer.getheader("Content-Length"), "allow", answer.getheader("Allow"),
          len(got), got[:show], "closed" if connection.sock is None else "open")


ask("GET", "/plaintext")
ask("HEAD", "/plaintext")
ask("GET", "/json")
ask("GET", "/users/7", Authorization="t")
ask("GET", "/users/7")
ask("POST", "/echo", b"over and out")
ask("POST", "/echo", iter([b"over ", b"and ", b"out"]), Transfer_Encoding="chunked")
ask("POST", "/echo", b"x" * 1_000_000, show=5)
ask("GET", "/headers", Host="example.test", A="1", b="2", show=90)
ask("POST", "/headers", b"unread content", Host="example.test", show=90)
ask("GET", "/nocontent")
ask("GET", "/notmodified")
ask("GET", "/large", show=5)
ask("GET", "/large?size=100000", show=5)
ask("HEAD", "/large")
ask("GET", "/large?size=x")
ask("GET", "/delay/1")
ask("GET", "/stream/3")
ask("GET", "/panic")
ask("OPTIONS", "/headers")
ask("DELETE", "/headers")
ask("GET", "/nowhere")
ask("GET", "/plaintext")
