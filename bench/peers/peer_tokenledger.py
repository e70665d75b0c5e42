"""Us: `tokenledger serve` with one I/O thread. Every answer to a write follows its fsync; there is no other setting."""
import json
import os
import sys
import urllib.parse

from measure import Process, Work, directory_bytes, drive, drive_revocations, free_port, http_request, wait_for

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "conformance"))
from running_ledger import basic, bearer, fetch  # noqa: E402

OPAQUE = "https://api.example/opaque"
SIGNED = "https://api.example/signed"
CLIENT = "bench"
LIFETIME = 86_400


class Tokenledger:
    name = "tokenledger"

    def __init__(self, setting, program):
        self.setting = setting
        self.data = os.path.join(setting.home, "tokenledger")
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.log = open(os.path.join(setting.home, "tokenledger.log"), "w")
        self.server = Process(setting, [program, "serve", "--data", self.data, "--listen", self.host, "--threads", "1",
                                       "--token-rate-per-client", "0", "--token-rate-per-address", "0"],
                              stdout=self.log, stderr=self.log)
        wait_for(self.port, self.server)
        with open(os.path.join(self.data, "admin-token")) as file:
            self.admin = bearer(file.read().strip())
        for identifier, form in ((OPAQUE, "opaque"), (SIGNED, "jwt")):
            self.make("/v1/apis", {"identifier": identifier, "name": identifier, "scopes": [{"name": "read"}],
                                   "signing_alg": "ES256", "token_format": form, "token_lifetime": LIFETIME,
                                   "token_lifetime_max": LIFETIME})
        self.basic = basic(CLIENT, self.make("/v1/clients", {"client_id": CLIENT, "name": CLIENT})["client_secret"])
        for identifier in (OPAQUE, SIGNED):
            self.make("/v1/client-grants", {"client_id": CLIENT, "audience": identifier, "scopes": ["read"]})
        self.tokens = []
        self.revoked = 0

    def make(self, path, value):
        answer = fetch(f"http://{self.host}{path}", "POST", json.dumps(value).encode(),
                       {**self.admin, "Content-Type": "application/json"})
        if answer.status != 201:
            raise RuntimeError(f"POST {path}: {answer.status} {answer.body.decode()}")
        return answer.json()

    def post(self, path, **fields):
        return http_request("POST", path, self.host, urllib.parse.urlencode(fields).encode(), **self.basic)

    def issue(self, audience):
        return self.post("/oauth/token", grant_type="client_credentials", scope="read", audience=audience)

    def preload(self, count):
        capture = os.path.join(self.setting.home, "tokenledger.tokens")
        drive(self.setting, Work("http", self.port, [self.issue(OPAQUE)]), 240, limit=count, capture=capture)
        with open(capture) as file:
            self.tokens = [json.loads(line)["access_token"] for line in file]

    def work(self, operation):
        if operation in ("issue", "issue durable"):
            return Work("http", self.port, [self.issue(OPAQUE)])
        if operation == "issue ES256":
            return Work("http", self.port, [self.issue(SIGNED)])
        if operation == "introspection":
            return Work("http", self.port, [self.post("/oauth/introspect", token=each) for each in self.live()])
        if operation == "status lookup":
            path = "/v1/authz?" + urllib.parse.urlencode({"audience": OPAQUE, "scope": "read"})
            return Work("http", self.port,
                        [http_request("GET", path, self.host, **bearer(each)) for each in self.live()])
        if operation == "list page":
            return Work("http", self.port, [http_request("GET", f"/v1/tokens?client_id={CLIENT}&limit=100", self.host,
                                                         **self.admin)])
        return None

    def live(self):
        return self.tokens[self.revoked:]

    def revoke(self, count):
        chosen = self.live()[:count]
        work = Work("http", self.port, [self.post("/oauth/revoke", token=each) for each in chosen], once=True)
        return drive_revocations(self, work, len(chosen))

    def memory_bytes(self):
        return self.server.resident_bytes()

    def disk_bytes(self):
        return directory_bytes(self.data)

    def end(self):
        self.server.end()
        self.log.close()
