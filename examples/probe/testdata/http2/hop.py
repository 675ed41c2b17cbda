"""Prints the text of a page as Chromium shows it, and by which protocol it came:
the page itself is asked, through the pipe that drives the browser."""

import json
import os
import subprocess
import sys
import tempfile

ASK = """document.body.textContent + " by " + performance.getEntriesByType("navigation")[0].nextHopProtocol"""


class Browser:
    """A browser whose commands come by descriptor 3 and are answered by 4."""

    def __init__(self, profile):
        to_browser, self.commands = os.pipe()
        self.answers, from_browser = os.pipe()

        def descriptors():
            # Both ends are moved away first: one of them may be 3 or 4.
            high = [os.dup2(fd, fd + 100) for fd in (to_browser, from_browser)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--ignore-certificate-errors-spki-list=" + os.environ["TRUSTED_KEY"],
             "--user-data-dir=" + profile, "--remote-debugging-pipe", "about:blank"],
            close_fds=False, preexec_fn=descriptors, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.number, self.rest = 0, b""

    def message(self):
        while b"\0" not in self.rest:
            more = os.read(self.answers, 65536)
            if not more:
                sys.exit("the browser has ended")
            self.rest += more
        first, self.rest = self.rest.split(b"\0", 1)
        return json.loads(first)

    def tell(self, method, session=None, **params):
        self.number += 1
        command = {"id": self.number, "method": method, "params": params}
        if session:
            command["sessionId"] = session
        os.write(self.commands, json.dumps(command).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                return answer["result"]

    def wait(self, method):
        while self.message().get("method") != method:
            pass


with tempfile.TemporaryDirectory() as profile:
    browser = Browser(profile)
    target = browser.tell("Target.createTarget", url="about:blank")["targetId"]
    session = browser.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    browser.tell("Page.enable", session)
    browser.tell("Page.navigate", session, url=sys.argv[1])
    browser.wait("Page.loadEventFired")
    print(browser.tell("Runtime.evaluate", session, expression=ASK)["result"]["value"])
    browser.tell("Browser.close")
    browser.process.wait()
