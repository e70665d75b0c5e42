#!/usr/bin/env python3
"""verify_tlog.py, which knows the specifications alone, accepts logs and proofs of our making and refuses each with
one bit flipped. Logs: requirement D07's proofs, the issue "A history that can be proved".
"""
import base64
import contextlib
import functools
import http.server
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import unittest

import verify_tlog as verifier
from tlog_fixture import Log, flipped, read_bytes, write_bytes

SEED = int(os.environ.get("TOKENLEDGER_TEST_SEED", random.randrange(2**32)))
PROGRAM = verifier.__file__


class Ed25519(unittest.TestCase):
    def test_agrees_with_the_vectors_of_rfc_8032_section_7_1(self):
        rows = [
            ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
             "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
             "d25bf5f0595bbe24655141438e7a100b"),
            ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
             "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
             "387b2eaeb4302aeeb00d291612bb0c00"),
        ]
        for key, message, signature in rows:
            key, message, signature = map(bytes.fromhex, (key, message, signature))
            self.assertTrue(verifier.ed25519_holds(key, message, signature))
            self.assertFalse(verifier.ed25519_holds(key, message + b"x", signature))
            for position in range(0, 512, 31):
                self.assertFalse(verifier.ed25519_holds(key, message, flipped(signature, position)))
            # S + L says the same and is another spelling (section 5.1.7 step 1).
            higher = int.from_bytes(signature[32:], "little") + verifier.ORDER
            self.assertFalse(verifier.ed25519_holds(key, message, signature[:32] + higher.to_bytes(32, "little")))


class Logs(unittest.TestCase):
    def test_of_every_shape_are_accepted_with_entries_and_witness(self):
        for size in (0, 1, 2, 255, 256, 257, 300, 512, 66000):
            with Log(size, step=max(1, size)) as log:
                trust = verifier.Trust(log.vkey, [log.witness_vkey])
                checkpoint = verifier.check_log(verifier.Source(log.log), trust, entries=True)
                self.assertEqual(checkpoint.size, size)

    def test_with_a_damaged_file_are_refused(self):
        print(f"seed {SEED}")
        chosen = random.Random(SEED)
        flips = 0
        with Log(600, step=600) as log:
            trust = verifier.Trust(log.vkey, [log.witness_vkey])
            source = verifier.Source(log.log)
            for name in log.log_files():
                path = os.path.join(log.log, name)
                good = read_bytes(path)
                # Entries are read only for their own files: they would give a bad tile away as well.
                check = functools.partial(verifier.check_log, source, trust, entries="entries" in name)
                for position in chosen.sample(range(len(good) * 8), min(12, len(good) * 8)):
                    write_bytes(path, flipped(good, position))
                    with self.assertRaises(verifier.Refused, msg=f"{name} bit {position}"):
                        check()
                    flips += 1
                for damaged in (good[:-1], good + b"\0", b""):
                    write_bytes(path, damaged)
                    with self.assertRaises(verifier.Refused, msg=name):
                        check()
                os.remove(path)
                with self.assertRaises(verifier.Missing, msg=name):
                    check()
                write_bytes(path, good)
            verifier.check_log(source, trust, entries=True)
        print(f"{flips} flips refused")

    def test_over_http_are_read_alike(self):
        with Log(300, step=300) as log:
            handler = functools.partial(QuietHandler, directory=log.log)
            with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
                threading.Thread(target=server.serve_forever, daemon=True).start()
                url = f"http://127.0.0.1:{server.server_address[1]}/"
                answer = run("log", "--vkey", log.vkey, url, "--entries")
                server.shutdown()
            self.assertEqual(answer.returncode, 0, answer.stderr)

    def test_may_have_dropped_a_partial_tile_for_the_full_one(self):
        with Log(256, step=1) as full, Log(100, step=100) as part:
            for kind in ("0", "entries"):
                os.remove(os.path.join(part.log, "tile", kind, "000.p", "100"))
                write_bytes(os.path.join(part.log, "tile", kind, "000"), read_bytes(
                    os.path.join(full.log, "tile", kind, "000")))
            verifier.check_log(verifier.Source(part.log), verifier.Trust(part.vkey), entries=True)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def run(*arguments):
    environment = {**os.environ, "no_proxy": "127.0.0.1"}
    return subprocess.run([sys.executable, PROGRAM, *arguments], capture_output=True, text=True, env=environment)


class Proofs(unittest.TestCase):
    """Every proof of a log of 75 entries, and those of a larger one."""

    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.logs = [cls.stack.enter_context(Log(75)), cls.stack.enter_context(Log(66000, step=9001))]

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def test_of_inclusion_hold_and_with_one_bit_flipped_do_not(self):
        proved = flips = 0
        for log in self.logs:
            checkpoint = verifier.Checkpoint(log.read("log/checkpoint"), verifier.Trust(log.vkey))
            for index in log.numbers("inclusion-", ".json"):
                proof = verifier.parse_proof(log.read(f"inclusion-{index}.json"))
                leaf = verifier.leaf_hash(log.read(f"entry-{index}"))
                verifier.check_inclusion(checkpoint, index, leaf, proof)
                proved += 1
                joined = b"".join(proof) + leaf
                for position in range(0, len(joined) * 8, 1 if index < 4 else 97):
                    damaged = flipped(joined, position)
                    hashes = [damaged[at:at + 32] for at in range(0, len(damaged), 32)]
                    with self.assertRaises(verifier.Refused):
                        verifier.check_inclusion(checkpoint, index, hashes[-1], hashes[:-1])
                    flips += 1
                with self.assertRaises(verifier.Refused):
                    verifier.check_inclusion(checkpoint, index ^ 1, leaf, proof)
                for length in ([leaf] + proof, proof + [leaf], proof[1:], proof[:-1]):
                    with self.assertRaises(verifier.Refused):
                        verifier.check_inclusion(checkpoint, index, leaf, length)
        self.assertGreater(proved, 80)
        print(f"{proved} proofs accepted, {flips} flips refused")

    def test_of_consistency_hold_and_with_one_bit_flipped_do_not(self):
        proved = flips = 0
        for log in self.logs:
            trust = verifier.Trust(log.vkey)
            newer = verifier.Checkpoint(log.read("log/checkpoint"), trust)
            for size in log.numbers("checkpoint-"):
                older = verifier.Checkpoint(log.read(f"checkpoint-{size}"), trust)
                proof = verifier.parse_proof(log.read(f"consistency-{size}.json"))
                verifier.check_consistency(older, newer, proof)
                proved += 1
                for changed in (older, newer):
                    kept, changed.root = changed.root, flipped(changed.root, size % 256)
                    with self.assertRaises(verifier.Refused):
                        verifier.check_consistency(older, newer, proof)
                    changed.root = kept
                joined = b"".join(proof)
                for position in range(0, len(joined) * 8, 1 if size < 4 else 97):
                    damaged = flipped(joined, position)
                    with self.assertRaises(verifier.Refused):
                        verifier.check_consistency(
                            older, newer, [damaged[at:at + 32] for at in range(0, len(damaged), 32)])
                    flips += 1
        self.assertGreater(proved, 80)
        print(f"{proved} proofs accepted, {flips} flips refused")

    def test_in_files_hold_and_with_one_bit_flipped_do_not(self):
        log = self.logs[0]
        trust = verifier.Trust(log.vkey, [log.witness_vkey])
        for index in log.numbers("proof-", ".tlog-proof"):
            leaf = verifier.leaf_hash(log.read(f"entry-{index}"))
            _, found = verifier.check_proof_file(log.read(f"proof-{index}.tlog-proof"), leaf, trust)
            self.assertEqual(found, index)
        good, leaf = log.read("proof-7.tlog-proof"), verifier.leaf_hash(log.read("entry-7"))
        for position in range(0, len(good) * 8, 13):  # each bit of a byte in turn
            with self.assertRaises(verifier.Refused, msg=f"bit {position}"):
                verifier.check_proof_file(flipped(good, position), leaf, trust)

    def test_are_checked_by_the_command_line(self):
        log = self.logs[0]
        calls = [
            ("inclusion", "--vkey", log.vkey, "--checkpoint", log.path("log/checkpoint"), "--index", "7", "--entry",
             log.path("entry-7"), log.path("inclusion-7.json")),
            ("consistency", "--vkey", log.vkey, "--old", log.path("checkpoint-7"), "--new",
             log.path("log/checkpoint"), log.path("consistency-7.json")),
            ("proof-file", "--vkey", log.vkey, "--witness", log.witness_vkey, "--leaf",
             verifier.leaf_hash(log.read("entry-7")).hex(), log.path("proof-7.tlog-proof")),
        ]
        for call in calls:
            self.assertEqual(run(*call).returncode, 0, call)
            with tempfile.TemporaryDirectory() as directory:
                damaged = os.path.join(directory, "damaged")
                content = read_bytes(call[-1])
                write_bytes(damaged, flipped(content, len(content) * 4))
                answer = run(*call[:-1], damaged)
            self.assertEqual(answer.returncode, 1, answer.stdout)
            self.assertIn("verify_tlog.py: ", answer.stderr)


class Notes(unittest.TestCase):
    def test_need_the_log_and_as_many_witnesses_as_asked_for(self):
        with Log(3) as log:
            note = log.read("log/checkpoint")
            lines = note.split(b"\n")
            alone = b"\n".join(lines[:5]) + b"\n"
            verifier.Checkpoint(alone, verifier.Trust(log.vkey))
            with self.assertRaises(verifier.Refused):
                verifier.Checkpoint(alone, verifier.Trust(log.vkey, [log.witness_vkey]))
            with self.assertRaises(verifier.Refused):
                verifier.Trust(log.vkey, [log.witness_vkey, log.witness_vkey])
            other = log.vkey.replace("ledger.example", "ledger.exampla")
            with self.assertRaises(verifier.Refused):
                verifier.Trust(other)

    def test_of_published_examples_verify(self):
        key = verifier.Key("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
        note = ("This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlT"
                "gK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n").encode()
        text, signatures = verifier.parse_note(note)
        self.assertEqual(verifier.verified_keys(text, signatures, [key]), {key})
        for position in range(0, len(note) * 8, 5):  # each bit of a byte in turn
            with self.assertRaises(verifier.Refused, msg=f"bit {position}"):
                text, signatures = verifier.parse_note(flipped(note, position))
                verifier.require(verifier.verified_keys(text, signatures, [key]), "unknown")

    def test_json_proofs_are_read_strictly(self):
        good = base64.b64encode(bytes(32)).decode()
        self.assertEqual(verifier.parse_proof(json.dumps({"hashes": [good]})), [bytes(32)])
        for bad in ("", "[]", "{}", '{"hashes": 1}', '{"hashes": [1]}', '{"hashes": ["AAAA"]}',
                    json.dumps({"hashes": [good[:-1]]}), json.dumps({"hashes": [good[:-2] + "B="]})):
            with self.assertRaises(verifier.Refused, msg=bad):
                verifier.parse_proof(bad)


if __name__ == "__main__":
    unittest.main(verbosity=1)
