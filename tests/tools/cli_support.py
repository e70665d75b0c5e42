"""What the tests of the command line share: running the program, directories, a server."""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.environ.get("TOKENLEDGER_PROGRAM", "build/tokenledger")
MANAGEMENT = "urn:tokenledger:management"
ORDERS = "https://api.example/orders"
SECONDS_MAX = 120  # of one command; a busy machine is slow, a hanging one is a failure


class Outcome:
    def __init__(self, finished):
        self.code = finished.returncode
        self.out = finished.stdout
        self.err = finished.stderr

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"exit {self.code}\nstdout: {self.out}\nstderr: {self.err}"


def run(*arguments, text=None, environment=None):
    finished = subprocess.run([PROGRAM, *arguments], input=text, capture_output=True, text=True,
                              timeout=SECONDS_MAX, env={**os.environ, **(environment or {})})
    return Outcome(finished)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """`tokenledger serve` on a free port, ready; stop() sends SIGTERM and returns the exit code.

    `url`: where an earlier one was, for who knows the issuer by it.
    """

    def __init__(self, data, *arguments, scheme="http", url=None):
        self.url = url or f"{scheme}://127.0.0.1:{free_port()}"
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--data", data, "--listen", self.url.removeprefix(scheme + "://"),
             *arguments], stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.greeting = []
        for line in self.process.stdout:
            self.greeting.append(line.rstrip("\n"))
            if "/oauth/token" in line or "admin-token --data" in line:  # the greeting's last line
                break

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        rest = self.process.communicate(timeout=SECONDS_MAX)[0]
        self.greeting += rest.splitlines()
        self.process.stdout.close()
        return self.process.returncode

    def log_text(self):
        self.log.seek(0)
        return self.log.read()


class CommandLineTest(unittest.TestCase):
    def setUp(self):
        memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
        self.home = tempfile.mkdtemp(prefix="tokenledger-", dir=memory)
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.data = os.path.join(self.home, "data")

    def path(self, name):
        return os.path.join(self.home, name)

    def ok(self, *arguments, **options):
        outcome = run(*arguments, **options)
        self.assertEqual(outcome.code, 0, f"{arguments}: {outcome}")
        return outcome

    def refused(self, code, *arguments, **options):
        outcome = run(*arguments, **options)
        self.assertEqual(outcome.code, code, f"{arguments}: {outcome}")
        self.assertTrue(outcome.err.strip(), f"{arguments}: no sentence on stderr")
        return outcome

    def json(self, *arguments, **options):
        return self.ok(*arguments, "--format", "json", **options).json()

    def make_ledger(self):
        self.ok("admin-token", "--data", self.data, "--create")

    def issue(self, name="first", seconds=3600):
        return self.json("token", "issue", "--data", self.data, "--name", name, "--audience",
                         MANAGEMENT, "--scope", "check", "--expires-in-seconds", str(seconds))

    def check(self, token, *arguments):
        return run("token", "check", "--data", self.data, "--file", "-", "--audience", MANAGEMENT,
                   "--format", "json", *arguments, text=token)

    def tree(self, directory=None):
        """Every file below the directory with its size and contents."""
        found = {}
        for folder, _, names in os.walk(directory or self.data):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    found[os.path.join(folder, name)] = file.read()
        return found

    def registries(self):
        """What bad input must not change."""
        return [self.json(*words, "--data", self.data)["items"]
                for words in (("client", "list"), ("api", "list"), ("grant", "list"),
                              ("token", "list"))]


class ServerTest(CommandLineTest):
    def serve(self, *arguments, scheme="http"):
        server = Server(self.data, *arguments, scheme=scheme)
        self.addCleanup(server.stop)
        self.assertIsNone(server.process.poll(), server.log_text())
        return server

    def admin_token(self):
        with open(os.path.join(self.data, "admin-token")) as file:
            return file.read().strip()

    def curl(self, server, path, *arguments, token=None):
        """(status, body); the bearer token travels through stdin, never as an argument."""
        header = f"Authorization: Bearer {token}\n" if token else ""
        done = subprocess.run(["curl", "-sS", "-H", "@-", "-w", "\n%{http_code}",
                               *arguments, server.url + path], input=header, capture_output=True,
                              text=True, timeout=SECONDS_MAX)
        self.assertEqual(done.returncode, 0, done.stderr)
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

    def post(self, server, path, value, token=None):
        return self.curl(server, path, "-H", "Content-Type: application/json", "-d",
                         json.dumps(value), token=token)


def main():
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[1:]])
