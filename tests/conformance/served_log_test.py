#!/usr/bin/env python3
"""What a running server says below /v1/audit, before verifiers that share nothing with it: verify_tlog.py and, where Go
is there, the packages of Go's module database. They accept every answer and refuse each with one bit flipped.

  served_log_test.py BUILD_DIRECTORY    where the Go program and Go's cache are kept
"""
import functools
import os
import random
import sys
import tempfile
import time
import unittest

os.environ.setdefault("TOKENLEDGER_WRITE_TLOG", "")  # what go_tlog_test makes logs with; ours is served
import go_tlog_test as go  # noqa: E402
import verify_tlog as verifier  # noqa: E402
from running_ledger import RunningLedger, bearer, fetch  # noqa: E402
from tlog_fixture import flipped, write_bytes  # noqa: E402

ORDERS = "https://api.example/orders"
TOKENS = 330
REVOKED = 300
NOTES = 90
SIGNED_WITHIN_S = 20  # a busy machine is slow, a ledger that never signs is a failure
SEED = int(os.environ.get("TOKENLEDGER_TEST_SEED", random.randrange(2**32)))


class Served:
    """The log's files by path, as fetched once; the verifier's Source."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.files = {}

    def read(self, path):
        if path not in self.files:
            answer = self.ledger.audit(path)
            if answer.status != 200:
                raise verifier.Missing(f"{path}: {answer.status}")
            self.files[path] = answer.body
        return self.files[path]

    def read_tile(self, kind, index, width):
        return self.read(verifier.tile_path(kind, index, width)), width


class AuditedLedger(RunningLedger):
    def audit(self, path):
        """Entries and proofs of tokens alone are asked for with a token."""
        needs_token = path.startswith(("tile/entries/", "proofs/token/"))
        return fetch(self.url + "/v1/audit/" + path, headers=bearer(self.admin_token) if needs_token else {})

    def checkpoint(self):
        """The newest; the very first may still be in the making."""
        for _ in range(SIGNED_WITHIN_S * 10):
            answer = self.audit("checkpoint")
            if answer.status == 200:
                return answer.body
            if answer.status != 503 or answer.json()["code"] != "view_behind":
                break
            time.sleep(0.1)
        raise RuntimeError(f"no checkpoint: {answer.status} {answer.body.decode()}")

    def live(self):
        """A life of about 700 events; the checkpoints kept on the way and the last revocation with its receipt."""
        self.make_api(ORDERS)
        shop = self.make_client("shop")
        self.grant("shop", ORDERS)
        kept = []
        tokens = []
        for number in range(TOKENS):
            tokens.append(self.issue(shop, ORDERS))
            if number % 50 == 0:
                kept.append(self.checkpoint())
        for number, token in enumerate(tokens[:REVOKED]):
            self.revoke(shop, token)
            if number % 60 == 0:
                kept.append(self.checkpoint())
        for number in range(NOTES):
            self._make("/v1/notes", {"topic": "life", "body": str(number)})
        self.active = self.jti_of(tokens[-1])
        self.revoked = self.jti_of(tokens[0])
        last = self.jti_of(tokens[REVOKED])
        self.answer = self.admin("POST", f"/v1/tokens/{last}/revoke?receipt=true", {"reason": "lost"})
        kept.append(self.checkpoint())
        return kept

    def jti_of(self, token):
        return self.admin("POST", "/v1/check", {"token": token}).json()["jti"]


@functools.cache
def audited_ledger():
    """One life serves all tests."""
    ledger = AuditedLedger("--checkpoint-every", "20")
    unittest.addModuleCleanup(ledger.__exit__)
    ledger.kept = ledger.live()
    return ledger


class ServedLog(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"seed {SEED}")
        cls.random = random.Random(SEED)
        cls.ledger = audited_ledger()
        cls.vkey = cls.ledger.audit("vkey").body.decode()
        cls.trust = verifier.Trust(cls.vkey)
        opened = [(verifier.Checkpoint(note, cls.trust), note) for note in cls.ledger.kept]
        cls.notes = {checkpoint.size: note for checkpoint, note in opened}
        cls.opened = {checkpoint.size: checkpoint for checkpoint, _ in opened}
        cls.served = Served(cls.ledger)
        cls.known = verifier.check_log(cls.served, cls.trust, entries=True)

    def entry(self, index):
        at, bundle = 0, self.served.read(verifier.tile_path("entries", index // 256, min(
            256, self.known.size - index // 256 * 256)))
        for _ in range(index % 256):
            at += 2 + int.from_bytes(bundle[at:at + 2], "big")
        return bundle[at + 2:at + 2 + int.from_bytes(bundle[at:at + 2], "big")]

    def proof(self, query):
        answer = self.ledger.audit("proofs/" + query)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.body

    def check_proof_of_event(self, content):
        """A proof file whose extra line is the entry."""
        line = content.split(b"\n")[1]
        verifier.require(line.startswith(b"extra "), "no entry")
        try:
            text = line[6:].decode("ascii")
        except UnicodeDecodeError:
            raise verifier.Refused("not base64") from None
        return verifier.check_proof_file(content, verifier.leaf_hash(verifier.strict_base64(text)), self.trust)


class BeforePython(ServedLog):
    def test_tiles_and_entries_fit_the_checkpoint_and_with_one_bit_flipped_they_do_not(self):
        self.assertGreater(self.known.size, 700)
        self.assertGreaterEqual(self.known.size, max(self.notes))
        flips = 0
        for path, good in list(self.served.files.items()):
            for position in self.random.sample(range(len(good) * 8), 12):
                self.served.files[path] = flipped(good, position)
                with self.assertRaises(verifier.Refused, msg=f"{path} bit {position}"):
                    verifier.check_log(self.served, self.trust, entries=True)
                flips += 1
            self.served.files[path] = good
        print(f"{len(self.served.files)} files accepted, {flips} flips refused")

    def test_checkpoints_kept_on_the_way_are_still_given_and_never_another_of_their_size(self):
        self.assertGreater(len(self.notes), 5)
        for size, note in self.notes.items():
            self.assertEqual(self.ledger.audit(f"checkpoint?size={size}").body, note)

    def test_every_pair_of_kept_checkpoints_is_consistent(self):
        proofs = flips = 0
        for old in self.notes:
            for new in (size for size in self.notes if size >= old):
                proof = verifier.parse_proof(self.proof(f"consistency?from={old}&to={new}"))
                verifier.check_consistency(self.opened[old], self.opened[new], proof)
                proofs += 1
                joined = b"".join(proof)
                for position in range(self.random.randrange(41), len(joined) * 8, 41):
                    damaged = flipped(joined, position)
                    with self.assertRaises(verifier.Refused, msg=f"{old} {new} bit {position}"):
                        verifier.check_consistency(self.opened[old], self.opened[new], [
                            damaged[at:at + 32] for at in range(0, len(damaged), 32)])
                    flips += 1
        print(f"{proofs} proofs accepted, {flips} flips refused")

    def test_entries_are_included_in_kept_checkpoints(self):
        proofs = flips = 0
        for _ in range(60):
            size = self.random.choice(list(self.notes))
            index = self.random.randrange(size)
            proof = verifier.parse_proof(self.proof(f"inclusion?index={index}&size={size}"))
            leaf = verifier.leaf_hash(self.entry(index))
            verifier.check_inclusion(self.opened[size], index, leaf, proof)
            proofs += 1
            joined = b"".join(proof) + leaf
            for position in range(self.random.randrange(41), len(joined) * 8, 41):
                damaged = flipped(joined, position)
                hashes = [damaged[at:at + 32] for at in range(0, len(damaged), 32)]
                with self.assertRaises(verifier.Refused, msg=f"{index} {size} bit {position}"):
                    verifier.check_inclusion(self.opened[size], index, hashes[-1], hashes[:-1])
                flips += 1
        print(f"{proofs} proofs accepted, {flips} flips refused")

    def test_proof_files_of_tokens_and_the_receipt_hold(self):
        receipt = self.ledger.answer.json()["receipt"].encode()
        checkpoint, index = self.check_proof_of_event(receipt)
        self.assertEqual(index + 1, int(self.ledger.answer.headers["X-Ledger-Seq"]))
        self.assertGreater(checkpoint.size, index)
        files = [receipt] + [self.proof("token/" + jti) for jti in (self.ledger.active, self.ledger.revoked)]
        self.assertEqual(len({self.check_proof_of_event(each)[1] for each in files}), 3, "three events")
        flips = 0
        for good in files:
            for position in range(self.random.randrange(37), len(good) * 8, 37):  # each bit of a byte in turn
                with self.assertRaises(verifier.Refused, msg=f"bit {position}"):
                    self.check_proof_of_event(flipped(good, position))
                flips += 1
        print(f"{len(files)} proof files accepted, {flips} flips refused")


class BeforeGo(ServedLog):
    """note.Open, tlog.CheckRecord and tlog.CheckTree."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.home = tempfile.mkdtemp(prefix="go-", dir=cls.ledger.home)

    def path(self, name):
        path = os.path.join(self.home, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def file(self, name, content):
        path = self.path(name)
        write_bytes(path, content)
        return path

    def judge(self, good, damaged, *arguments):
        """The content is accepted as the last argument, and none of the damaged ones; how many these are."""
        paths = [self.file("good", good)]
        paths += [self.file(f"damaged/{number}", content) for number, content in enumerate(damaged)]
        found = go.verdicts(*arguments, *paths)
        self.assertEqual([path for path in paths if found[path]], paths[:1], arguments)
        return len(paths) - 1

    def test_checkpoints(self):
        good = self.served.read("checkpoint")
        damaged = (flipped(good, position) for position in range(0, len(good) * 8, 7))
        # Go reads base64 whose unused bits are not zero too: the same signature in another spelling.
        damaged = [each for each in damaged if go.signature_of(each) != go.signature_of(good)]
        print(f"{self.judge(good, damaged, 'note', self.vkey)} flips refused")

    def test_tiles(self):
        files = {path: good for path, good in self.served.files.items() if "entries" not in path}
        for path, good in files.items():
            self.file("log/" + path, good)
        log, flips = self.path("log"), 0
        self.assertEqual(go.verdicts("log", self.vkey, log), {log: True})
        for path, good in files.items():
            if path == "checkpoint":
                continue
            for position in self.random.sample(range(len(good) * 8), 8):
                self.file("log/" + path, flipped(good, position))
                self.assertEqual(go.verdicts("log", self.vkey, log), {log: False}, f"{path} bit {position}")
                flips += 1
            self.file("log/" + path, good)
        self.assertGreater(len(files), 3)
        print(f"{len(files)} files accepted, {flips} flips refused")

    def test_inclusion_proofs(self):
        flips = 0
        for size in self.notes:
            index = self.random.randrange(size)
            good = self.proof(f"inclusion?index={index}&size={size}")
            damaged = list(go.damaged_proofs(self.file("proof", good), 53))
            flips += self.judge(good, damaged, "record", self.vkey, self.file("checkpoint", self.notes[size]),
                                str(index), self.file("entry", self.entry(index)))
        print(f"{len(self.notes)} proofs accepted, {flips} flips refused")

    def test_consistency_proofs(self):
        flips = 0
        newest = max(self.notes)
        for size in self.notes:
            good = self.proof(f"consistency?from={size}&to={newest}")
            damaged = list(go.damaged_proofs(self.file("proof", good), 53))
            flips += self.judge(good, damaged, "tree", self.vkey, self.file("old", self.notes[size]),
                                self.file("new", self.notes[newest]))
        print(f"{len(self.notes)} proofs accepted, {flips} flips refused")


if __name__ == "__main__":
    build_directory = os.path.abspath(sys.argv.pop(1))
    try:
        go.program = go.build(build_directory)
    except SystemExit:
        del BeforeGo  # build() said why
    unittest.main(verbosity=1)
