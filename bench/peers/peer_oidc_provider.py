"""node-oidc-provider 9: one Node process, tokens in a Map. Nothing of it is durable."""
import json
import os
import shutil
import sys
import urllib.parse

from measure import Missing, Process, Work, drive, drive_revocations, free_port, http_request, wait_for

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "conformance"))
import npm_packages  # noqa: E402
from running_ledger import basic  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
OPAQUE = "https://api.example/opaque"
SIGNED = "https://api.example/signed"
CREDENTIALS = ("bench", "a-secret-of-this-run-only")
TOKENS_MAX = 20_000  # it is an order of magnitude slower; its Map does not get quicker with fewer


class OidcProvider:
    name = "oidc-provider 9"

    def __init__(self, setting, cache):
        try:
            home = npm_packages.installed(os.path.join(HERE, "npm"), cache)
            node = npm_packages.node_of(home)
        except npm_packages.Unavailable as why:
            raise Missing(str(why)) from why
        self.setting = setting
        shutil.copy(os.path.join(HERE, "oidc_provider.mjs"), home)
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        peer = {"port": self.port, "client": {"id": CREDENTIALS[0], "secret": CREDENTIALS[1]}, "opaque": OPAQUE,
                "jwt": SIGNED}
        self.log = open(os.path.join(setting.home, "oidc_provider.log"), "w")
        self.server = Process(setting, [node, "oidc_provider.mjs"], cwd=home, stdout=self.log, stderr=self.log,
                              env={**os.environ, "PEER_SETTING": json.dumps(peer), "NODE_ENV": "production"})
        wait_for(self.port, self.server)
        self.tokens = []
        self.revoked = 0

    def post(self, path, **fields):
        return http_request("POST", path, self.host, urllib.parse.urlencode(fields).encode(), **basic(*CREDENTIALS))

    def issue(self, resource):
        return self.post("/token", grant_type="client_credentials", scope="read", resource=resource)

    def preload(self, count):
        capture = os.path.join(self.setting.home, "oidc_provider.tokens")
        drive(self.setting, Work("http", self.port, [self.issue(OPAQUE)]), 240, limit=min(count, TOKENS_MAX),
              capture=capture)
        with open(capture) as file:
            self.tokens = [json.loads(line)["access_token"] for line in file]

    def work(self, operation):
        if operation == "issue":
            return Work("http", self.port, [self.issue(OPAQUE)])
        if operation == "issue ES256":
            return Work("http", self.port, [self.issue(SIGNED)])
        if operation == "introspection":
            return Work("http", self.port,
                        [self.post("/token/introspection", token=each) for each in self.tokens[self.revoked:]])
        return None

    def revoke(self, count):
        chosen = self.tokens[self.revoked:][:min(count, TOKENS_MAX // 2)]
        work = Work("http", self.port, [self.post("/token/revocation", token=each) for each in chosen], once=True)
        return drive_revocations(self, work, len(chosen))

    def memory_bytes(self):
        return self.server.resident_bytes()

    def disk_bytes(self):
        return None

    def end(self):
        self.server.end()
        self.log.close()
