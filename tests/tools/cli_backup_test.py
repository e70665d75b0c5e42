#!/usr/bin/env python3
"""`tokenledger backup` and `restore`: of a directory, of a running server, and what each refuses."""
import json
import os
import pathlib
import stat

from cli_support import ServerTest, main


class Backup(ServerTest):
    def setUp(self):
        super().setUp()
        self.backup = self.path("backup")
        self.restored = self.path("restored")
        self.anchor = self.path("anchor")

    def back_up(self, *arguments):
        return self.json("backup", "--data", self.data, "--to", self.backup, *arguments)

    def restore(self, *arguments):
        return self.ok("restore", "--from", self.backup, "--to", self.restored, "--format", "json",
                       *arguments)

    def statuses(self, data, tokens):
        place, self.data = self.data, data
        try:
            return [self.check(token["token"]).json()["status"] for token in tokens]
        finally:
            self.data = place

    def checkpoint(self, data=None):
        return self.ok("audit", "checkpoint", "--data", data or self.data).out

    def test_a_backup_of_a_directory_restores_and_says_what_is_lost(self):
        self.make_ledger()
        before = self.issue("before")
        made = self.back_up()
        self.assertEqual(made["seq"], made["checkpoint_size"], "nobody wrote meanwhile")
        self.assertIn(f"\n{made['checkpoint_size']}\n", made["checkpoint"])
        self.assertEqual(stat.S_IMODE(os.stat(self.backup).st_mode), 0o700)
        self.assertFalse(os.path.exists(os.path.join(self.backup, "admin-token")))
        after = self.issue("after")
        done = self.restore()
        self.assertIn(f"after seq {made['seq']}", done.err)
        self.assertIn("erase them again", done.err)
        self.assertIn("new vkey", done.err)
        answer = done.json()
        self.assertFalse(answer["keeps_checkpoint_key"])
        self.assertEqual(answer["superseded_checkpoint"], made["checkpoint"])
        self.assertEqual(self.statuses(self.restored, [before, after]), ["active", "unknown"])
        self.ok("audit", "verify", "--data", self.restored)
        vkey = self.ok("audit", "vkey", "--data", self.restored).out.strip()
        self.assertEqual(vkey, answer["vkey"])
        self.ok("audit", "verify", "--data", self.restored, "--vkey", vkey)

    def test_an_anchor_that_the_backup_covers_keeps_the_key(self):
        self.make_ledger()
        pathlib.Path(self.anchor).touch()
        server = self.serve("--anchor", self.anchor)
        self.assertEqual(server.stop(), 0)
        vkey = self.ok("audit", "vkey", "--data", self.data).out.strip()
        self.back_up()
        kept = self.path("kept")
        pathlib.Path(kept).write_text(self.checkpoint(), encoding="utf-8")
        # Nobody else signs, so the anchor is the newest; and serve goes on with it alone.
        self.assertEqual(pathlib.Path(kept).read_bytes(), pathlib.Path(self.anchor).read_bytes())
        refused = self.refused(2, "serve", "--data", self.data, "--listen", "127.0.0.1:0")
        self.assertIn("--unwatched", refused.err)
        before = pathlib.Path(self.anchor).read_text(encoding="utf-8")
        done = self.restore("--anchor", self.anchor, "--vkey", vkey)
        self.assertTrue(done.json()["keeps_checkpoint_key"])
        self.assertEqual(done.json()["vkey"], vkey)
        self.assertIsNone(done.json()["superseded_checkpoint"])
        self.assertIn("serve with --anchor", done.err)
        self.assertEqual(pathlib.Path(self.anchor).read_text(encoding="utf-8"), before)
        self.ok("audit", "verify", "--data", self.restored, "--checkpoint", kept)

    def test_a_checkpoint_of_another_ledger_is_a_difference(self):
        self.make_ledger()
        self.back_up()
        other = self.path("other")
        self.ok("admin-token", "--data", other, "--create")
        kept = self.path("kept")
        pathlib.Path(kept).write_text(self.checkpoint(other), encoding="utf-8")
        for option in ("--checkpoint", "--anchor"):
            refused = self.refused(4, "restore", "--from", self.backup, "--to", self.restored,
                                   option, kept)
            self.assertIn("another log", refused.err)
            self.assertFalse(os.path.exists(self.restored))

    def test_a_damaged_backup_is_a_difference_that_names_the_file(self):
        self.make_ledger()
        self.back_up()
        path = os.path.join(self.backup, "keystore")
        contents = bytearray(pathlib.Path(path).read_bytes())
        contents[-1] ^= 1
        pathlib.Path(path).write_bytes(contents)
        refused = self.refused(4, "restore", "--from", self.backup, "--to", self.restored)
        self.assertIn("keystore", refused.err)
        self.assertFalse(os.path.exists(self.restored))

    def test_wrong_places_are_refused(self):
        self.make_ledger()
        os.mkdir(self.restored)
        pathlib.Path(self.restored, "mine").touch()
        self.refused(1, "backup", "--data", self.data, "--to", self.restored)
        self.refused(2, "backup", "--data", self.data, "--to", os.path.join(self.data, "backup"))
        self.refused(2, "backup", "--data", self.data)
        self.refused(2, "backup", "--data", self.data, "--to", self.backup, "--name", "x")
        self.refused(2, "backup", "--url", "http://127.0.0.1:1", "--to", self.backup)
        self.back_up()
        self.refused(1, "backup", "--data", self.data, "--to", self.backup)
        self.refused(1, "restore", "--from", self.backup, "--to", self.restored)
        self.refused(3, "restore", "--from", self.data, "--to", self.path("new"))
        self.refused(3, "restore", "--from", self.path("nowhere"), "--to", self.path("new"))
        self.assertEqual(os.listdir(self.restored), ["mine"])
        opened = self.refused(3, "token", "list", "--data", self.backup)
        self.assertIn("restore", opened.err)

    def test_a_protected_keyring_stays_protected_and_needs_its_key(self):
        key = self.path("key")
        pathlib.Path(key).write_text("ab" * 32, encoding="utf-8")
        self.ok("admin-token", "--data", self.data, "--create", "--keyring-key-file", key)
        self.back_up("--keyring-key-file", key)
        self.refused(3, "restore", "--from", self.backup, "--to", self.restored)
        self.assertFalse(os.path.exists(self.restored))
        self.restore("--keyring-key-file", key)
        self.refused(3, "token", "list", "--data", self.restored)
        self.ok("token", "list", "--data", self.restored, "--keyring-key-file", key)

    def test_a_server_that_works_is_backed_up_over_http(self):
        backups = self.path("backups")
        os.mkdir(backups)
        server = self.serve("--backup-directory", backups)
        token = os.path.join(self.data, "admin-token")
        made = self.json("backup", "--url", server.url, "--token-file", token, "--name", "nightly")
        self.assertEqual(made["name"], "nightly")
        self.assertLessEqual(made["checkpoint_size"], made["seq"])
        self.assertIn(f"\n{made['checkpoint_size']}\n", made["checkpoint"])
        unnamed = self.json("backup", "--url", server.url, "--token-file", token)
        self.assertTrue(unnamed["name"].startswith(f"seq-{unnamed['seq']}-at-"))
        self.refused(1, "backup", "--url", server.url, "--token-file", token, "--name", "nightly")
        refused = self.refused(2, "backup", "--url", server.url, "--token-file", token, "--name",
                               "../x")
        self.assertIn("name", refused.err)
        self.assertEqual(server.stop(), 0)
        self.backup = os.path.join(backups, "nightly")
        self.restore()
        self.assertEqual(self.json("token", "list", "--data", self.restored)["total"], 1)
        self.assertNotIn(self.admin_token(), json.dumps(made))

    def test_what_a_killed_server_left_is_removed_and_what_is_whole_is_not(self):
        backups = pathlib.Path(self.path("backups"))
        left, whole = backups / "left.partial", backups / "whole.partial"
        for place, mark in ((left, ""), (whole, "tokenledger-backup 1\n")):
            place.mkdir(parents=True)
            (place / "keyring").write_text("keys", encoding="utf-8")
            (place / "backup").write_text(mark, encoding="utf-8")
        server = self.serve("--backup-directory", str(backups))
        self.assertEqual(server.stop(), 0)
        self.assertFalse(left.exists())
        self.assertTrue((whole / "keyring").exists())

    def test_a_server_without_a_directory_for_backups_says_so(self):
        server = self.serve()
        token = os.path.join(self.data, "admin-token")
        refused = self.refused(1, "backup", "--url", server.url, "--token-file", token)
        self.assertIn("--backup-directory", refused.err)
        self.assertEqual(server.stop(), 0)
        self.refused(2, "serve", "--data", self.data, "--listen", "127.0.0.1:0",
                     "--backup-directory", self.path("missing"))
        self.refused(2, "serve", "--data", self.data, "--listen", "127.0.0.1:0",
                     "--backup-directory", self.data)


if __name__ == "__main__":
    main()
