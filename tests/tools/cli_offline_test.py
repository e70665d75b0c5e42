#!/usr/bin/env python3
"""The command line on a directory that no server has open: every command, its answers and exit codes."""
import csv
import io
import os
import stat

from cli_support import MANAGEMENT, ORDERS, CommandLineTest, main, run


class NewcomerOffline(CommandLineTest):
    def test_a_newcomer_goes_from_an_empty_directory_to_a_revoked_token(self):
        made = self.ok("admin-token", "--data", self.data, "--create")
        path = os.path.join(self.data, "admin-token")
        self.assertEqual(made.out.strip(), path)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        with open(path) as file:
            admin = file.read().strip()
        self.assertNotIn(admin, made.out + made.err)
        self.assertEqual(self.check(admin).code, 0)

        secret_file = self.path("shop.secret")
        self.ok("client", "register", "shop", "--data", self.data, "--name", "Shop",
                "--secret-file", secret_file)
        self.assertEqual(stat.S_IMODE(os.stat(secret_file).st_mode), 0o600)
        self.ok("api", "create", ORDERS, "--data", self.data, "--scope", "read", "--scope",
                "write=May change orders")
        self.ok("grant", "add", "shop", ORDERS, "--data", self.data, "--scope", "read")
        self.assertEqual(self.json("grant", "list", "--data", self.data)["items"][0]["scopes"],
                         ["read"])

        token_file = self.path("first.token")
        row = self.json("token", "issue", "--data", self.data, "--client", "shop", "--audience",
                        ORDERS, "--name", "first", "--owner", "ann", "--expires-in-days", "30",
                        "--out", token_file)
        self.assertNotIn("token", row)
        self.assertEqual((row["client_id"], row["scope"], row["owner"]), ("shop", "read", "ann"))
        check = ["token", "check", "--data", self.data, "--file", token_file, "--audience", ORDERS]
        self.ok(*check, "--scope", "read")
        self.refused_check(check + ["--scope", "write"], "insufficient_scope")

        revoked = self.json("token", "revoke", row["jti"], "--data", self.data, "--reason",
                            "laptop stolen")
        self.assertEqual(revoked["status"], "revoked")
        self.assertEqual(revoked["revocation"]["reason"], "laptop stolen")
        self.assertEqual(revoked["revocation"]["actor"], "host")
        self.refused_check(check, "admin_manual")
        again = self.refused(1, "token", "revoke", row["jti"], "--data", self.data)
        self.assertIn("already", again.err)

    def refused_check(self, arguments, reason):
        outcome = run(*arguments, "--format", "json")
        self.assertEqual((outcome.code, outcome.json()["reason"]), (1, reason), outcome)

    def test_disabling_and_deleting_a_client_ends_its_tokens(self):  # Z20 Z21
        self.make_ledger()
        self.ok("client", "register", "shop", "--data", self.data)
        self.ok("api", "create", ORDERS, "--data", self.data, "--scope", "read")
        self.ok("grant", "add", "shop", ORDERS, "--data", self.data, "--scope", "read")
        issue = ["token", "issue", "--data", self.data, "--client", "shop", "--audience", ORDERS,
                 "--name", "x", "--expires-in-days", "1"]
        first = self.json(*issue)
        self.assertEqual(self.json("client", "disable", "shop", "--data", self.data)["status"],
                         "disabled")
        self.refused(1, *issue)
        self.ok("client", "enable", "shop", "--data", self.data)
        shown = self.json("token", "show", first["jti"], "--data", self.data)
        self.assertEqual(shown["revocation"]["cause"], "client_disabled")
        second = self.json(*issue)
        self.ok("client", "delete", "shop", "--data", self.data)
        shown = self.json("token", "show", second["jti"], "--data", self.data)
        self.assertEqual(shown["revocation"]["cause"], "client_deleted")
        self.refused(1, "client", "register", "shop", "--data", self.data)


class Output(CommandLineTest):
    def test_names_reach_terminals_and_spreadsheets_defused(self):
        self.make_ledger()
        self.issue(name="=1+1,\"x\"")
        table = self.ok("token", "list", "--data", self.data).out
        self.assertNotIn("\x1b", table)
        rows = list(csv.reader(io.StringIO(
            self.ok("token", "list", "--data", self.data, "--format", "csv").out)))
        self.assertIn("'=1+1,\"x\"", rows[1])
        listed = self.json("token", "list", "--data", self.data)
        self.assertEqual((listed["total"], len(listed["items"])), (2, 2))


class BadInput(CommandLineTest):
    def test_bad_input_is_refused_and_changes_nothing(self):
        self.make_ledger()
        self.ok("client", "register", "shop", "--data", self.data)
        self.ok("api", "create", ORDERS, "--data", self.data, "--scope", "read")
        jti = self.issue()["jti"]
        before = self.registries()
        d = ["--data", self.data]
        far = "9" * 30
        issue = ["token", "issue", *d, "--name", "x", "--audience", ORDERS]
        rows = [
            (2, []), (2, ["nothing"]), (2, ["client"]), (2, ["token", "list"]),
            (2, ["token", "list", *d, "--format", "xml"]), (2, ["token", "list", *d, "--limit", "0"]),
            (2, ["token", "list", *d, "--status", "gone"]),
            (2, ["token", "list", *d, "--client", ""]), (2, ["grant", "list", *d, "--client", ""]),
            (2, ["token", "list", *d, "--cursor", "forged"]), (2, ["token", "list", "--data", ""]),
            (2, ["token", "check", *d, "--file", os.path.join(self.data, "admin-token"),
                 "--audience", ""]),
            (2, ["client", "show", "", *d]), (2, ["revoke-all", *d]), (2, ["revoke-all", *d, "--all"]),
            (2, ["revoke-all", *d, "--all", "--client", "shop", "--yes"]),
            (2, ["events", *d, "--follow"]), (2, ["events", *d, "--from", "0"]),
            (2, ["completion"]), (2, ["status"]),
            (2, ["admin-token", *d, "--days", "0"]),
            (2, ["client", "register", "s2", *d, "--grant-type", "magic"]),
            (2, ["client", "register", "s2", *d, "--token-format", "saml"]),
            (2, ["client", "register", "x" * 201, *d]), (2, ["client", "register", "a\nb", *d]),
            (1, ["client", "register", "shop", *d]), (1, ["client", "show", "no", *d]),
            (1, ["client", "update", "no", *d, "--name", "x"]),
            (2, ["client", "update", "shop", *d, "--name", "x" * 201]),
            (1, ["client", "disable", "no", *d]), (1, ["client", "enable", "shop", *d]),
            (1, ["client", "delete", "tokenledger-named", *d]),
            (1, ["client", "rotate-secret", "no", *d]),
            (2, ["client", "rotate-secret", "shop", *d, "--secret-file", "/no/such/place"]),
            (1, ["api", "create", ORDERS, *d]), (2, ["api", "create", "x" * 501, *d]),
            (2, ["api", "create", "https://n.example", *d, "--signing-alg", "none"]),
            (2, ["api", "create", "https://n.example", *d, "--token-lifetime", "-1"]),
            (2, ["api", "create", "https://n.example", *d, "--secret-file", self.path("s")]),
            (1, ["api", "show", "no", *d]), (1, ["api", "update", "no", *d]),
            (1, ["api", "delete", MANAGEMENT, *d]), (1, ["api", "delete", "no", *d]),
            (1, ["grant", "add", "no", ORDERS, *d, "--scope", "read"]),
            (1, ["grant", "add", "shop", ORDERS, *d, "--scope", "fly"]),
            (2, ["grant", "add", "shop", ORDERS, *d]),
            (1, ["grant", "update", "shop", ORDERS, *d, "--scope", "read"]),
            (1, ["grant", "remove", "shop", ORDERS, *d]),
            (2, issue), (2, [*issue, "--expires-in-days", "1", "--expires-in-seconds", "5"]),
            (2, [*issue, "--expires-at", "tomorrow"]), (1, [*issue, "--expires-at", "2001-01-01"]),
            (2, [*issue, "--expires-in-days", far]),
            (1, [*issue, "--expires-in-days", "3650"]),
            (1, [*issue, "--expires-in-days", "1", "--scope", "fly"]),
            (1, [*issue, "--expires-in-days", "1", "--client", "shop"]),
            (1, ["token", "issue", *d, "--name", "x", "--audience", "no", "--expires-in-days", "1"]),
            (1, ["token", "show", "no", *d]), (1, ["token", "show", "A" * 22, *d]),
            (1, ["token", "revoke", "A" * 22, *d]),
            (2, ["token", "check", *d, "--audience", ORDERS]),
            (2, ["token", "check", *d, "--file", self.path("none"), "--audience", ORDERS]),
            (2, ["note", "append", "t", *d]),
            (2, ["note", "append", "t", *d, "--file", self.path("none")]),
            (2, ["owner", "erase", *d, "--yes"]), (2, ["owner", "erase", "ann", *d]),
            (2, ["owner", "erase", "ann", *d, "--yes", "--owner-file", "-"]),
            (2, ["owner", "erase", *d, "--yes", "--owner-file", self.path("none")]),
            (1, ["owner", "erase", "nobody", *d, "--yes"]),
            (2, ["owner", "erase", "x" * 201, *d, "--yes"]),
            (2, ["replay", "at", "yesterday", *d]), (2, ["replay", "at", "0", *d]),
            (1, ["replay", "at", far[:18], *d]), (1, ["replay", "at", "1999-01-01T00:00:00Z", *d]),
            (1, ["replay", "at", "5", *d, "--jti", "A" * 22]), (1, ["replay", "at", "1", *d, "--jti", jti]),
            (2, ["recover", *d, "--truncate-after", "x"]), (1, ["recover", *d, "--truncate-after", "0"]),
            (2, ["serve", *d, "--listen", "everywhere"]), (2, ["serve", *d, "--listen", "127.0.0.1:99999"]),
            (2, ["serve", *d, "--listen", "0.0.0.0:8080"]),
            (2, ["serve", *d, "--durability", "none"]),
            (3, ["token", "list", "--data", self.path("none")]),
            (3, ["views", "verify", "--data", self.path("none")]),
            (3, ["recover", "--data", self.path("none")]),
            (3, ["replay", "at", "1", "--data", self.path("none")]),
        ]
        for code, arguments in rows:
            with self.subTest(arguments=arguments):
                self.refused(code, *arguments)
        self.assertEqual(self.registries(), before)
        print(f"{len(rows)} rows of bad input")
        self.assertFalse(os.path.exists(self.path("none")))


    def test_ids_that_begin_with_a_dash_are_not_options(self):
        self.make_ledger()
        d = ["--data", self.data]
        for name in ("-y2PBUn2kg9j0blrVXD2yQ", "--Xy_2", "-4"):
            self.ok("client", "register", name, *d)
            self.assertEqual(self.json("client", "show", name, *d)["client_id"], name)
            self.ok("client", "show", *d, "--", name)
            self.refused(1, "token", "show", *d, name)
        self.assertIn("--dta", self.refused(2, "client", "show", "--dta", self.data, "shop").err)


class Directories(CommandLineTest):
    def test_a_ledger_without_its_keyring_or_with_another_key_is_refused_unchanged(self):
        key, other = self.path("key"), self.path("other")
        for path, digit in ((key, "a"), (other, "b")):
            with open(path, "w") as file:
                file.write(digit * 64 + "\n")
        self.ok("admin-token", "--data", self.data, "--create", "--keyring-key-file", key)
        self.ok("token", "list", "--data", self.data, "--keyring-key-file", key)
        before = self.tree()
        for words in (["token", "list"], ["replay", "at", "1"], ["recover"], ["views", "verify"]):
            wrong = self.refused(3, *words, "--data", self.data, "--keyring-key-file", other)
            self.assertIn("key", wrong.err)
            self.refused(3, *words, "--data", self.data)
        self.assertEqual(self.tree(), before)
        os.rename(os.path.join(self.data, "keyring"), self.path("keyring"))
        for words in (["token", "list"], ["replay", "at", "1"], ["recover"], ["views", "verify"]):
            missing = self.refused(3, *words, "--data", self.data, "--keyring-key-file", key)
            self.assertIn("keyring", missing.err)

    def test_what_is_no_ledger_is_refused(self):
        os.mkdir(self.data)
        with open(os.path.join(self.data, "letter.txt"), "w") as file:
            file.write("dear reader")
        before = self.tree()
        self.refused(3, "admin-token", "--data", self.data, "--create")
        self.refused(3, "token", "list", "--data", self.data)
        self.assertEqual(self.tree(), before)

    def test_an_unwritable_directory_is_refused(self):
        if os.geteuid() == 0:
            # Root may write everywhere, but not below a file.
            with open(self.path("file"), "w"):
                pass
            self.refused(3, "admin-token", "--create", "--data", self.path("file") + "/data")
            self.refused(3, "admin-token", "--create", "--data", "/proc/tokenledger")
            return
        os.mkdir(self.data, 0o500)
        self.refused(3, "admin-token", "--create", "--data", self.data)


class Replay(CommandLineTest):
    def test_replay_at_a_seq_or_time_agrees_with_the_lists_of_then(self):  # D09 INV-3
        self.make_ledger()
        moments = []
        jtis = []
        for step in range(4):
            if step == 2:
                self.ok("token", "revoke", jtis[0], "--data", self.data)
            else:
                jtis.append(self.issue(f"t{step}")["jti"])
            moments.append(self.json("token", "list", "--data", self.data))
        for moment in moments:
            for point in (str(moment["as_of_seq"]), moment["as_of_time"]):
                totals = self.json("replay", "at", point, "--data", self.data)
                want = [item["status"] for item in moment["items"]]
                self.assertEqual(totals["issued"], len(want))
                self.assertEqual(totals["active"], want.count("active"))
                self.assertEqual(totals["revoked"], want.count("revoked"))
                for item in moment["items"]:
                    seen = self.json("replay", "at", point, "--data", self.data, "--jti", item["jti"])
                    for name in ("status", "name", "client_id", "audience", "scope", "issued_at",
                                 "expires_at", "seq"):
                        self.assertEqual(seen[name], item[name] or "", (point, name))
        revoked = self.json("replay", "at", str(moments[-1]["as_of_seq"]), "--data", self.data,
                            "--jti", jtis[0])["revocation"]
        self.assertEqual((revoked["cause"], revoked["actor"]), ("admin_manual", "host"))
        self.refused(1, "replay", "at", str(moments[0]["as_of_seq"]), "--data", self.data, "--jti",
                     jtis[1])

    def test_replay_at_a_date_ends_with_the_last_instant_of_that_day(self):
        self.make_ledger()
        totals = self.json("replay", "at", "2099-12-31", "--data", self.data)
        self.assertEqual(totals["as_of_time"], "2099-12-31T23:59:59.999999999Z")

    def test_replay_and_verify_write_nothing_into_the_ledger(self):
        self.make_ledger()
        self.ok("views", "verify", "--data", self.data)
        log_before = self.json("replay", "at", "1", "--data", self.data)
        head = self.tree()[os.path.join(self.data, "HEAD")]
        self.ok("replay", "at", "3", "--data", self.data)
        self.assertEqual(self.tree()[os.path.join(self.data, "HEAD")], head)
        self.assertEqual(self.json("replay", "at", "1", "--data", self.data), log_before)

    def test_views_are_rebuilt_and_verified(self):  # D03
        self.make_ledger()
        self.issue()
        before = self.json("token", "list", "--data", self.data)["items"]
        self.ok("views", "rebuild", "--data", self.data)
        self.ok("views", "verify", "--data", self.data)
        self.assertEqual(self.json("token", "list", "--data", self.data)["items"], before)


class Secrets(CommandLineTest):
    def test_no_token_or_secret_is_left_in_any_file(self):  # R02 INV-5
        self.make_ledger()
        secrets = [self.issue()["token"],
                   self.json("client", "register", "shop", "--data", self.data)["client_secret"],
                   self.json("client", "rotate-secret", "shop", "--data", self.data)["client_secret"],
                   self.json("api", "create", "https://h.example", "--data", self.data,
                             "--signing-alg", "HS256", "--scope", "read")["signing_secret"]]
        note = self.path("note")
        with open(note, "w") as file:
            file.write("a personal remark")
        self.ok("note", "append", "topic", "--data", self.data, "--file", note)
        secrets.append("a personal remark")
        with open(os.path.join(self.data, "admin-token")) as file:
            secrets.append(file.read().strip())
        for path, contents in self.tree().items():
            if path.endswith(("/admin-token", "/keyring")):
                continue  # the one place of the first; an unprotected keyring holds HS256 secrets
            for secret in secrets:
                self.assertNotIn(secret.encode(), contents, path)


if __name__ == "__main__":
    main()
