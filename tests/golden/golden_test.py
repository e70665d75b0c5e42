#!/usr/bin/env python3
"""Every golden data directory, opened by today's program: what was true when it was made still is.

The expectations are read here and compared with what the command line says; Merkle root and
signature are computed from exported files alone, by code that shares nothing with the program.
"""
import base64
import hashlib
import json
import os
import shutil
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tools"))
from cli_support import CommandLineTest, main  # noqa: E402

RELEASES = os.path.join(HERE, "data")
KINDS = {"ledger_created", "ledger_opened", "client_registered", "client_updated",
         "client_disabled", "client_enabled", "client_deleted", "client_secret_rotated",
         "api_created", "api_updated", "api_deleted", "client_grant_added",
         "client_grant_updated", "client_grant_removed", "key_added", "key_retired",
         "token_issued", "token_revoked", "tokens_revoked", "tokens_expired", "note_appended",
         "owner_erased", "format_activated", "user_registered", "user_updated",
         "user_password_set", "user_disabled", "user_enabled", "user_groups_set", "group_created",
         "group_deleted", "consent_granted", "consent_extended", "consent_preconfigured",
         "consent_withdrawn", "code_issued", "code_redeemed", "code_reused", "family_started",
         "refresh_rotated", "family_ended", "key_activated", "key_revoked", "forgery_suspected"}


def root_of(hashes):
    """RFC 6962 section 2.1."""
    if len(hashes) == 1:
        return hashes[0]
    half = 1
    while half * 2 < len(hashes):
        half *= 2
    return hashlib.sha256(b"\x01" + root_of(hashes[:half]) + root_of(hashes[half:])).digest()


def entries_in(bundle):
    """C2SP tlog-tiles: a 16-bit length before each entry."""
    at = 0
    while at < len(bundle):
        size = struct.unpack_from(">H", bundle, at)[0]
        yield bundle[at + 2:at + 2 + size]
        at += 2 + size


def crc32c(data):
    """RFC 3720 appendix B.4: Castagnoli's polynomial, reflected."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


class Golden(CommandLineTest):
    def releases(self):
        """Each release as (name, what is expected), a fresh copy of it in self.data."""
        names = sorted(os.listdir(RELEASES))
        self.assertTrue(names)
        for name in names:
            shutil.rmtree(self.data, ignore_errors=True)
            shutil.copytree(os.path.join(RELEASES, name, "ledger"), self.data)
            os.chmod(self.data, 0o700)
            with open(os.path.join(RELEASES, name, "expected.json"), encoding="utf-8") as file:
                expected = json.load(file)
            print(f"release {name}")
            yield name, expected

    def exported(self):
        target = self.path("tiles")
        shutil.rmtree(target, ignore_errors=True)
        self.ok("audit", "export", target, "--with-entries", "--data", self.data)
        bundles = []
        for folder, _, names in os.walk(os.path.join(target, "tile", "entries")):
            bundles += [os.path.join(folder, name) for name in names]
        entries = []
        for bundle in sorted(bundles):
            with open(bundle, "rb") as file:
                entries += entries_in(file.read())
        return entries

    def test_it_verifies_and_its_root_is_the_one_of_then(self):
        for _, expected in self.releases():
            kept = self.path("kept")
            with open(kept, "w", encoding="utf-8") as file:
                file.write(expected["checkpoint"])
            report = self.json("audit", "verify", "--data", self.data, "--checkpoint", kept,
                               "--vkey", expected["vkey"])
            self.assertTrue(report["verified"])
            self.assertEqual((report["end_seq"], report["root"]),
                             (expected["end_seq"], expected["root"]))
            self.assertGreater(report["checkpoints"], 0)
            entries = self.exported()
            self.assertEqual(len(entries), expected["end_seq"])
            leaves = [hashlib.sha256(b"\x00" + entry).digest() for entry in entries]
            self.assertEqual(base64.b64encode(root_of(leaves)).decode(), expected["root"])
            self.assertIn("\n" + expected["root"] + "\n", expected["checkpoint"])

    def test_every_token_had_at_each_point_the_status_that_the_commands_gave_it(self):
        compared = 0
        for _, expected in self.releases():
            jti_of = {token["name"]: token["jti"] for token in expected["tokens"]}
            for point in expected["points"]:
                totals = self.json("replay", "at", str(point["seq"]), "--data", self.data)
                for name in "issued", "active", "revoked", "expired":
                    self.assertEqual(totals[name], point[name], (point["seq"], name))
            # Each token at each point where it changed, and at the last one.
            for name, jti in jti_of.items():
                answers = [(point["seq"], point["tokens"].get(name))
                           for point in expected["points"]]
                for number, (seq, want) in enumerate(answers):
                    is_last = number + 1 == len(answers)
                    if not is_last and number and answers[number - 1][1] == want:
                        continue
                    if want is None:
                        self.refused(1, "replay", "at", str(seq), "--data", self.data, "--jti", jti)
                        continue
                    told = self.json("replay", "at", str(seq), "--data", self.data, "--jti", jti)
                    cause = (told.get("revocation") or {}).get("cause", "")
                    self.assertEqual([told["status"], cause], want, (seq, name))
                    compared += 1
        print(f"{compared} statuses compared")
        self.assertGreater(compared, 20)

    def test_registries_lists_and_personal_fields_are_those_of_then(self):
        for _, expected in self.releases():
            def items(*words):
                return self.json(*words, "--data", self.data)["items"]
            known = {client["client_id"]: client for client in items("client", "list")}
            for client_id, status in expected["clients"].items():
                if status != "deleted":
                    self.assertEqual(known[client_id]["status"], status, client_id)
                else:
                    self.assertEqual(known.get(client_id, {"status": status})["status"], status)
            apis = {api["identifier"]: [scope["name"] for scope in api["scopes"]]
                    for api in items("api", "list")
                    if not api["identifier"].startswith("urn:tokenledger:")}
            self.assertEqual(apis, expected["apis"])
            grants = [[grant["client_id"], grant["audience"], grant["scopes"]]
                      for grant in items("grant", "list")]
            self.assertEqual(sorted(grants), sorted(expected["grants"]))

            for client_id in expected["clients"]:
                told = [(token["jti"], token["name"])
                        for token in items("token", "list", "--client", client_id,
                                           "--include-deleted")]
                # Tokens of users have no name in the ledger.
                want = [(token["jti"], "" if token.get("login") else token["name"])
                        for token in expected["tokens"] if token["client_id"] == client_id]
                self.assertEqual(sorted(told), sorted(want), client_id)
            last = expected["points"][-1]["tokens"]
            revoked = {token["jti"] for token in expected["tokens"]
                       if last[token["name"]][0] == "revoked"}
            told = items("token", "list", "--status", "revoked", "--include-deleted")
            self.assertEqual({token["jti"] for token in told}, revoked)
            # The key store of then opens: one owner's fields are readable, the other's are gone.
            bob = expected["kept_owner"]
            self.assertEqual({token["name"] for token in items("token", "list", "--owner", bob)},
                             {token["name"] for token in expected["tokens"]
                              if token["owner"] == bob})
            self.assertEqual(items("token", "list", "--owner", expected["erased_owner"]), [])
            reasons = json.dumps(told)
            self.assertIn("lost on a train", reasons)
            self.assertIn("the courier was robbed", reasons)

    def test_people_are_those_of_then(self):
        compared = 0
        for _, expected in self.releases():
            if "users" not in expected:
                continue
            def items(*words):
                return self.json(*words, "--data", self.data)["items"]
            users = {user["login"]: user for user in items("user", "list") if user["login"]}
            self.assertEqual({login: user["status"] for login, user in users.items()},
                             expected["users"])
            groups = {group["name"]: [login for login, user in users.items()
                                      if group["name"] in user["groups"]]
                      for group in items("group", "list")}
            self.assertEqual(groups, expected["groups"])
            for login in users:
                told = {token["jti"] for token in items("token", "list", "--subject", login)}
                self.assertEqual(told, {token["jti"] for token in expected["tokens"]
                                        if token["login"] == login})
                compared += len(told)
        self.assertGreater(compared, 5)

    def test_it_holds_every_kind_of_event(self):
        seen = set()
        for _, _ in self.releases():
            lines = self.ok("events", "--data", self.data, "--limit", "1000").out.splitlines()
            seen |= {json.loads(line)["kind"] for line in lines}
        self.assertEqual(seen & KINDS, KINDS)

    def test_it_goes_on_and_what_was_signed_then_still_holds(self):
        for _, expected in self.releases():
            before = self.exported()
            made = self.json("token", "issue", "--data", self.data, "--name", "of today",
                             "--audience", "urn:tokenledger:management", "--scope", "check",
                             "--expires-in-seconds", "3600")
            self.ok("token", "revoke", made["jti"], "--data", self.data)
            self.assertEqual(self.exported()[:len(before)], before)
            kept = self.path("kept")
            with open(kept, "w", encoding="utf-8") as file:
                file.write(expected["checkpoint"])
            report = self.json("audit", "verify", "--data", self.data, "--checkpoint", kept)
            self.assertIn("nothing before the kept checkpoint was changed", report["meaning"])
            self.assertGreater(report["end_seq"], expected["end_seq"])

    def test_migrate_says_what_it_would_do_does_it_and_keeps_the_old_events(self):
        for _, expected in self.releases():
            files = self.tree()
            shown = self.json("migrate", "--data", self.data, "--dry-run")
            self.assertEqual((shown["end_seq"], shown["root"], shown["migrated"]),
                             (expected["end_seq"], expected["root"], False))
            parts = {item["part"]: item for item in shown["items"]}
            for part, version in expected["versions"].items():
                found = parts[part]
                self.assertEqual(found["version"], version, part)
                self.assertGreaterEqual(found["newest"], version, part)
                is_older = found["newest"] > version
                self.assertEqual(found["step"], expected["when_older"][part] if is_older
                                 else "nothing to do", part)
            after = self.tree()
            for path, data in files.items():
                if "LOG" not in os.path.basename(path):
                    self.assertEqual(after[path], data, path)
            self.ok("migrate", "--data", self.data)
            self.assertTrue(all(item["step"] == "nothing to do" for item in
                                self.json("migrate", "--data", self.data)["items"]))
            old = self.exported()[:expected["end_seq"]]
            leaves = [hashlib.sha256(b"\x00" + entry).digest() for entry in old]
            self.assertEqual(base64.b64encode(root_of(leaves)).decode(), expected["root"])

    def test_migrate_makes_damaged_views_anew_and_says_so(self):
        for _, _ in self.releases():
            self.ok("token", "list", "--data", self.data)  # a golden ledger may have none yet
            views = os.path.join(self.data, "views")
            tables = [name for name in os.listdir(views) if name.endswith(".sst")]
            self.assertTrue(tables)
            path = os.path.join(views, tables[0])
            with open(path, "rb") as file:
                data = bytearray(file.read())
            data[len(data) // 3] ^= 1
            with open(path, "wb") as file:
                file.write(data)
            tried = self.ok("migrate", "--data", self.data, "--dry-run", "--format", "json")
            self.assertIn("the views are damaged", tried.err)
            steps = {item["part"]: item["step"] for item in tried.json()["items"]}
            self.assertEqual(steps["views"], "make anew")
            done = self.ok("migrate", "--data", self.data, "--format", "json")
            self.assertIn("they are made anew", done.err)
            self.assertTrue(done.json()["migrated"])
            self.ok("audit", "verify", "--data", self.data)

    def test_migrate_of_a_newer_or_damaged_ledger_changes_nothing(self):
        for _, _ in self.releases():
            path = os.path.join(self.data, "keystore")
            with open(path, "rb") as file:
                whole = file.read()
            newer = whole[:8] + b"\x02" + whole[9:44]
            newer += struct.pack("<I", crc32c(newer)) + whole[48:]
            with open(path, "wb") as file:
                file.write(newer)
            refused = self.refused(3, "migrate", "--data", self.data)
            self.assertIn("newer version of tokenledger: upgrade this program", refused.err)
            self.assertIn("nothing was changed", refused.err)
            self.assertIn("upgrade tokenledger", refused.out)
            # A changed version alone, and bytes at the end: damage, and no newer version.
            for damaged in whole[:8] + b"\x02" + whole[9:], whole + b"\x00" * 7:
                with open(path, "wb") as file:
                    file.write(damaged)
                self.assertIn("does not verify before the migration",
                              self.refused(4, "migrate", "--data", self.data).err)


if __name__ == "__main__":
    main()
