#!/usr/bin/env python3
"""`tokenledger serve`: first start, the printed quick start, refusals, stopping."""
import concurrent.futures
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import urllib.parse

from cli_support import ORDERS, PROGRAM, SECONDS_MAX, ServerTest, main


class NewcomerOverHttp(ServerTest):
    def test_a_newcomer_gets_checks_and_revokes_a_client_s_token(self):
        server = self.serve()
        path = os.path.join(self.data, "admin-token")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        admin = self.admin_token()
        self.assertEqual(self.post(server, "/v1/apis", {
            "identifier": ORDERS, "name": "Orders", "scopes": [{"name": "read"}]}, admin)[0], 201)
        status, body = self.post(server, "/v1/clients", {"client_id": "shop", "name": "Shop"}, admin)
        self.assertEqual(status, 201)
        secret = json.loads(body)["client_secret"]
        request = {"grant_type": "client_credentials", "client_id": "shop",
                   "client_secret": secret, "audience": ORDERS}
        self.assertEqual(self.post(server, "/oauth/token", request)[0], 400)  # no grant yet (A16)
        self.assertEqual(self.post(server, "/v1/client-grants", {
            "client_id": "shop", "audience": ORDERS, "scopes": ["read"]}, admin)[0], 201)
        status, body = self.post(server, "/oauth/token", request)
        self.assertEqual(status, 200, body)
        token = json.loads(body)["access_token"]

        authz = f"/v1/authz?audience={ORDERS}&scope=read"
        self.assertEqual(self.curl(server, authz, token=token)[0], 200)
        status, body = self.post(server, "/v1/check", {"token": token}, admin)
        self.assertEqual((status, json.loads(body)["status"]), (200, "active"))
        jti = json.loads(body)["jti"]
        self.assertEqual(self.post(server, f"/v1/tokens/{jti}/revoke", {"reason": "tried it"},
                                   admin)[0], 200)
        self.assertEqual(self.curl(server, authz, token=token)[0], 401)
        self.assertEqual(self.post(server, f"/v1/tokens/{jti}/revoke", {}, admin)[0], 409)

        # The same directory, offline, after a graceful stop.
        self.assertEqual(server.stop(), 0, server.log_text())
        shown = self.json("token", "show", jti, "--data", self.data)
        self.assertEqual((shown["status"], shown["revocation"]["reason"]), ("revoked", "tried it"))
        for text in ("\n".join(server.greeting), server.log_text()):
            self.assertNotIn(admin, text)
            self.assertNotIn(secret, text)
            self.assertNotIn(token, text)
        for name, contents in self.tree().items():
            for each in (secret, token):
                self.assertNotIn(each.encode(), contents, name)

    def test_the_printed_quick_start_works_by_copy_and_paste(self):
        server = self.serve()
        lines = [line for line in server.greeting if line.startswith("  ")]
        self.assertGreaterEqual(len(lines), 4, server.greeting)
        done = subprocess.run(["sh", "-eu"], input="\n".join(lines), cwd=self.home, text=True,
                              capture_output=True, timeout=SECONDS_MAX)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        # Answers follow each other without a newline between them; the token's is the last.
        answer = json.loads("{" + done.stdout.strip().rpartition("{")[2])
        token = answer["access_token"]
        self.assertEqual(self.curl(server, f"/v1/authz?audience={ORDERS}&scope=read",
                                   token=token)[0], 200)


class Readme(ServerTest):
    def test_the_quick_start_of_the_readme_works_by_copy_and_paste(self):
        readme = os.path.join(os.path.dirname(__file__), "..", "..", "README.md")
        with open(readme) as file:
            section = re.search(r"\n## Quick start\n(.*?)\n## ", file.read(), re.S).group(1)
        blocks = re.findall(r"```sh\n(.*?)```", section, re.S)
        self.assertEqual(len(blocks), 4)
        server = self.serve()
        program_folder = os.path.dirname(os.path.abspath(PROGRAM))

        def paste(text):
            text = text.replace("$PWD/build", program_folder).replace("http://127.0.0.1:8080",
                                                                      server.url)
            done = subprocess.run(["bash", "-eu"], input=text, cwd=self.home, text=True,
                                  capture_output=True, timeout=SECONDS_MAX)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual(done.stderr, "")
            return done.stdout

        shown = paste("\n".join(blocks[:3]))
        self.assertRegex(shown, r"(?s)\ngood\n.*\nnot good\n")
        with open(self.path("shop.token")) as file:
            token = file.read().strip()
        self.assertNotIn(token, shown)
        self.assertEqual(server.stop(), 0)
        shown = paste("\n".join([blocks[0].splitlines()[1], blocks[3]]))
        self.assertIn("revoked", shown)
        self.assertTrue(os.path.exists(self.path("nightly.token")))


class Refusals(ServerTest):
    def wrong_sign_in(self, server, login):
        """The status of a wrong password, through the form of the sign-in page."""
        jar = self.path("cookies-of-" + login)
        status, page = self.curl(server, "/oauth/account", "-c", jar)
        self.assertEqual(status, 200)
        fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page))
        body = urllib.parse.urlencode({**fields, "login": login, "password": "a wrong one"})
        return self.curl(server, "/oauth/sign-in", "-b", jar, "-d", body)[0]

    def test_the_rate_of_sign_ins_per_address_is_what_serve_was_told(self):
        for bad in "x", "1:0", "1:x":
            self.refused(2, "serve", "--data", self.data, "--sign-in-rate-per-address", bad)
        server = self.serve("--sign-in-rate-per-address", "1:2")
        # Several at once: one after the other could take a second each on a busy machine.
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            statuses = list(pool.map(lambda number: self.wrong_sign_in(server, f"nobody-{number}"),
                                     range(16)))
        self.assertIn(200, statuses)
        self.assertIn(429, statuses, "below the default of 20")
        server.stop()
        server = self.serve("--sign-in-rate-per-address", "0")
        self.assertEqual({self.wrong_sign_in(server, f"nobody-{number}") for number in range(25)},
                         {200})

    def test_a_second_process_on_the_directory_is_told_about_url(self):
        server = self.serve()
        before = self.tree(os.path.join(self.data, "log"))
        for words in (["token", "list"], ["admin-token"], ["replay", "at", "1"], ["recover"],
                      ["views", "verify"], ["serve", "--listen", "127.0.0.1:0"]):
            outcome = self.refused(3, *words, "--data", self.data)
            self.assertRegex(outcome.err, "--url|stop it")
        self.assertEqual(self.tree(os.path.join(self.data, "log")), before)
        self.assertEqual(server.stop(), 0)

    def test_an_older_copy_of_the_directory_is_refused_by_the_anchor(self):
        anchor = self.path("anchor")
        server = self.serve("--anchor", anchor)
        self.assertEqual(server.stop(), 0)
        self.assertTrue(os.path.getsize(anchor))
        shutil.copytree(self.data, self.path("older"))
        server = self.serve("--anchor", anchor, "--checkpoint-every", "20")
        self.assertEqual(self.post(server, "/v1/apis", {
            "identifier": ORDERS, "name": "Orders", "scopes": ["read"]}, self.admin_token())[0], 201)
        status, text = self.curl(server, "/v1/audit/checkpoint")
        self.assertEqual(status, 200, text)
        self.assertEqual(server.stop(), 0)
        outcome = self.refused(3, "serve", "--data", self.path("older"), "--listen", "127.0.0.1:0",
                               "--anchor", anchor)
        self.assertIn("older copy", outcome.err)
        os.remove(anchor)
        outcome = self.refused(3, "serve", "--data", self.data, "--listen", "127.0.0.1:0",
                               "--anchor", anchor)
        self.assertIn("make an empty file there", outcome.err)
        for text in ("0", "5000", "soon"):
            self.refused(2, "serve", "--data", self.data, "--checkpoint-every", text)

    def test_a_port_in_use_is_said_in_a_sentence(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            outcome = self.refused(3, "serve", "--data", self.data, "--listen",
                                   f"127.0.0.1:{port}")
        self.assertIn("another process listens", outcome.err)
        self.assertEqual(self.check(self.admin_token()).code, 0)

    def test_an_unwritable_place_is_refused(self):
        with open(self.path("file"), "w"):
            pass
        self.refused(3, "serve", "--data", self.path("file") + "/data", "--listen", "127.0.0.1:0",
                     "--issuer", "https://ledger.example")

    def test_an_issuer_that_nobody_could_use_is_never_written(self):  # R12, RFC 8414 section 2
        rows = [
            ("--listen", "127.0.0.1:0"), ("--listen", "[::]:8443", "--allow-insecure-http"),
            ("--listen", "0.0.0.0:8443", "--allow-insecure-http"),
            *[("--listen", "127.0.0.1:8080", "--issuer", text) for text in (
                "not a url", "ledger.example", "http://ledger.example", "ftp://ledger.example",
                "https://", "https:///x", "https://ledger.example?tenant=1", "https://ledger.example#a",
                "https://user@ledger.example", "https://ledger.example:0", "http://10.0.0.1:8080",
                "https://ledger.example:99999", "https://" + "a" * 2100)]]
        for words in rows:
            with self.subTest(words=words):
                outcome = self.refused(2, "serve", "--data", self.data, *words)
                self.assertIn("--issuer", outcome.err)
        self.refused(2, "admin-token", "--create", "--data", self.data, "--issuer", "http://x.example")
        self.assertFalse(os.path.exists(self.data))

    def test_the_issuer_of_the_first_start_stays(self):
        server = self.serve("--issuer", "https://ledger.example/one")
        server.stop()
        server = self.serve()
        status, body = self.curl(server, "/.well-known/oauth-authorization-server")
        self.assertEqual((status, json.loads(body)["issuer"]), (200, "https://ledger.example/one"))


class Lifecycle(ServerTest):
    def test_both_signals_stop_it_gracefully_and_a_restart_keeps_everything(self):
        admin = None
        for number, stop in enumerate((signal.SIGTERM, signal.SIGINT)):
            server = self.serve()
            admin = admin or self.admin_token()
            self.assertEqual(self.post(server, "/v1/clients", {
                "client_id": f"c{number}", "name": "C"}, admin)[0], 201)
            server.process.send_signal(stop)
            self.assertEqual(server.stop(), 0, server.log_text())
        clients = self.json("client", "list", "--data", self.data)["items"]
        self.assertEqual([c["client_id"] for c in clients if not c["built_in"]], ["c0", "c1"])
        self.assertEqual(admin, self.admin_token())

    def test_a_kill_loses_nothing_that_was_answered(self):  # INV-1
        server = self.serve()
        admin = self.admin_token()
        status, body = self.post(server, "/v1/clients", {"client_id": "kept", "name": "K"}, admin)
        self.assertEqual(status, 201, body)
        server.process.kill()
        server.process.wait(SECONDS_MAX)
        self.assertEqual(self.json("client", "show", "kept", "--data", self.data)["name"], "K")

    def test_a_removed_admin_token_is_made_again_only_on_request(self):
        server = self.serve()
        os.unlink(os.path.join(self.data, "admin-token"))
        self.assertEqual(server.stop(), 0)
        server = self.serve()
        self.assertEqual(server.stop(), 0)
        self.assertFalse(os.path.exists(os.path.join(self.data, "admin-token")))
        self.assertIn("admin-token --data", "\n".join(server.greeting))
        self.assertNotIn("is in " + self.data, "\n".join(server.greeting))
        self.ok("admin-token", "--data", self.data)
        server = self.serve()
        self.assertIn("is in " + os.path.join(self.data, "admin-token"), "\n".join(server.greeting))
        self.assertEqual(self.curl(server, "/v1/clients", token=self.admin_token())[0], 200)

    def test_the_server_leaves_no_core_file_and_can_not_be_traced(self):
        server = self.serve()
        with open(f"/proc/{server.process.pid}/limits") as limits:
            core = re.search(r"Max core file size\s+(\d+)\s+(\d+)", limits.read())
        self.assertEqual(core.groups(), ("0", "0"))


if __name__ == "__main__":
    main()
