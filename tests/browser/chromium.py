"""A headless Chromium, driven over a pipe by the DevTools protocol: no port, no driver, no package.

    with Chromium() as browser:
        page = browser.open("http://127.0.0.1:8080/", javascript=False)
        page.type("#login", "ada")
        page.click("button")
"""
import base64
import fcntl
import json
import os
import shutil
import select
import signal
import subprocess
import sys
import tempfile
import time

# Puts the two pipes where --remote-debugging-pipe looks for them, and becomes the browser.
LAUNCHER = ("import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4);"
            "os.execv(sys.argv[3], sys.argv[3:])")
FIRST_FREE = 10  # neither pipe may lie where the other one goes
SECONDS_MAX = 30  # for one thing to happen; a busy machine is slow, a hanging one is a failure


class Unavailable(Exception):
    """There is no Chromium on this machine; the text says so."""


class ProtocolError(Exception):
    pass


def find_program():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path:
            return path
    raise Unavailable("there is no Chromium here; tools/install-packages --test installs it")


def pipe():
    ends = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, FIRST_FREE) for end in ends)
    for end in ends:
        os.close(end)
    return high


class Chromium:
    def __init__(self):
        program = find_program()
        self.profile = tempfile.mkdtemp(prefix="tokenledger-chromium-")
        to_browser, self.output = pipe()
        self.input, from_browser = pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, str(to_browser), str(from_browser), program, "--headless",
             "--remote-debugging-pipe", "--no-first-run", "--no-default-browser-check", "--disable-gpu",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-dev-shm-usage", "--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND, "
             "EXCLUDE 127.0.0.1, EXCLUDE localhost", f"--user-data-dir={self.profile}",
             # Only our own pages are loaded; as root Chromium has no sandbox of its own.
             *(["--no-sandbox"] if os.geteuid() == 0 else []), "about:blank"],
            pass_fds=(to_browser, from_browser), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(to_browser)
        os.close(from_browser)
        self.number = 0
        self.waiting = b""
        self.events = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
            self.process.wait(SECONDS_MAX)
        except (ProtocolError, OSError, subprocess.TimeoutExpired):
            os.killpg(self.process.pid, signal.SIGKILL)  # its own session: only what it started
            self.process.wait()
        os.close(self.output)
        os.close(self.input)
        shutil.rmtree(self.profile, ignore_errors=True)

    def read_message(self, until):
        while b"\0" not in self.waiting:
            ready, _, _ = select.select([self.input], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise ProtocolError("the browser said nothing in time")
            received = os.read(self.input, 1 << 16)
            if not received:
                raise ProtocolError("the browser is gone")
            self.waiting += received
        message, self.waiting = self.waiting.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session=None, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.output, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + SECONDS_MAX
        while True:
            answer = self.read_message(until)
            if answer.get("id") != self.number:
                self.events.append(answer)
                continue
            if "error" in answer:
                raise ProtocolError(f"{method}: {answer['error']['message']}")
            return answer["result"]

    def wait_for(self, method, session):
        """The next event of this kind, of this page; earlier ones that nobody waited for count."""
        until = time.monotonic() + SECONDS_MAX
        while True:
            for index, event in enumerate(self.events):
                if event.get("method") == method and event.get("sessionId") == session:
                    return self.events.pop(index)["params"]
            self.events.append(self.read_message(until))

    def open(self, url, javascript=True, width=1024, dark=False):
        """A page in a window of its own: no cookie of another one."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        page.call("Page.enable")
        page.call("Runtime.enable")
        page.call("Log.enable")
        page.call("Network.enable")
        page.call("Emulation.setScriptExecutionDisabled", value=not javascript)
        page.resize(width, dark)
        page.go(url)
        return page


class Page:
    def __init__(self, browser, session):
        self.browser = browser
        self.session = session

    def call(self, method, **parameters):
        return self.browser.call(method, session=self.session, **parameters)

    def resize(self, width, dark=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1,
                  mobile=width < 600)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def settle(self, act):
        """Runs `act`, which loads another document, and waits for that to be there."""
        self.browser.events = [event for event in self.browser.events
                               if event.get("sessionId") != self.session
                               or event["method"] not in ("Page.loadEventFired", "Page.frameNavigated")]
        act()
        self.browser.wait_for("Page.loadEventFired", self.session)

    def go(self, url):
        def act():
            answer = self.call("Page.navigate", url=url)
            if "errorText" in answer:
                raise ProtocolError(f"{url}: {answer['errorText']}")
        self.settle(act)

    def evaluate(self, expression):
        """Works without JavaScript too: the debugger's own evaluation is not the page's."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise ProtocolError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def wait_until(self, expression, seconds=10):
        """What the page does by itself after loading (autofocus) comes with its first picture."""
        until = time.monotonic() + seconds
        while not self.evaluate(expression):
            if time.monotonic() > until:
                raise ProtocolError(f"{expression} did not come true")
            time.sleep(0.02)

    def url(self):
        return self.evaluate("document.URL")

    def title(self):
        return self.evaluate("document.title")

    def text(self, selector="body"):
        return self.evaluate(f"document.querySelector({json.dumps(selector)}).innerText")

    def texts(self, selector):
        return self.evaluate(f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.innerText)")

    def type(self, selector, text):
        self.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
        self.evaluate(f"document.querySelector({json.dumps(selector)}).select()")
        self.call("Input.insertText", text=text)

    def press(self, key, code, text=""):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code,
                      **({"text": text} if text and kind == "keyDown" else {}))

    def click(self, selector):
        """By the mouse, where the element is: what lies above it or is not shown can't be clicked."""
        box = self.evaluate(
            f"(e => {{ e.scrollIntoView({{block: 'center'}}); const b = e.getBoundingClientRect();"
            f" return [b.x + b.width / 2, b.y + b.height / 2]; }})(document.querySelector({json.dumps(selector)}))")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def submit(self, selector):
        self.settle(lambda: self.click(selector))

    def complaints(self):
        """What the browser said about the page: blocked scripts, styles, forms."""
        return [event["params"]["entry"]["text"] for event in self.browser.events
                if event.get("method") == "Log.entryAdded" and event.get("sessionId") == self.session]

    def screenshot(self, path):
        size = self.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True,
                         clip={"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1})
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))
