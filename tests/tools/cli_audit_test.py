#!/usr/bin/env python3
"""`tokenledger audit`: verifying a directory, proofs on files alone, exported tiles."""
import base64
import hashlib
import os
import shutil

from cli_support import ServerTest, main

KEYRING_KEY = "ab" * 32


def leaf(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def root(hashes):
    """RFC 6962 section 2.1, from the leaf hashes."""
    if len(hashes) == 1:
        return hashes[0]
    half = 1
    while half * 2 < len(hashes):
        half *= 2
    return hashlib.sha256(b"\x01" + root(hashes[:half]) + root(hashes[half:])).digest()


class Audit(ServerTest):
    def ledger(self):
        self.make_ledger()
        self.token = self.issue()
        self.vkey = self.ok("audit", "vkey", "--data", self.data).out.strip()

    def verify(self, *arguments, **options):
        return self.json("audit", "verify", "--data", self.data, *arguments, **options)

    def change_byte(self, name, at):
        with open(os.path.join(self.data, name), "r+b") as file:
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 1]))

    def test_verify_says_what_it_can_show_and_what_not(self):
        self.ledger()
        kept = self.path("kept")
        self.ok("audit", "checkpoint", "--data", self.data, "--out", kept)
        alone = self.verify()
        self.assertTrue(alone["verified"])
        self.assertIn("only relative to a retained checkpoint", alone["meaning"])
        self.assertIn("older copy", alone["meaning"])
        self.assertTrue(alone["views_compared"])
        self.assertGreater(alone["events_per_second"], 0)
        self.issue("second")
        after = self.verify("--checkpoint", kept, "--vkey", self.vkey)
        self.assertIn("nothing before the kept checkpoint was changed", after["meaning"])
        self.assertGreater(after["end_seq"], alone["end_seq"])
        quick = self.verify("--quick", "--checkpoint", kept)
        self.assertGreater(quick["from_seq"], 1)
        self.assertEqual(quick["root"], after["root"])

    def test_verify_names_the_place_of_every_difference(self):
        self.ledger()
        self.change_byte("HEAD", 4096 + 2000)
        self.change_byte("audit/checkpoints", 130)
        found = self.refused(4, "audit", "verify", "--data", self.data)
        self.assertIn("difference: HEAD: slot 1 at byte 4096 is damaged", found.err)
        self.assertIn("difference: audit/checkpoints: record 0 at byte 128 is damaged", found.err)

    def test_an_older_copy_is_found_with_a_kept_checkpoint_or_anchor_only(self):
        self.ledger()
        shutil.copytree(self.data, self.path("older"))
        self.issue("second")
        kept = self.path("kept")
        self.ok("audit", "checkpoint", "--data", self.data, "--out", kept)
        self.data = self.path("older")
        self.assertTrue(self.verify()["verified"])
        for option in "--checkpoint", "--anchor":
            found = self.refused(4, "audit", "verify", "--data", self.data, option, kept)
            self.assertIn("older copy", found.err)

    def test_without_the_keyrings_key_the_public_key_is_enough(self):
        protected = {"TOKENLEDGER_KEYRING_KEY": KEYRING_KEY}
        self.ok("admin-token", "--data", self.data, "--create", environment=protected)
        vkey = self.ok("audit", "vkey", "--data", self.data, environment=protected).out.strip()
        self.assertIn("--vkey", self.refused(3, "audit", "verify", "--data", self.data).err)
        key_file = self.path("log.vkey")
        with open(key_file, "w") as file:
            file.write(vkey + "\n")
        sealed = self.ok("audit", "verify", "--data", self.data, "--vkey", key_file)
        self.assertIn("note: keyring: it is whole", sealed.err)
        self.assertGreater(self.verify("--vkey", vkey)["checkpoints"], 0)
        self.change_byte("keyring", 100)
        self.assertIn("difference: keyring:",
                      self.refused(4, "audit", "verify", "--data", self.data, "--vkey", vkey).err)

    def test_a_proof_is_checked_on_files_alone(self):
        self.ledger()
        proof, vkey = self.path("token.tlog-proof"), self.path("log.vkey")
        self.ok("audit", "prove", "--data", self.data, "--jti", self.token["jti"], "--out", proof)
        with open(vkey, "w") as file:
            file.write(self.vkey + "\n")
        origin = self.vkey.split("+")[0]
        for number in range(1, 4):
            self.ok("audit", "prove", "--data", self.data, "--seq", str(number), "--out",
                    self.path(f"event{number}"))
        before = self.tree()
        shutil.rmtree(self.data)
        shown = self.json("audit", "check-proof", proof, "--vkey", vkey)
        self.assertEqual((shown["proved"], shown["event"], shown["origin"]),
                         (True, "token_issued", origin))
        self.assertEqual(shown["seq"], self.token["seq"])
        first = self.json("audit", "check-proof", self.path("event1"), "--vkey", self.vkey)
        self.assertEqual((first["seq"], first["event"]), (1, "ledger_created"))
        self.assertTrue(before)
        self.spoil(proof, vkey)

    def spoil(self, proof, vkey):
        with open(proof) as file:
            lines = file.read().split("\n")
        wrong = self.path("wrong")

        def refused_with(changed, *arguments):
            with open(wrong, "w") as file:
                file.write("\n".join(changed))
            self.refused(4, "audit", "check-proof", wrong, "--vkey", vkey, *arguments)

        extra = bytearray(base64.b64decode(lines[1].split(" ")[1]))
        extra[60] ^= 1
        refused_with([lines[0], "extra " + base64.b64encode(extra).decode(), *lines[2:]])
        refused_with([*lines[:2], "index 0", *lines[3:]])
        refused_with(lines[:-2])
        refused_with(["", *lines])
        other = "x" + self.vkey
        self.refused(2, "audit", "check-proof", proof, "--vkey", other)  # the key id is another's
        self.refused(2, "audit", "check-proof", proof, "--vkey", vkey, "--witness", self.vkey)
        self.refused(2, "audit", "check-proof", proof, "--vkey", vkey, "--quorum", "1")

    def test_a_proof_is_written_once_and_of_one_thing(self):
        self.ledger()
        proof = self.path("proof")
        self.ok("audit", "prove", "--data", self.data, "--seq", "1", "--out", proof)
        self.refused(1, "audit", "prove", "--data", self.data, "--seq", "1", "--out", proof)
        self.refused(2, "audit", "prove", "--data", self.data)
        self.refused(2, "audit", "prove", "--data", self.data, "--seq", "1", "--jti", "x")
        self.refused(1, "audit", "prove", "--data", self.data, "--seq", "999999")
        self.refused(1, "audit", "prove", "--data", self.data, "--jti", "x" * 22)

    def test_an_export_is_the_log_that_the_checkpoint_signs(self):
        self.ledger()
        out = self.path("tiles")
        self.ok("audit", "export", out, "--data", self.data, "--with-entries")
        with open(os.path.join(out, "checkpoint")) as file:
            origin, size, head = file.read().split("\n")[:3]
        self.assertEqual(origin, self.vkey.split("+")[0])
        with open(os.path.join(out, f"tile/0/000.p/{size}"), "rb") as file:
            tile = file.read()
        hashes = [tile[at:at + 32] for at in range(0, len(tile), 32)]
        self.assertEqual(len(hashes), int(size))
        self.assertEqual(base64.b64encode(root(hashes)).decode(), head)
        with open(os.path.join(out, f"tile/entries/000.p/{size}"), "rb") as file:
            bundle = file.read()
        entries = []
        while bundle:
            length = int.from_bytes(bundle[:2], "big")
            entries.append(bundle[2:2 + length])
            bundle = bundle[2 + length:]
        self.assertEqual([leaf(entry) for entry in entries], hashes)
        self.assertIn("not empty", self.refused(1, "audit", "export", out, "--data",
                                                self.data).err)
        self.ok("audit", "export", self.path("bare"), "--data", self.data)
        self.assertFalse(os.path.exists(self.path("bare/tile/entries")))

    def test_nothing_is_changed_by_looking(self):
        self.ledger()
        before = self.own_files()
        self.verify()
        self.verify("--quick")
        self.ok("audit", "checkpoint", "--data", self.data)
        self.ok("audit", "prove", "--data", self.data, "--seq", "2")
        self.ok("audit", "export", self.path("tiles"), "--data", self.data)
        self.assertEqual(self.own_files(), before)

    def own_files(self):
        """RocksDB writes its own journal of every open, even of one that only reads."""
        return {path: contents for path, contents in self.tree().items() if "/LOG" not in path}

    def test_a_running_server_proves_an_event_by_its_seq(self):
        self.ledger()
        server = self.serve()
        at = ("--url", server.url, "--token-file", os.path.join(self.data, "admin-token"))
        proof = self.path("event.tlog-proof")
        self.ok("audit", "prove", *at, "--seq", "2", "--out", proof)
        shown = self.json("audit", "check-proof", proof, "--vkey", self.vkey)
        self.assertEqual((shown["proved"], shown["seq"], shown["event"]),
                         (True, 2, "format_activated"))
        self.refused(1, "audit", "prove", *at, "--seq", "999999")
        self.refused(2, "audit", "prove", *at)

    def test_a_running_server_keeps_its_directory(self):
        self.ledger()
        self.serve()
        self.refused(3, "audit", "verify", "--data", self.data)
        self.refused(3, "audit", "prove", "--data", self.data, "--seq", "1")


if __name__ == "__main__":
    main()
