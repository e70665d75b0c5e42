#!/usr/bin/env python3
"""Clients that others wrote, against a real server: discover, token, verify by JWKS, introspect, revoke, refused.

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
TESTS_SECONDS_MAX = 200
TESTS_MIN = 36  # a runner that finds no files would also end with success


def prepare(ledger):
    """The registries that npm/support.js describes; returns what the tests are told."""
    audiences = {"standard": "https://api.example/standard", "opaque": "https://api.example/opaque"}
    seen_by = {"introspectors": ["gateway"]}
    ledger.make_api(audiences["standard"], **seen_by)
    ledger.make_api(audiences["opaque"], token_format="opaque", **seen_by)
    for name, algorithm in (("es256", "ES256"), ("rs256", "RS256"), ("eddsa", "EdDSA")):
        audiences[name] = f"https://api.example/{name}"
        ledger.make_api(audiences[name], signing_alg=algorithm, **seen_by)
    # A name full of characters that RFC 6749 §2.3.1 makes a client escape in Basic.
    shop = ledger.make_client("shop:eu+1/50%25&co=1")
    for audience in audiences.values():
        ledger.grant(shop[0], audience)
    clients = {"shop": shop, "gateway": ledger.make_client("gateway"), "stranger": ledger.make_client("stranger")}
    named = {name: {"id": who[0], "secret": who[1]} for name, who in clients.items()}
    return {"issuer": ledger.url, "audiences": audiences, **named}


def run_tests(node, home, setting):
    tests = sorted(os.path.basename(path) for path in glob.glob(os.path.join(SOURCES, "*.test.js")))
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
        done = run_tests(node, home, setting)
    print(done.stdout)
    print(done.stderr, file=sys.stderr)
    passed = re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    if done.returncode != 0 or passed is None:
        sys.exit("a client failed")
    if int(passed.group(1)) < TESTS_MIN:
        sys.exit(f"only {passed.group(1)} tests passed")


if __name__ == "__main__":
    main()
