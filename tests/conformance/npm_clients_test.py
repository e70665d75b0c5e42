#!/usr/bin/env python3
"""Clients that others wrote, against a real server: discover, token, verify by JWKS, introspect, revoke, refused.

A06: any OAuth client library gets tokens. Those in CODE_CLIENTS also take people through the authorization code flow
with PKCE, and refresh; npm/browser.js is the browser of these people. jose and @sd-jwt/jwt-status-list read what the
server signed.

npm_clients_test.py CACHE: the packages of npm/package-lock.json are installed below CACHE, once.
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys

import npm_packages
from running_ledger import RunningLedger, skip

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "npm")
TESTS_SECONDS_MAX = 300
TESTS_MIN = 68  # a runner that finds no files would also end with success
CODE_CLIENTS = {"oauth4webapi", "openid-client", "passport-oauth2", "simple-oauth2"}
ALGORITHMS = {"es256": "ES256", "rs256": "RS256", "eddsa": "EdDSA"}
LAST = "last_"  # files that end what the others use


def prepare(ledger):
    """The registries that npm/support.js describes; returns what the tests are told."""
    audiences = {name: f"https://api.example/{name}" for name in ("standard", "opaque", "jwe", *ALGORITHMS)}
    settings = {"introspectors": ["gateway"], "allow_offline_access": True}
    ledger.make_api(audiences["standard"], **settings)
    for form in ("opaque", "jwe"):
        ledger.make_api(audiences[form], token_format=form, **settings)
    for name, algorithm in ALGORITHMS.items():
        ledger.make_api(audiences[name], signing_alg=algorithm, **settings)
    # A name full of characters that RFC 6749 §2.3.1 makes a client escape in Basic.
    shop = ledger.make_client("shop:eu+1/50%25&co=1")
    for audience in audiences.values():
        ledger.grant(shop[0], audience)
    clients = {"shop": shop, "gateway": ledger.make_client("gateway"), "stranger": ledger.make_client("stranger")}
    named = {name: {"id": who[0], "secret": who[1]} for name, who in clients.items()}
    early = {name: ledger.issue(shop, audiences[name]) for name in ALGORITHMS}
    ledger.restart_with_new_keys(ALGORITHMS.values())
    ledger.wait_for_status_lists()
    return {"issuer": ledger.url, "adminToken": ledger.admin_token, "audiences": audiences, "early": early, **named}


def run_tests(node, home, setting, are_last):
    names = sorted(os.path.basename(path) for path in glob.glob(os.path.join(SOURCES, "*.test.js")))
    tests = [name for name in names if name.startswith(LAST) == are_last]
    return subprocess.run([node, "--test", "--test-reporter=tap", *tests], cwd=home, capture_output=True, text=True,
                          timeout=TESTS_SECONDS_MAX, env={**os.environ, "TOKENLEDGER_SETTING": setting})


def main():
    try:
        home = npm_packages.installed(SOURCES, sys.argv[1])
        node = npm_packages.node_of(home)
    except npm_packages.Unavailable as why:
        skip(why)
    for path in glob.glob(os.path.join(SOURCES, "*.js")):
        shutil.copy(path, home)
    with RunningLedger() as ledger:
        setting = os.path.join(ledger.home, "setting.json")
        descriptor = os.open(setting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(prepare(ledger), file)
        runs = [run_tests(node, home, setting, are_last) for are_last in (False, True)]
    for done in runs:
        print(done.stdout)
        print(done.stderr, file=sys.stderr)
    if any(done.returncode != 0 for done in runs):
        sys.exit("a client failed")
    passed = [name for done in runs for name in re.findall(r"^\s*ok \d+ - (.*)$", done.stdout, re.MULTILINE)]
    if len(passed) < TESTS_MIN:
        sys.exit(f"only {len(passed)} tests passed")
    missing = CODE_CLIENTS - {name.split()[1].rstrip(":") for name in passed if name.startswith("A06 ")}
    if missing:
        sys.exit(f"A06: no code flow of {', '.join(sorted(missing))}")


if __name__ == "__main__":
    main()
