#!/usr/bin/env python3
"""Users, groups and consents from the command line: on a directory and on a running server."""
import json
import os
import subprocess

from cli_both_test import Place
from cli_support import ORDERS, PROGRAM, SECONDS_MAX, ServerTest, main, run

PASSWORD = "correct horse battery"
NOBODY = "usr_AAECAwQFBgcICQoLDA0ODw"


class People(ServerTest):
    def directory(self):
        self.make_ledger()
        return Place(self, "--data", self.data)

    def server(self):
        self.running = self.serve()
        return Place(self, "--url", self.running.url, "--token-file",
                     os.path.join(self.data, "admin-token"))

    def on_both(self, walk):
        """The same walk on a directory and on a server gives answers of the same shape."""
        offline = walk(self.directory())
        os.rename(self.data, self.path("offline"))
        self.assertEqual(walk(self.server()), offline)
        print(f"{len(offline)} kinds of answer compared")

    def make_app(self, at):
        at.json("api", "create", ORDERS, "--scope", "read", "--scope", "write")
        at.json("client", "register", "shop", "--name", "Shop", "--grant-type",
                "authorization_code", "--redirect-uri", "https://shop.example/back")
        at.json("grant", "add", "shop", ORDERS, "--scope", "read", "--scope", "write")

    def walk_users(self, at):
        shapes = []

        def note(answer):
            shapes.append(sorted(answer))
            return answer

        ada = note(at.json("user", "add", "Ada", "--display-name", "Ada King", "--password-file",
                           "-", text=PASSWORD + "\n"))
        self.assertEqual((ada["login"], ada["display_name"], ada["status"], ada["has_password"]),
                         ("Ada", "Ada King", "enabled", True))
        self.assertTrue(ada["user_id"].startswith("usr_"))
        bob = note(at.json("user", "add", "bob"))
        self.assertEqual((bob["display_name"], bob["has_password"]), (None, False))
        self.assertIn("this login", at.refused(1, "user", "add", "ADA").err)

        for name in (ada["user_id"], "ada", "Ada"):
            self.assertEqual(at.json("user", "show", name)["user_id"], ada["user_id"], name)
        for name in (NOBODY, "nobody", "usr_x"):
            at.refused(1, "user", "show", name)
        renamed = note(at.json("user", "update", "ada", "--login", "countess"))
        self.assertEqual((renamed["login"], renamed["display_name"]), ("countess", "Ada King"))
        at.refused(1, "user", "show", "ada")

        self.assertEqual(note(at.json("group", "add", "staff"))["name"], "staff")
        self.assertEqual(at.refused(1, "group", "add", "staff").code, 1)
        at.json("group", "add", "guests")
        member = note(at.json("user", "set-groups", "countess", "--group", "staff", "--group",
                              "guests"))
        self.assertEqual(sorted(member["groups"]), ["guests", "staff"])
        at.refused(1, "user", "set-groups", "countess", "--group", "nobody-made-this")
        at.refused(2, "user", "set-groups", "countess")
        listed = note(at.json("user", "list", "--group", "staff"))
        self.assertEqual([row["login"] for row in listed["items"]], ["countess"])
        self.assertEqual(at.ok("group", "delete", "guests").out, "")
        self.assertEqual(at.json("user", "show", "countess")["groups"], ["staff"])
        self.assertEqual(at.json("user", "set-groups", "countess", "--none")["groups"], [])
        self.assertEqual([row["name"] for row in note(at.json("group", "list"))["items"]],
                         ["staff"])

        disabled = note(at.json("user", "disable", "countess", "--reason", "case 17"))
        self.assertEqual(disabled["status"], "disabled")
        at.refused(1, "user", "disable", "countess")
        self.assertEqual([row["login"] for row in at.json("user", "list", "--status", "disabled")
                          ["items"]], ["countess"])
        self.assertEqual(note(at.json("user", "enable", "countess"))["status"], "enabled")
        ended = note(at.json("user", "end-sessions", "countess"))
        self.assertEqual(ended, {"sessions_ended": 0})
        at.refused(1, "user", "end-sessions", NOBODY)

        self.assertIn("--yes", at.refused(2, "user", "erase", "countess").err)
        self.assertEqual(at.json("user", "show", "countess")["login"], "countess")
        self.assertGreater(note(at.json("user", "erase", "countess", "--yes", "--reason",
                                        "case 18"))["seq"], 1)
        at.refused(1, "user", "show", ada["user_id"])
        self.assertEqual([row["login"] for row in at.json("user", "list")["items"]], ["bob"])
        self.assertNotEqual(at.json("user", "add", "countess")["user_id"], ada["user_id"])
        return shapes

    def test_users_and_groups_alike_on_a_directory_and_a_server(self):
        self.on_both(self.walk_users)

    def walk_consents(self, at):
        shapes = []
        self.make_app(at)
        at.json("group", "add", "staff")
        grant = ["consent", "grant-group", "staff", "--client-id", "shop", "--audience", ORDERS]
        first = at.json(*grant, "--scope", "read", "--identity-scope", "openid")
        shapes.append(sorted(first))
        self.assertEqual((first["group"], first["user_id"], first["scopes"],
                          first["identity_scopes"]), ("staff", None, ["read"], ["openid"]))
        at.refused(1, *grant, "--scope", "write")
        at.refused(1, "consent", "grant-group", "nobody-made-this", *grant[3:], "--scope", "read")
        at.refused(2, *grant, "--identity-scope", "everything")
        for words in (["--group", "staff"], ["--client-id", "shop"], ["--audience", ORDERS]):
            self.assertEqual(at.json("consent", "list", *words)["items"], [first], words)
        self.assertEqual(at.json("consent", "list", "--user-id", NOBODY)["items"], [])

        number = str(first["consent"])
        at.refused(2, "consent", "withdraw", number)
        earlier = "2026-02-03T04:05:06Z"
        self.assertIn("already", at.refused(1, "consent", "withdraw", number, "--granted-at",
                                            earlier).err)
        at.refused(2, "consent", "withdraw", number, "--granted-at", "yesterday")
        self.assertEqual(at.json("consent", "list")["items"], [first])
        self.assertEqual(at.ok("consent", "withdraw", number, "--granted-at", first["granted_at"],
                               "--reason", "case 19").out, "")
        self.assertEqual(at.json("consent", "list")["items"], [])
        at.refused(1, "consent", "withdraw", number, "--granted-at", first["granted_at"])

        at.json(*grant, "--scope", "read")
        at.ok("group", "delete", "staff")
        self.assertEqual(at.json("consent", "list")["items"], [], "they end with their group")
        self.assertEqual(at.json("token", "list", "--consent", number)["items"], [])
        self.assertEqual(at.json("token", "list", "--subject", NOBODY)["items"], [])
        at.refused(2, "token", "list", "--consent", "none")
        return shapes

    def test_A12_consents_of_groups_alike_on_a_directory_and_a_server(self):
        self.on_both(self.walk_consents)

    def test_INV5_a_password_is_never_an_argument_nor_shown_nor_kept_plain(self):
        at = self.directory()
        at.refused(2, "user", "add", "ada", "--password", PASSWORD)
        at.refused(2, "user", "add", "ada", PASSWORD)
        at.refused(2, "user", "add", "ada", "--password-file", "-", text="short\n")
        self.assertNotEqual(run("user", "add", "ada", "--password-file", self.path("missing"),
                                *at.words).code, 0)
        self.assertEqual(at.json("user", "list")["items"], [], "nobody was made")
        at.json("user", "add", "ada")
        file = self.path("password")
        with open(file, "w") as out:
            out.write(PASSWORD + "\n")
        shown = at.ok("user", "set-password", "ada", "--password-file", file)
        shown = shown.out + shown.err + at.ok("user", "show", "ada").out + at.ok("events").out
        self.assertIn("user_password_set", shown)
        for secret in (PASSWORD, "argon2id"):
            self.assertNotIn(secret, shown)
            for name, contents in self.tree().items():
                self.assertNotIn(secret.encode(), contents, name)

    def test_INV5_no_process_of_the_command_has_the_password_among_its_arguments(self):
        at = self.directory()
        at.json("user", "add", "ada")
        process = subprocess.Popen(
            [PROGRAM, "user", "set-password", "ada", "--password-file", "-", *at.words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with open(f"/proc/{process.pid}/cmdline", "rb") as file:
            arguments = file.read()
        with open(f"/proc/{process.pid}/environ", "rb") as file:
            environment = file.read()
        out, err = process.communicate(PASSWORD + "\n", timeout=SECONDS_MAX)
        self.assertEqual(process.returncode, 0, err)
        for place in (arguments, environment, out.encode(), err.encode()):
            self.assertNotIn(PASSWORD.encode(), place)

    def test_INV8_an_erased_user_s_names_are_in_no_answer_any_more(self):
        at = self.directory()
        at.json("user", "add", "ada.lovelace", "--display-name", "Countess of Lovelace")
        self.assertIn("ada.lovelace", at.ok("events").out)
        at.ok("user", "erase", "ada.lovelace", "--yes")
        for words in (("events",), ("user", "list"), ("status",)):
            shown = at.ok(*words).out
            self.assertNotIn("ada.lovelace", shown, words)
            self.assertNotIn("Countess of Lovelace", shown, words)
        registered = [json.loads(line) for line in at.ok("events").out.splitlines()
                      if '"user_registered"' in line]
        self.assertEqual(registered[0]["data"]["erased_fields"], ["login", "display_name"])

    def test_only_one_of_two_secrets_can_be_stdin(self):
        self.directory()
        server = self.serve()
        refused = self.refused(2, "user", "add", "ada", "--password-file", "-", "--url", server.url,
                               "--token-file", "-", text=PASSWORD)
        self.assertIn("stdin", refused.err)

    def test_what_ends_and_what_does_not_is_said_where_it_is_asked_for(self):
        words = run("user", "end-sessions", "--help").out
        for word in ("Access tokens", "refresh tokens", "consents"):
            self.assertIn(word.split()[0].lower(), " ".join(words.split()).lower())
        self.assertIn("stay", words)
        self.assertIn("set-password ends refresh tokens", " ".join(words.split()))


if __name__ == "__main__":
    main()
