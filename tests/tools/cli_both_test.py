#!/usr/bin/env python3
"""The same commands on a directory and on a running server, and what happens when answers go wrong."""
import csv
import io
import json
import os
import socket
import subprocess
import threading

from cli_support import MANAGEMENT, ORDERS, PROGRAM, SECONDS_MAX, ServerTest, main, run


class Place:
    """How a test names the ledger: a directory or a server."""

    def __init__(self, test, *words):
        self.test = test
        self.words = words

    def json(self, *arguments, **options):
        return self.test.json(*arguments, *self.words, **options)

    def ok(self, *arguments, **options):
        return self.test.ok(*arguments, *self.words, **options)

    def refused(self, code, *arguments, **options):
        return self.test.refused(code, *arguments, *self.words, **options)


class BothPlaces(ServerTest):
    def directory(self):
        self.make_ledger()
        return Place(self, "--data", self.data)

    def server(self, *arguments):
        self.running = self.serve(*arguments)
        return Place(self, "--url", self.running.url, "--token-file",
                     os.path.join(self.data, "admin-token"))

    def walk_through(self, at):
        """Every management command once; returns the shape of all answers."""
        shapes = []

        def note(answer):
            shapes.append(sorted(answer))
            return answer

        client = note(at.json("client", "register", "shop", "--name", "Shop", "--grant-type",
                              "client_credentials", "--token-format", "opaque"))
        self.assertEqual((client["status"], client["token_format"]), ("enabled", "opaque"))
        self.assertTrue(client["client_secret"])
        self.assertTrue(at.json("client", "register")["client_id"])
        self.assertEqual(note(at.json("client", "update", "shop", "--token-format", "api",
                                      "--name", "Web shop"))["token_format"], None)
        rotated = note(at.json("client", "rotate-secret", "shop"))
        self.assertNotEqual(rotated["client_secret"], client["client_secret"])
        api = note(at.json("api", "create", ORDERS, "--scope", "read", "--scope",
                           "write=May change orders", "--token-lifetime", "600"))
        self.assertEqual(api["scopes"][1], {"name": "write", "description": "May change orders"})
        self.assertEqual(note(at.json("api", "update", ORDERS, "--introspector", "shop",
                                      "--signing-alg", "ES256"))["introspectors"], ["shop"])
        self.assertEqual(at.json("api", "show", ORDERS)["token_lifetime"], 600)
        for risk, lifetimes in (("high", (300, 3600)), ("normal", (86400, 31536000))):  # A33
            api = note(at.json("api", "update", ORDERS, "--risk", risk))
            self.assertEqual((api["token_lifetime"], api["token_lifetime_max"]), lifetimes)
        api = note(at.json("api", "update", ORDERS, "--risk", "high", "--token-lifetime", "600"))
        self.assertEqual((api["token_lifetime"], api["token_lifetime_max"]), (600, 3600))
        note(at.json("api", "update", ORDERS, "--risk", "normal", "--token-lifetime", "600"))
        note(at.json("grant", "add", "shop", ORDERS, "--scope", "read"))
        self.assertEqual(note(at.json("grant", "update", "shop", ORDERS, "--scope", "read", "--scope",
                                      "write"))["scopes"], ["read", "write"])
        self.assertEqual(len(note(at.json("grant", "list", "--client", "shop"))["items"]), 1)
        self.assertEqual(at.json("grant", "list", "--client", "nobody")["items"], [])

        issue = ["token", "issue", "--client", "shop", "--audience", ORDERS, "--owner", "ann"]
        first = note(at.json(*issue, "--name", "first", "--expires-in-days", "1"))
        self.assertEqual((first["scope"], first["owner"]), ("read write", "ann"))
        kept = os.path.join(self.data, "..", at.words[0] + ".token")
        second = at.json(*issue, "--name", "second", "--scope", "read", "--expires-in-seconds", "600",
                         "--out", kept)
        self.assertNotIn("token", second)
        self.assertEqual(os.stat(kept).st_mode & 0o777, 0o600)
        check = ["token", "check", "--file", "-", "--audience", ORDERS]
        self.assertTrue(note(at.json(*check, "--scope", "write", text=first["token"]))["good"])
        wrong = run(*check, "--scope", "fly", *at.words, "--format", "json", text=first["token"])
        self.assertEqual((wrong.code, wrong.json()["reason"]), (1, "insufficient_scope"))
        claims = at.json("introspect", "--file", "-", text=first["token"])
        self.assertEqual((claims["active"], claims["jti"]), (True, first["jti"]))
        self.assertEqual(run("introspect", "--file", "-", *at.words, text="no.such.token").code, 1)
        radius = at.json("revoke-all", "--client", "shop", "--dry-run")
        self.assertIn("2", json.dumps(radius))
        self.assertEqual(at.json("token", "show", first["jti"])["status"], "active")
        listed = note(at.json("token", "list", "--client", "shop"))
        self.assertEqual([row["name"] for row in listed["items"]], ["second", "first"])
        page = at.json("token", "list", "--client", "shop", "--limit", "1")
        rest = at.json("token", "list", "--client", "shop", "--cursor", page["next_cursor"])
        self.assertEqual([row["name"] for row in page["items"] + rest["items"]],
                         ["second", "first"])
        note(at.json("token", "show", first["jti"]))
        revoked = note(at.json("token", "revoke", first["jti"], "--reason", "laptop stolen"))
        self.assertEqual(revoked["revocation"]["reason"], "laptop stolen")
        self.assertIn("already", at.refused(1, "token", "revoke", first["jti"]).err)
        self.assertEqual(at.json("token", "list", "--status", "revoked")["items"][0]["jti"],
                         first["jti"])
        self.assertEqual(run(*check, *at.words, text=first["token"]).code, 1)
        self.assertGreater(note(at.json("note", "append", "deploy", "--file", "-",
                                        text="all went well"))["seq"], 1)
        named = at.json("token", "show", second["jti"])
        self.assertEqual((named["owner"], named["erased_fields"]), ("ann", []))
        self.assertIn("--yes", at.refused(2, "owner", "erase", "ann").err)
        self.assertGreater(note(at.json("owner", "erase", "--owner-file", "-", "--yes", "--reason",
                                        "asked by letter", text="ann\n"))["seq"], 1)
        erased = at.json("token", "show", second["jti"])
        self.assertEqual((erased["owner"], erased["erased_fields"], erased["status"]),
                         (None, ["owner"], "active"))
        self.assertEqual(at.json("token", "list", "--owner", "ann")["items"], [])
        self.assertIn("erased already", at.refused(1, "owner", "erase", "ann", "--yes").err)
        self.assertTrue(at.json("status")["ready"])
        events = [json.loads(line) for line in at.ok("events").out.splitlines()]
        self.assertEqual([event["seq"] for event in events], list(range(1, len(events) + 1)))
        some = [json.loads(line) for line in at.ok("events", "--from", "5", "--limit", "2")
                .out.splitlines()]
        self.assertEqual(some, events[4:6])

        third = at.json(*issue, "--name", "third", "--expires-in-days", "1")
        note(at.json("revoke-all", "--client", "shop", "--yes", "--reason", "key leaked"))
        self.assertEqual(at.json("token", "show", third["jti"])["revocation"]["reason"], "key leaked")
        fourth = at.json(*issue, "--name", "fourth", "--expires-in-days", "1")
        ended = at.json("token", "revoke", fourth["jti"], "--cause", "owner_request")
        self.assertEqual(ended["revocation"]["cause"], "owner_request")
        self.assertEqual(note(at.json("client", "disable", "shop"))["status"], "disabled")
        self.assertEqual(run(*check, *at.words, text=open(kept).read()).code, 1)
        at.json("client", "enable", "shop")
        for words in (("grant", "remove", "shop", ORDERS), ("client", "delete", "shop"),
                      ("api", "delete", ORDERS)):
            self.assertEqual(at.ok(*words).out, "", words)
        at.refused(1, "client", "show", "shop")
        at.refused(1, "api", "show", ORDERS)
        self.assertEqual(sorted(row["identifier"] for row in at.json("api", "list")["items"]),
                         [MANAGEMENT, "urn:tokenledger:userinfo"])
        return shapes

    def test_every_management_command_answers_alike_on_a_directory_and_a_server(self):
        offline = self.walk_through(self.directory())
        os.rename(self.data, self.path("offline"))
        self.assertEqual(self.walk_through(self.server()), offline)
        print(f"{len(offline)} kinds of answer compared")

    def test_R17_S13_an_api_s_revocation_policy_is_set_and_binds_single_tokens(self):
        for place in (self.directory, self.server):
            with self.subTest(place=place.__name__):
                at = place()
                name = f"https://api.example/{at.words[0][2:]}"
                api = at.json("api", "create", name, "--scope", "read", "--revocable", "false",
                              "--admin-revocable-origin", "api", "--admin-revocable-origin", "console")
                self.assertEqual((api["revocable"], sorted(api["admin_revocable_origins"])),
                                 (False, ["api", "console"]))
                token = at.json("token", "issue", "--name", "n", "--audience", name, "--scope", "read",
                                "--expires-in-days", "1")
                self.assertIn("policy", at.refused(1, "token", "revoke", token["jti"]).err)
                api = at.json("api", "update", name, "--revocable", "true", "--admin-revocable-origin", "none")
                self.assertEqual((api["revocable"], api["admin_revocable_origins"]), (True, []))
                self.assertIn("policy", at.refused(1, "token", "revoke", token["jti"]).err)
                kept = at.json("api", "update", name, "--name", "N")
                self.assertEqual(kept["admin_revocable_origins"], [], "what is not given stays")
                at.json("api", "update", name, "--admin-revocable-origin",
                        at.json("token", "show", token["jti"])["origin"])
                self.assertEqual(at.json("token", "revoke", token["jti"])["status"], "revoked")
                for words in (["--admin-revocable-origin", "none", "--admin-revocable-origin", "api"],
                              ["--admin-revocable-origin", "moon"], ["--revocable", "perhaps"]):
                    at.refused(2, "api", "update", name, *words)

    def test_a_table_is_aligned_and_csv_has_a_header_without_rows(self):
        at = self.directory()
        at.ok("api", "create", ORDERS, "--scope", "read", "--scope", "write")
        lines = at.ok("api", "list").out.splitlines()
        column = lines[0].index("scopes")
        row = next(line for line in lines if line.startswith(ORDERS))
        self.assertEqual(row[column:column + 10], "read write")
        rows = list(csv.reader(io.StringIO(at.ok("grant", "list", "--format", "csv").out)))
        self.assertEqual(rows, [["client_id", "audience", "scopes", "created_at"]])

    def test_what_is_wrong_with_url_or_token_is_said(self):
        self.directory()
        server = self.serve()
        bad = self.path("bad")
        with open(bad, "w") as file:
            file.write("not-a-token\n")
        good = os.path.join(self.data, "admin-token")
        for code, words in ((2, ["--url", server.url]),
                            (2, ["--url", "ftp://localhost", "--token-file", good]),
                            (2, ["--url", server.url + "/v1", "--token-file", good]),
                            (2, ["--url", server.url, "--data", self.data, "--token-file", good]),
                            (2, ["--url", server.url, "--token-file", self.path("none")]),
                            (2, ["--url", "http://ledger.example", "--token-file", good]),
                            (2, ["--url", "http://127.0.0.1.evil.example", "--token-file", good]),
                            (2, ["--url", "https://127.0.0.1:1", "--token-file", good, "--ca", bad]),
                            (2, []),
                            (3, ["--url", "http://127.0.0.1:1", "--token-file", good]),
                            (3, ["--url", "https://127.0.0.1:1", "--token-file", good]),
                            (1, ["--url", server.url, "--token-file", bad])):
            with self.subTest(words=words):
                self.refused(code, "token", "list", *words)
        # What marks a request of the directory's holder inside the process is no password.
        with open(bad, "w") as file:
            file.write("host\n")
        self.refused(1, "token", "list", "--url", server.url, "--token-file", bad)
        insecure = self.refused(2, "token", "list", "--url", "http://10.255.255.1", "--token-file", good)
        self.assertIn("--allow-insecure-http", insecure.err)


class Following(ServerTest):
    def test_events_follow_shows_each_event_once_as_it_happens(self):
        server = self.serve()
        at = ["--url", server.url, "--token-file", os.path.join(self.data, "admin-token")]
        tail = subprocess.Popen([PROGRAM, "events", *at, "--follow", "--every-ms", "50"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(tail.stderr.close)
        self.addCleanup(tail.stdout.close)
        seen = [json.loads(tail.stdout.readline())]
        names = ["c0", "c1", "c2"]
        for name in names:
            self.ok("client", "register", name, *at)
        while '"c2"' not in json.dumps(seen[-1]):
            seen.append(json.loads(tail.stdout.readline()))
        tail.terminate()
        tail.wait(SECONDS_MAX)
        self.assertEqual([event["seq"] for event in seen], list(range(1, len(seen) + 1)))


class AfterTheCommit(ServerTest):
    """What was done must not be reported as undone."""

    def test_a_closed_pipe_or_full_disk_after_a_change_has_an_exit_code_of_its_own(self):
        self.make_ledger()
        for number, sink in enumerate(("| true", ">/dev/full", "| true", ">/dev/full")):
            words = (["client", "register", f"c{number}"] if number < 2 else
                     ["token", "issue", "--name", f"t{number}", "--audience", MANAGEMENT, "--scope",
                      "check", "--expires-in-days", "1"])
            command = " ".join([f'"{PROGRAM}"', *words, "--data", f'"{self.data}"', sink])
            done = subprocess.run(["bash", "-c", command + '; exit "${PIPESTATUS[0]}"'],
                                  capture_output=True, text=True, timeout=SECONDS_MAX)
            self.assertEqual(done.returncode, 6, (command, done.stderr))
            self.assertIn("is done and durable", done.stderr)
        clients = [row["client_id"] for row in self.json("client", "list", "--data",
                                                         self.data)["items"]]
        self.assertTrue({"c0", "c1"} <= set(clients), clients)
        names = {row["name"] for row in self.json("token", "list", "--data", self.data)["items"]}
        self.assertTrue({"t2", "t3"} <= names, names)
        # A read changes nothing, and says so.
        done = subprocess.run(["bash", "-c", f'"{PROGRAM}" client list --data "{self.data}" >/dev/full'],
                              capture_output=True, text=True, timeout=SECONDS_MAX)
        self.assertEqual(done.returncode, 1, done.stderr)

    def test_a_token_is_handed_over_although_the_views_are_gone(self):
        self.make_ledger()
        for number in range(3):
            self.issue(f"t{number}")
        subprocess.run(["rm", "-rf", os.path.join(self.data, "views")], check=True)
        made = self.issue("after")
        self.assertEqual(self.check(made["token"]).code, 0)
        subprocess.run(["rm", "-rf", os.path.join(self.data, "views")], check=True)
        self.assertEqual(self.json("token", "revoke", made["jti"], "--data", self.data)["status"],
                         "revoked")
        subprocess.run(["rm", "-rf", os.path.join(self.data, "views")], check=True)
        self.assertEqual(len(self.json("token", "list", "--data", self.data)["items"]), 5)


class StrangeServer:
    """Answers every request with the same bytes and closes."""

    def __init__(self, answer):
        self.answer = answer
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.seen = []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(SECONDS_MAX)
                self.seen.append(connection.recv(65536))
                connection.sendall(self.answer)

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(SECONDS_MAX)


def answer(status, body, length=None):
    length = len(body) if length is None else length
    return f"HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{body}".encode()


class StrangeAnswers(ServerTest):
    def test_an_answer_that_can_not_be_read_is_an_unknown_outcome_of_a_change(self):  # INV-6
        token = self.path("token")
        with open(token, "w") as file:
            file.write("some.token\n")
        problem = '{"type":"about:blank","title":"x","status":503,"code":"queue_full"}'
        internal = '{"type":"about:blank","title":"x","status":500,"code":"unknown_outcome"}'
        # exit code of a change, of a read, and the bytes
        rows = [(5, 3, answer(200, "")), (5, 3, answer(200, "<html>hello</html>")),
                (5, 3, answer(200, "[]")), (5, 3, answer(502, "bad gateway")),
                (5, 3, answer(500, "")), (5, 5, answer(500, internal)),
                (5, 3, answer(200, '{"jti":"x"}', 4000)), (5, 3, b""), (5, 3, b"HTTP/1.1 "),
                (5, 3, b"HTTP/1.1 200 OK\r\nContent-Length:   \r\n\r\n{}"),
                (5, 3, b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}"),
                (1, 1, answer(503, problem)), (1, 1, answer(404, '{"code":"token_not_found"}')),
                (2, 2, answer(400, '{"code":"unknown_parameter","detail":"\\u001b[31mred"}')),
                (5, 3, answer(404, "no such page"))]
        for change, read, bytes_sent in rows:
            with self.subTest(answer=bytes_sent):
                server = StrangeServer(bytes_sent)
                self.addCleanup(server.socket.close)
                at = ["--url", server.url, "--token-file", token]
                outcome = self.refused(change, "token", "revoke", "x", *at)
                self.assertNotIn("\x1b", outcome.err)
                self.refused(read, "token", "show", "x", *at)
                server.close()
                self.assertIn(b"Bearer some.token", server.seen[0])
        print(f"{len(rows)} strange answers")

    def test_a_server_that_is_not_there_changed_nothing(self):
        token = self.path("token")
        with open(token, "w") as file:
            file.write("some.token\n")
        self.refused(3, "token", "revoke", "x", "--url", "http://127.0.0.1:1", "--token-file", token)


class Https(ServerTest):
    def certificate(self, name, subject):
        key, path = self.path(name + ".key"), self.path(name + ".pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", path,
                        "-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName={subject}"],
                       check=True, capture_output=True)
        return path, key

    def test_https_is_verified_by_certificate_and_name(self):
        good, key = self.certificate("good", "IP:127.0.0.1,DNS:localhost")
        other, other_key = self.certificate("other", "DNS:elsewhere.example")
        server = self.serve("--tls-certificate", good, "--tls-key", key, scheme="https")
        token = os.path.join(self.data, "admin-token")
        by_name = server.url.replace("127.0.0.1", "localhost")
        for url in (server.url, by_name):
            self.assertTrue(self.json("client", "list", "--url", url, "--token-file", token, "--ca",
                                      good)["items"])
        listed = ["client", "list", "--url", server.url, "--token-file", token]
        self.assertIn("certificate", self.refused(3, *listed).err)
        self.refused(3, *listed, "--ca", other)
        self.refused(3, "client", "list", "--url", server.url.replace("https:", "http:"),
                     "--token-file", token)
        made = self.json("client", "register", "shop", "--url", server.url, "--token-file", token,
                         "--ca", good)
        self.assertEqual(made["client_id"], "shop")
        self.assertEqual(server.stop(), 0)
        server = self.serve("--tls-certificate", other, "--tls-key", other_key, scheme="https")
        wrong_name = ["client", "list", "--url", server.url, "--token-file", token, "--ca", other]
        self.assertIn("certificate", self.refused(3, *wrong_name).err)


if __name__ == "__main__":
    main()
