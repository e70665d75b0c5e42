#!/usr/bin/env python3
"""Go's note.Open, tlog.CheckRecord and tlog.CheckTree (go_tlog/) over logs and proofs of our making: they accept them
and refuse each with one bit flipped.

  go_tlog_test.py BUILD_DIRECTORY    where the Go program and Go's cache are kept

SKIP where there is no Go or not Debian's golang-golang-x-mod-dev: nothing is fetched.
"""
import base64
import json
import os
import random
import shutil
import subprocess
import sys
import unittest

from running_ledger import skip
from tlog_fixture import Log, flipped, read_bytes, temporary_directory, write_bytes

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "go_tlog")
GOPATH = "/usr/share/gocode"
SEED = int(os.environ.get("TOKENLEDGER_TEST_SEED", random.randrange(2**32)))
FILES_MAX = 500  # of one call
program = None


def build(directory):
    go = shutil.which("go")
    if go is None:
        skip("there is no go")
    if not os.path.isdir(os.path.join(GOPATH, "src/golang.org/x/mod/sumdb/note")):
        skip("golang-golang-x-mod-dev is not installed")
    os.makedirs(directory, exist_ok=True)
    made = os.path.join(directory, "go_tlog")
    # Debian keeps libraries as a GOPATH; with modules off nothing is looked for on the network.
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": GOPATH, "GOFLAGS": "", "GOTOOLCHAIN": "local",
                   "GOPROXY": "off", "GOCACHE": os.path.join(directory, "cache"), "CGO_ENABLED": "0"}
    subprocess.run([go, "build", "-o", made, "."], cwd=SOURCES, env=environment, check=True)
    return made


def verdicts(*arguments):
    """True or False for each of the last arguments of go_tlog, by its path."""
    answer = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=300)
    if answer.returncode not in (0, 1):
        raise AssertionError(answer.stderr)
    found = {}
    for line in answer.stdout.splitlines():
        verdict, path = line.split(" ")[:2]
        found[path.rstrip(":")] = verdict == "accepted"
    return found


class Go(unittest.TestCase):
    def setUp(self):
        self.scratch = temporary_directory()
        self.addCleanup(shutil.rmtree, self.scratch)

    def refuses_all(self, variants, *arguments):
        """Each of the contents, in the place of the last argument, is refused; how many there were."""
        count = 0
        variants = list(variants)
        for begin in range(0, len(variants), FILES_MAX):
            paths = []
            for number, content in enumerate(variants[begin:begin + FILES_MAX]):
                paths.append(os.path.join(self.scratch, str(begin + number)))
                write_bytes(paths[-1], content)
            found = verdicts(*arguments, *paths)
            self.assertEqual(len(found), len(paths))
            self.assertEqual([path for path, accepted in found.items() if accepted], [])
            count += len(paths)
            for path in paths:
                os.remove(path)
        return count

    def accepts(self, *arguments):
        found = verdicts(*arguments)
        self.assertEqual(set(found.values()), {True}, arguments)

    def test_opens_our_checkpoints_and_no_altered_one(self):
        with Log(300, step=300) as log:
            path = log.path("log/checkpoint")
            self.accepts("note", log.vkey, path)
            good = read_bytes(path)
            # The witness's line says nothing to Go, which knows no cosignatures.
            signed = good[:good.rindex("\u2014".encode())]
            variants = [flipped(signed, position) for position in range(len(signed) * 8)]
            # Go also reads base64 whose unused bits are not zero: the same signature in another spelling.
            variants = [each for each in variants if signature_of(each) != signature_of(signed)]
            count = self.refuses_all(variants, "note", log.vkey)
            print(f"{count} of {len(signed) * 8} flips refused")
            self.assertGreaterEqual(count, len(signed) * 8 - 6)

    def test_reads_our_tiles_and_no_altered_one(self):
        print(f"seed {SEED}")
        chosen = random.Random(SEED)
        for size in (1, 255, 256, 257, 600, 66000):
            with Log(size, step=size) as log:
                self.accepts("log", log.vkey, log.log)
        with Log(600, step=600) as log:
            tiles = [name for name in log.log_files() if name.startswith("tile/") and "entries" not in name]
            for name in tiles:
                path = os.path.join(log.log, name)
                good = read_bytes(path)
                for position in chosen.sample(range(len(good) * 8), min(30, len(good) * 8)):
                    write_bytes(path, flipped(good, position))
                    self.assertEqual(verdicts("log", log.vkey, log.log), {log.log: False}, f"{name} bit {position}")
                write_bytes(path, good)
            self.accepts("log", log.vkey, log.log)

    def test_accepts_our_inclusion_proofs_and_no_altered_one(self):
        for log in (Log(75), Log(66000, step=9001)):
            with log:
                checkpoint, flips = log.path("log/checkpoint"), 0
                for index in log.numbers("inclusion-", ".json"):
                    arguments = ("record", log.vkey, checkpoint, str(index), log.path(f"entry-{index}"))
                    path = log.path(f"inclusion-{index}.json")
                    self.accepts(*arguments, path)
                    flips += self.refuses_all(damaged_proofs(path, 1 if index < 2 else 397), *arguments)
                    entry = os.path.join(self.scratch, "entry")
                    write_bytes(entry, flipped(log.read(f"entry-{index}"), 3))
                    self.assertEqual(verdicts(*arguments[:-1], entry, path), {path: False})
                print(f"{len(log.numbers('inclusion-', '.json'))} proofs accepted, {flips} flips refused")

    def test_accepts_our_consistency_proofs_and_no_altered_one(self):
        for log in (Log(75), Log(66000, step=9001)):
            with log:
                checkpoint, flips = log.path("log/checkpoint"), 0
                for size in log.numbers("checkpoint-"):
                    arguments = ("tree", log.vkey, log.path(f"checkpoint-{size}"), checkpoint)
                    path = log.path(f"consistency-{size}.json")
                    self.accepts(*arguments, path)
                    flips += self.refuses_all(damaged_proofs(path, 1 if size < 3 else 397), *arguments)
                print(f"{len(log.numbers('checkpoint-'))} proofs accepted, {flips} flips refused")


def signature_of(note):
    """All before the signature, and its bytes as a lenient reader sees them; None where there are none."""
    try:
        return note[:note.rindex(b" ")], base64.b64decode(note[note.rindex(b" ") + 1:-1], validate=True), note[-1:]
    except ValueError:
        return None


def damaged_proofs(path, step):
    """The proof's JSON with one bit of one hash flipped, for every step-th bit."""
    hashes = [base64.b64decode(each) for each in json.loads(read_bytes(path))["hashes"]]
    joined = b"".join(hashes)
    for position in range(0, len(joined) * 8, step):
        damaged = flipped(joined, position)
        yield json.dumps({"hashes": [base64.b64encode(damaged[at:at + 32]).decode()
                                     for at in range(0, len(damaged), 32)]}).encode()


if __name__ == "__main__":
    program = build(os.path.abspath(sys.argv.pop(1)))
    unittest.main(verbosity=1)
