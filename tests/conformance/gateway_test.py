#!/usr/bin/env python3
"""The gateway configurations of tools/gateway, as shipped but for addresses, before a real ledger and a backend.

gateway_test.py nginx|apache|files. A program that is not installed is a visible SKIP.
"""
import http.client
import http.server
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from running_ledger import RunningLedger, bearer, skip
from cli_support import free_port

CONFIGURATIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "gateway")
AUDIENCE = "https://api.example/orders"  # what the configurations name
READY_SECONDS_MAX = 20
STARTS_MAX = 3  # the port was free when we looked, not when the gateway did
REVOCATIONS = 25
TOKEN_FIELDS = ["X-Token-Client-Id", "X-Token-Subject", "X-Token-Scope", "X-Token-Jti"]
APACHE_MODULES = "/usr/lib/apache2/modules"
UNPRIVILEGED = "nobody"


class Backend:
    """Remembers what reached it and answers with the fields it saw."""

    def __init__(self):
        seen = self.seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fields = {name.lower(): value for name, value in self.headers.items()}
                seen.append((self.command, self.path, fields))
                body = b"" if self.command == "HEAD" else json.dumps(fields).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_HEAD = do_POST = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def configuration(name):
    with open(os.path.join(CONFIGURATIONS, name)) as file:
        return file.read()


def replaced(text, replacements):
    """Each text must occur, so that a changed configuration can't slip past the test."""
    for old, new in replacements.items():
        if old not in text:
            raise AssertionError(f"the configuration does not contain {old!r}")
        text = text.replace(old, new)
    return text


class Gateway:
    """One gateway process without privileges in a directory of its own; ended by its own id."""

    def __init__(self, ledger, backend, secret):
        self.home = tempfile.mkdtemp(prefix="tokenledger-gateway-")
        self.user = {}
        if os.geteuid() == 0:
            who = pwd.getpwnam(UNPRIVILEGED)
            os.chown(self.home, who.pw_uid, who.pw_gid)
            self.user = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
        for _ in range(STARTS_MAX):
            self.port = free_port()
            command = self.prepare(ledger.url.removeprefix("http://"), backend.address, secret)
            self.process = subprocess.Popen(command, cwd=self.home, **self.user)
            if self.is_ready():
                return
        raise RuntimeError("the gateway did not start:\n" + self.log_text())

    def write(self, name, text):
        path = os.path.join(self.home, name)
        if os.path.exists(path):
            os.unlink(path)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        if self.user:
            os.chown(path, self.user["user"], self.user["group"])
        return path

    def is_ready(self):
        end = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return True
            except OSError:
                time.sleep(0.05)
        self.end()
        return False

    def log_text(self):
        found = []
        for folder, _, names in os.walk(self.home):
            for name in names:
                if name.endswith(".log"):
                    with open(os.path.join(folder, name), errors="replace") as file:
                        found.append(file.read())
        return "".join(found)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(READY_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def remove(self):
        self.end()
        shutil.rmtree(self.home, ignore_errors=True)


class Nginx(Gateway):
    program = "nginx"

    def prepare(self, ledger, backend, _secret):
        site = replaced(configuration("nginx.conf"), {
            "127.0.0.1:8080": ledger, "127.0.0.1:9000": backend, "127.0.0.1:8088": f"127.0.0.1:{self.port}"})
        self.write("site.conf", site)
        paths = "".join(f"  {kind}_temp_path {self.home}/{kind};\n"
                        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        main = self.write("main.conf", "daemon off;\nmaster_process off;\n"
                          f"pid {self.home}/pid;\nerror_log {self.home}/error.log notice;\n"
                          "events { worker_connections 128; }\n"
                          f"http {{\n  access_log {self.home}/access.log;\n{paths}"
                          f"  include {self.home}/site.conf;\n}}\n")
        return [shutil.which(self.program), "-p", self.home, "-c", main, "-e", f"{self.home}/error.log"]


class Apache(Gateway):
    program = "apache2"

    def prepare(self, ledger, backend, secret):
        secret_file = self.write("secret.conf", f"Define TOKENLEDGER_GATEWAY_SECRET {secret}\n")
        site = replaced(configuration("apache.conf"), {
            "127.0.0.1:8080": ledger, "127.0.0.1:9000": backend, "127.0.0.1:8089": f"127.0.0.1:{self.port}",
            "/etc/apache2/tokenledger_secret.conf": secret_file})
        self.write("site.conf", site)
        modules = "".join(f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so\n"
                          for name in ("mpm_event", "authn_core", "authz_core", "headers", "proxy", "proxy_http",
                                       "oauth2"))
        main = self.write("main.conf", f"ServerRoot {self.home}\nServerName orders.example\nPidFile {self.home}/pid\n"
                          f"DefaultRuntimeDir {self.home}\nMutex file:{self.home} default\n"
                          f"ErrorLog {self.home}/error.log\nLogLevel info\n{modules}Include {self.home}/site.conf\n")
        return [shutil.which(self.program), "-X", "-f", main]


class GatewayTest:
    """What every gateway must do; the classes below say which."""

    @classmethod
    def setUpClass(cls):
        cls.ledger = RunningLedger()
        cls.addClassCleanup(cls.ledger.__exit__)
        introspectors = ["gateway"]
        scopes = ["read", "write", "rewrite"]
        cls.ledger.make_api(AUDIENCE, introspectors=introspectors, scopes=scopes)
        cls.ledger.make_api("https://api.example/opaque", token_format="opaque", introspectors=introspectors)
        cls.shop = cls.ledger.make_client("shop")
        cls.opaque_shop = cls.ledger.make_client("opaque-shop", token_format="opaque")
        for client in (cls.shop, cls.opaque_shop):
            cls.ledger.grant(client[0], AUDIENCE, scopes)
            cls.ledger.grant(client[0], "https://api.example/opaque", ["read", "write"])
        cls.backend = Backend()
        cls.addClassCleanup(cls.backend.stop)
        cls.gateway = cls.kind(cls.ledger, cls.backend, cls.ledger.make_client("gateway")[1])
        cls.addClassCleanup(cls.gateway.remove)

    def setUp(self):
        self.connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=30)
        self.addCleanup(self.connection.close)

    def request(self, token=None, method="GET", path="/orders/1", fields=None):
        """(status, fields, body) over one kept-alive connection."""
        self.connection.request(method, path, headers={**bearer(token), **(fields or {})})
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def refused(self, status, *arguments, **options):
        """Not a byte of it reaches the backend; returns the challenge."""
        before = len(self.backend.seen)
        answer = self.request(*arguments, **options)
        self.assertEqual(answer[0], status, self.gateway.log_text()[-2000:])
        self.assertEqual(len(self.backend.seen), before)
        return answer[1].get_all("WWW-Authenticate") or []

    def test_a_good_token_passes_and_the_backend_learns_who_not_the_token(self):
        for client in (self.shop, self.opaque_shop):
            token = self.ledger.issue(client, AUDIENCE)
            status, _, body = self.request(token, path="/calandar/v1/events",  # A17's own path
                                           fields={name: "forged" for name in TOKEN_FIELDS})
            self.assertEqual(status, 200, self.gateway.log_text()[-2000:])
            seen = json.loads(body)
            self.assertEqual(seen["x-token-client-id"], client[0])
            self.assertEqual(seen.get("x-token-subject", client[0]), client[0])  # of a client's own token
            self.assertNotIn("forged", body.decode())
            self.assertNotIn("authorization", seen)
            self.assertNotIn(token, body.decode())

    def test_a_missing_malformed_or_unknown_token_is_401_with_a_challenge(self):
        good = self.ledger.issue(self.shop, AUDIENCE)
        for token in (None, "not-a-token", good[:-2], good + "A"):
            challenges = self.refused(401, token)
            self.assertEqual(len(challenges), 1)
            self.assertTrue(challenges[0].startswith("Bearer"), challenges)
        self.refused(401, path=f"/orders/1?access_token={good}")
        self.refused(401, fields={"Cookie": f"access_token={good}"})

    def test_a_token_without_the_scope_is_403_with_a_challenge(self):
        reader = self.ledger.issue(self.shop, AUDIENCE, "read")
        for method in ("POST", "DELETE"):
            challenges = self.refused(403, reader, method=method)
            self.assertEqual(len(challenges), 1)
            self.assertIn('error="insufficient_scope"', challenges[0])
        self.refused(403, self.ledger.issue(self.shop, AUDIENCE, "read rewrite"), method="POST")
        for scopes in ("write", "read write", "rewrite write"):
            writer = self.ledger.issue(self.shop, AUDIENCE, scopes)
            self.assertEqual(self.request(writer, method="POST")[0], 200, scopes)

    def test_a_token_for_another_audience_is_refused_whatever_the_path_says(self):
        foreign = self.ledger.issue(self.shop, "https://api.example/opaque")
        for path in ("/", "/?audience=https://api.example/opaque", "/orders&audience=https://api.example/opaque"):
            self.refused(self.other_audience, foreign, path=path)

    def test_a_revoked_token_is_refused_at_the_very_next_request(self):
        for number in range(REVOCATIONS):
            client = (self.shop, self.opaque_shop)[number % 2]
            token = self.ledger.issue(client, AUDIENCE)
            for _ in range(3):  # whatever would be kept is kept now
                self.assertEqual(self.request(token)[0], 200)
            self.end_token(client, token, number)
            self.refused(401, token)
            self.refused(401, token)

    def end_token(self, client, token, number):
        if number % 5 != 0:
            return self.ledger.revoke(client, token)
        self.assertEqual(self.ledger.revoke_as_admin(token).status, 200)

    def test_no_token_stands_in_the_gateway_s_logs(self):
        token = self.ledger.issue(self.shop, AUDIENCE)
        self.request(token)
        self.request(token, method="POST")
        self.ledger.revoke(self.shop, token)
        self.request(token)
        self.assertNotIn(token, self.gateway.log_text())

    def test_zz_without_the_ledger_nothing_passes(self):  # the last: it ends the ledger
        token = self.ledger.issue(self.shop, AUDIENCE)
        self.assertEqual(self.request(token)[0], 200)
        self.ledger.server.stop()
        before = len(self.backend.seen)
        for each in (token, None):
            self.assertGreaterEqual(self.request(each)[0], 400)
        self.assertEqual(len(self.backend.seen), before)


class NginxTest(GatewayTest, unittest.TestCase):
    kind = Nginx
    other_audience = 401


class ApacheTest(GatewayTest, unittest.TestCase):
    kind = Apache
    other_audience = 403  # the token is good, only not here: `Require` answers


class FilesTest(unittest.TestCase):
    """Envoy and Traefik are in no Debian archive, so their configurations are read and not run."""

    def setUp(self):
        try:
            import yaml
        except ImportError:
            skip("python3-yaml is missing; tools/install-packages installs it")
        self.yaml = yaml

    def test_envoy_asks_one_fixed_question_and_refuses_without_an_answer(self):
        text = configuration("envoy.yaml")
        resources = self.yaml.safe_load(text)["static_resources"]
        clusters = {cluster["name"] for cluster in resources["clusters"]}
        named = set(re.findall(r"(?:route: \{ |^ +)cluster: (\w+)", text, re.MULTILINE))
        self.assertEqual(named, clusters)
        filters = resources["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"]
        self.assertEqual([each["name"].rsplit(".", 1)[1] for each in filters], ["ext_authz", "router"])
        self.assertIs(filters[0]["typed_config"]["failure_mode_allow"], False)
        question = resources["listeners"][1]["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"][0]
        lua = question["typed_config"]["default_source_code"]["inline_string"]
        self.assertIn(f'"/v1/authz?audience={AUDIENCE}&scope=" .. scope', lua)
        self.assertIn('headers:replace(":method", "GET")', lua)
        for listener in resources["listeners"]:
            self.assertEqual(listener["address"]["socket_address"]["address"], "127.0.0.1")

    def test_traefik_s_routers_all_pass_through_the_ledger(self):
        http_part = self.yaml.safe_load(configuration("traefik.yaml"))["http"]
        scopes = {}
        for name, router in http_part["routers"].items():
            asked = [http_part["middlewares"][each].get("forwardAuth") for each in router["middlewares"]]
            self.assertIsNotNone(asked[0], name)  # before the token is dropped
            address, scope = asked[0]["address"].split("&scope=")
            self.assertEqual(address, f"http://127.0.0.1:8080/v1/authz?audience={AUDIENCE}")
            self.assertEqual(asked[0]["authRequestHeaders"], ["Authorization"])
            self.assertEqual(asked[0]["authResponseHeaders"], TOKEN_FIELDS)
            self.assertIn(router["service"], http_part["services"])
            scopes[scope] = router["rule"]
        self.assertEqual(set(scopes), {"read", "write"})
        self.assertIn("!(Method(`GET`) || Method(`HEAD`))", scopes["write"])


def main():
    suites = {"nginx": NginxTest, "apache": ApacheTest, "files": FilesTest}
    suite = suites[sys.argv[1]]
    program = getattr(getattr(suite, "kind", None), "program", None)
    os.environ["PATH"] += ":/usr/sbin"  # where Debian puts both; not in everyone's PATH
    if program and shutil.which(program) is None:
        skip(f"{program} is missing; tools/install-packages installs it")
    if program == "apache2" and not os.path.exists(f"{APACHE_MODULES}/mod_oauth2.so"):
        skip("Apache's mod_oauth2 is missing; tools/install-packages installs it")
    unittest.main(argv=[sys.argv[0], "-v", suite.__name__, *sys.argv[2:]])


if __name__ == "__main__":
    main()
