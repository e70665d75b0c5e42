"""A running server with a first API, client and grant, for tests that put other programs before it."""
import base64
import json
import os
import shutil
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
from cli_support import Server, run  # noqa: E402

SECONDS_MAX = 30  # of one request
SKIPPED = 77      # what ctest reads as "skipped" (SKIP_RETURN_CODE)


def skip(reason):
    print(f"SKIP: {reason}")
    sys.exit(SKIPPED)


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


# Loopback must not go through a proxy that the environment names.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirects)


def fetch(url, method="GET", body=None, headers=None):
    """Any status is an answer; only a broken connection raises."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with OPENER.open(request, timeout=SECONDS_MAX) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return Answer(refused.code, refused.headers, refused.read())


def bearer(token):
    return {"Authorization": f"Bearer {token}"} if token else {}


def basic(name, password):
    quoted = ":".join(urllib.parse.quote(part, safe="") for part in (name, password))
    return {"Authorization": "Basic " + base64.b64encode(quoted.encode()).decode()}


class RunningLedger:
    def __init__(self, *arguments):
        memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
        self.home = tempfile.mkdtemp(prefix="tokenledger-", dir=memory)  # 0700
        self.data = os.path.join(self.home, "data")
        self.arguments = arguments
        self._start()
        self.url = self.server.url
        with open(os.path.join(self.data, "admin-token")) as file:
            self.admin_token = file.read().strip()

    def _start(self, url=None):
        self.server = Server(self.data, *self.arguments, url=url)
        if self.server.process.poll() is not None:
            raise RuntimeError("the server did not start: " + self.server.log_text())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def restart_with_new_keys(self, algorithms):
        """Each of these algorithms signs with another key from now on; the ones before stay published."""
        if self.server.stop() != 0:
            raise RuntimeError("the server did not stop: " + self.server.log_text())
        for algorithm in algorithms:
            added = self._command("key", "add", "--alg", algorithm, "--format", "json").json()
            self._command("key", "activate", added["kid"], "--force")
        self._start(self.url)

    def _command(self, *arguments):
        done = run(*arguments, "--data", self.data)
        if done.code != 0:
            raise RuntimeError(f"{arguments}: {done}")
        return done

    def wait_for_status_lists(self):
        """Until the first look at all tokens is done: 503 before."""
        uri = fetch(self.url + "/statuslists").json()["status_lists"][0]
        deadline = time.monotonic() + SECONDS_MAX
        while fetch(uri).status == 503 and time.monotonic() < deadline:
            time.sleep(0.02)

    def admin(self, method, path, value=None):
        headers = {**bearer(self.admin_token), "Content-Type": "application/json"}
        body = None if value is None else json.dumps(value).encode()
        return fetch(self.url + path, method, body, headers)

    def _make(self, path, value):
        answer = self.admin("POST", path, value)
        if answer.status != 201:
            raise RuntimeError(f"POST {path}: {answer.status} {answer.body.decode()}")
        return answer.json()

    def make_api(self, identifier, **settings):
        return self._make("/v1/apis", {"identifier": identifier, "name": identifier, "scopes": ["read", "write"],
                                       **settings})

    def make_client(self, client_id, **settings):
        """(id, secret); a public client has no secret."""
        made = self._make("/v1/clients", {"client_id": client_id, "name": client_id, **settings})
        return made["client_id"], made.get("client_secret")

    def make_user(self, login, password, display_name=""):
        """user_id"""
        user_id = self._make("/v1/users", {"login": login, "display_name": display_name})["user_id"]
        answer = self.admin("POST", f"/v1/users/{user_id}/password", {"password": password})
        if answer.status != 200:
            raise RuntimeError(f"no password: {answer.status} {answer.body.decode()}")
        return user_id

    def grant(self, client_id, audience, scopes=("read",)):
        self._make("/v1/client-grants",
                   {"client_id": client_id, "audience": audience, "scopes": list(scopes)})

    def form(self, path, credentials, **fields):
        return fetch(self.url + path, "POST", urllib.parse.urlencode(fields).encode(),
                     basic(*credentials))

    def issue(self, credentials, audience, scope="read"):
        answer = self.form("/oauth/token", credentials, grant_type="client_credentials",
                           audience=audience, scope=scope)
        if answer.status != 200:
            raise RuntimeError(f"no token: {answer.status} {answer.body.decode()}")
        return answer.json()["access_token"]

    def revoke(self, credentials, token):
        """RFC 7009, by the client itself."""
        answer = self.form("/oauth/revoke", credentials, token=token)
        if answer.status != 200:
            raise RuntimeError(f"not revoked: {answer.status} {answer.body.decode()}")

    def revoke_as_admin(self, token):
        jti = self.admin("POST", "/v1/check", {"token": token}).json()["jti"]
        return self.admin("POST", f"/v1/tokens/{jti}/revoke", {"reason": "lost"})
