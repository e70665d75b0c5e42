#!/usr/bin/env python3
"""`tokenledger key` on a directory and on a server, and the settings of clients that hold keys."""
import base64
import json
import os
import re
import subprocess

from cli_support import MANAGEMENT, ORDERS, SECONDS_MAX, ServerTest, main, run


def header_of(token):
    part = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Keys(ServerTest):
    def places(self):
        """The words that name the ledger: its directory, then a server on it."""
        self.make_ledger()
        yield ["--data", self.data]
        server = self.serve()
        yield ["--url", server.url, "--token-file", os.path.join(self.data, "admin-token")]

    def key_file(self, name, *algorithm):
        path = self.path(name)
        subprocess.run(["openssl", "genpkey", "-quiet", *algorithm, "-out", path], check=True,
                       capture_output=True, timeout=SECONDS_MAX)
        return path

    def keys(self, at):
        return {row["kid"]: row for row in self.json("key", "list", *at)["items"]}

    def of_algorithm(self, at, name, status):
        return [kid for kid, row in self.keys(at).items()
                if (row["alg"], row["status"]) == (name, status)]

    def make_api(self, at, name, algorithm):
        self.ok("api", "create", name, "--scope", "read", "--signing-alg", algorithm, *at)

    def token(self, at, name):
        return self.json("token", "issue", "--name", "n", "--audience", name, "--scope", "read",
                         "--expires-in-days", "1", *at)["token"]

    def is_good(self, at, token, name):
        outcome = run("token", "check", "--file", "-", "--audience", name, *at, "--format", "json",
                      text=token)
        self.assertEqual(outcome.code, 0 if outcome.json()["good"] else 1, outcome)
        return outcome.code == 0

    def test_a_new_ledger_lists_one_key_for_each_algorithm(self):
        for at in self.places():
            with self.subTest(at=at[0]):
                rows = self.keys(at).values()
                self.assertEqual(sorted(row["alg"] for row in rows), ["ES256", "EdDSA", "RS256"])
                for row in rows:
                    self.assertEqual((row["status"], row["imported"], row["published"]),
                                     ("active", False, True))
                table = self.ok("key", "list", *at).out
                self.assertRegex(table.splitlines()[0], r"^kid +alg +status +created_at +activated_at")
                self.assertEqual(len(table.splitlines()), 4)

    def test_a_key_is_added_and_signs_once_it_is_activated(self):
        for number, at in enumerate(self.places()):
            with self.subTest(at=at[0]):
                api = f"urn:orders:{number}"
                self.make_api(at, api, "EdDSA")
                before = self.token(at, api)
                added = self.json("key", "add", "--alg", "EdDSA", *at)
                self.assertEqual((added["status"], added["published"]), ("next", True))
                self.assertEqual(header_of(self.token(at, api))["kid"], header_of(before)["kid"])
                # Verifiers keep a key set for a while: ten minutes, which a test can't wait.
                self.assertIn("minutes", self.refused(1, "key", "activate", added["kid"], *at).err)
                self.assertEqual(self.of_algorithm(at, "EdDSA", "next"), [added["kid"]])
                self.json("key", "retire", added["kid"], *at)
                self.assertEqual(self.of_algorithm(at, "EdDSA", "next"), [])
                self.assertTrue(self.is_good(at, before, api))
                # Without the key in use nothing could be signed: only the directory's holder may.
                signs = header_of(before)["kid"]
                if at[0] == "--url":
                    self.assertIn("successor", self.refused(1, "key", "retire", signs, *at).err)
                    continue
                self.assertEqual(self.json("key", "retire", signs, *at)["status"], "retired")
                self.assertTrue(self.is_good(at, before, api))
                # Each opening, and so each of these commands, draws a key where none signs.
                successor = self.of_algorithm(at, "EdDSA", "active")
                self.assertEqual(len(successor), 1)
                self.assertEqual(header_of(self.token(at, api))["kid"], successor[0])

    def test_whoever_holds_the_directory_forces_a_key_into_use_and_nobody_else(self):
        self.make_ledger()
        at = ["--data", self.data]
        self.make_api(at, ORDERS, "EdDSA")
        before = self.token(at, ORDERS)
        added = self.json("key", "add", "--alg", "EdDSA", *at)["kid"]
        self.assertEqual(self.ok("key", "activate", added, "--force", *at).out, "")
        old = header_of(before)["kid"]
        self.assertEqual(self.of_algorithm(at, "EdDSA", "active"), [added])
        self.assertEqual(self.of_algorithm(at, "EdDSA", "retired"), [old])
        self.assertTrue(self.keys(at)[old]["published"], "its tokens are good")
        self.assertTrue(self.is_good(at, before, ORDERS))
        self.assertEqual(header_of(self.token(at, ORDERS))["kid"], added)
        server = self.serve()
        far = ["--url", server.url, "--token-file", os.path.join(self.data, "admin-token")]
        waits = self.json("key", "add", "--alg", "EdDSA", *far)["kid"]
        self.assertIn("--data", self.refused(2, "key", "activate", waits, "--force", *far).err)
        self.assertEqual(self.of_algorithm(far, "EdDSA", "active"), [added])

    def test_a_revoked_key_takes_its_tokens_along_and_another_signs(self):
        for number, at in enumerate(self.places()):
            with self.subTest(at=at[0]):
                api, other = f"urn:eddsa:{number}", f"urn:rs256:{number}"
                self.make_api(at, api, "EdDSA")
                self.make_api(at, other, "RS256")
                ended, kept = self.token(at, api), self.token(at, other)
                kid = header_of(ended)["kid"]
                self.assertEqual(self.json("key", "revoke", kid, "--reason", "laptop stolen",
                                           *at)["status"], "revoked")
                self.assertFalse(self.is_good(at, ended, api))
                self.assertTrue(self.is_good(at, kept, other))
                self.assertFalse(self.keys(at)[kid]["published"])
                successor = self.of_algorithm(at, "EdDSA", "active")
                self.assertEqual(len(successor), 1)
                following = self.token(at, api)
                self.assertEqual(header_of(following)["kid"], successor[0])
                self.assertTrue(self.is_good(at, following, api))
                self.refused(1, "key", "revoke", kid, *at)
                self.refused(1, "key", "activate", kid, *at)

    def test_revoking_the_key_of_the_admin_token_ends_that_token_and_the_directory_makes_another(self):
        self.make_ledger()
        server = self.serve()
        token_file = os.path.join(self.data, "admin-token")
        at = ["--url", server.url, "--token-file", token_file]
        kid = header_of(self.admin_token())["kid"]
        self.assertEqual(self.keys(at)[kid]["alg"], "ES256")
        run("key", "revoke", kid, *at)
        self.refused(1, "key", "list", *at)
        self.assertEqual(server.stop(), 0)
        self.ok("admin-token", "--data", self.data)
        server = self.serve()
        at = ["--url", server.url, "--token-file", token_file]
        self.assertEqual(self.keys(at)[kid]["status"], "revoked")

    def test_a_key_from_elsewhere_is_imported_with_the_directory_only(self):
        self.make_ledger()
        at = ["--data", self.data]
        files = {"ES256": self.key_file("p256.pem", "-algorithm", "EC", "-pkeyopt",
                                        "ec_paramgen_curve:P-256"),
                 "RS256": self.key_file("rsa.pem", "-algorithm", "RSA", "-pkeyopt",
                                        "rsa_keygen_bits:2048"),
                 "EdDSA": self.key_file("ed25519.pem", "-algorithm", "ED25519")}
        kids = {}
        for algorithm, file in files.items():
            kids[algorithm] = self.ok("key", "import", "--file", file, *at).out.strip()
            row = self.keys(at)[kids[algorithm]]
            self.assertEqual((row["alg"], row["status"], row["imported"]), (algorithm, "next", True))
            self.assertIn("already", self.refused(1, "key", "import", "--file", file, *at).err)
        with open(files["EdDSA"]) as file:
            private = re.sub("-----[^-]*-----|\n", "", file.read())
        for words in (["key", "list", "--format", "json"], ["events"]):
            self.assertNotIn(private, self.ok(*words, *at).out)
        # It signs like any other, and its tokens are verified by the key that was brought.
        self.make_api(at, ORDERS, "EdDSA")
        self.ok("key", "activate", kids["EdDSA"], "--force", *at)
        token = self.token(at, ORDERS)
        self.assertEqual(header_of(token)["kid"], kids["EdDSA"])
        public, signed, signature = (self.path(name) for name in ("public.pem", "signed", "signature"))
        subprocess.run(["openssl", "pkey", "-in", files["EdDSA"], "-pubout", "-out", public],
                       check=True, timeout=SECONDS_MAX)
        body, _, last = token.rpartition(".")
        with open(signed, "w") as file:
            file.write(body)
        with open(signature, "wb") as file:
            file.write(base64.urlsafe_b64decode(last + "=" * (-len(last) % 4)))
        verified = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin",
                                   "-in", signed, "-sigfile", signature], capture_output=True, text=True,
                                  timeout=SECONDS_MAX)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)

    def test_what_is_no_usable_private_key_is_refused_and_changes_nothing(self):
        self.make_ledger()
        at = ["--data", self.data]
        before = self.keys(at)
        good = self.key_file("good.pem", "-algorithm", "ED25519")
        with open(good) as file:
            text = file.read()
        encrypted = self.path("encrypted.pem")
        subprocess.run(["openssl", "pkcs8", "-topk8", "-in", good, "-passout", "pass:x", "-out",
                        encrypted], check=True, capture_output=True, timeout=SECONDS_MAX)
        with open(encrypted) as file:
            encrypted_text = file.read()
        short = self.key_file("short.pem", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024")
        curve = self.key_file("curve.pem", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384")
        with open(short) as one, open(curve) as other:
            weak, foreign = one.read(), other.read()
        for name, pem in {"empty": "", "words": "not a key", "cut": text[:-30], "two": text * 2,
                          "public": text.replace("PRIVATE", "PUBLIC"), "encrypted": encrypted_text,
                          "RSA 1024": weak, "P-384": foreign}.items():
            with self.subTest(name=name):
                outcome = self.refused(2, "key", "import", "--file", "-", *at, text=pem)
                self.assertNotIn(text.splitlines()[1], outcome.err)
        self.refused(2, "key", "import", "--file", self.path("missing"), *at)
        server = self.serve()
        self.refused(2, "key", "import", "--file", good, "--url", server.url, "--token-file",
                     os.path.join(self.data, "admin-token"))
        self.assertEqual(server.stop(), 0)
        self.assertEqual(self.keys(at), before)

    def test_unknown_keys_and_algorithms_are_refused(self):
        for at in self.places():
            with self.subTest(at=at[0]):
                for word in ("activate", "retire", "revoke"):
                    self.refused(1, "key", word, "no-such-key", *at)
                    self.refused(2, "key", word, *at)
                for name in ("HS256", "none", "RS512", ""):
                    self.refused(2, "key", "add", "--alg", name, *at)


class ClientKeys(ServerTest):
    """The settings by which a client shows who it is."""

    def test_a_client_s_keys_and_methods_are_set_shown_and_changed(self):
        self.make_ledger()
        jwk = {"kty": "OKP", "crv": "Ed25519",  # RFC 8037 appendix A.2
               "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
        keys = self.path("keys.json")
        with open(keys, "w") as file:
            json.dump({"keys": [jwk]}, file)
        server = None
        for at in (["--data", self.data], None):
            if at is None:
                server = self.serve()
                at = ["--url", server.url, "--token-file", os.path.join(self.data, "admin-token")]
            with self.subTest(at=at[0]):
                name = "signer" + at[0]
                made = self.json("client", "register", name, "--grant-type", "client_credentials",
                                 "--auth-method", "private_key_jwt", "--jwks-file", keys, *at)
                self.assertIsNone(made.get("client_secret"))
                self.assertEqual(made["token_endpoint_auth_method"], "private_key_jwt")
                self.assertEqual(made["jwks"]["keys"][0]["x"], jwk["x"])
                self.refused(1, "client", "rotate-secret", name, *at)
                shown = self.json("client", "show", name, *at)
                self.assertEqual(shown["jwks"], made["jwks"])
                changed = self.json("client", "update", name, "--auth-method", "client_secret_basic",
                                    *at)
                self.assertEqual((changed["token_endpoint_auth_method"], changed["jwks"]),
                                 ("client_secret_basic", None))
                rotated = self.json("client", "rotate-secret", name, "--overlap", "600", *at)
                self.assertTrue(rotated["client_secret"])
                self.refused(2, "client", "rotate-secret", name, "--overlap", "604801", *at)
                changed = self.json("client", "update", name, "--id-token-alg", "EdDSA",
                                    "--token-format", "jwe", "--pkce", "optional", *at)
                self.assertEqual((changed["id_token_signed_response_alg"], changed["token_format"],
                                  changed["pkce_optional"]), ("EdDSA", "jwe", True))
                changed = self.json("client", "update", name, "--id-token-alg", "api",
                                    "--token-format", "api", "--pkce", "required", *at)
                self.assertEqual((changed["id_token_signed_response_alg"], changed["token_format"],
                                  changed["pkce_optional"]), (None, None, False))

    def test_private_halves_and_what_is_no_key_set_are_refused(self):
        self.make_ledger()
        register = ["client", "register", "signer", "--auth-method", "private_key_jwt", "--jwks-file",
                    "-", "--data", self.data]
        secret = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"  # RFC 8037 appendix A.1
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
        for text in ("", "{}", '{"keys":[]}', "nothing", json.dumps({"keys": [{**jwk, "d": secret}]}),
                     json.dumps({"keys": [jwk, jwk]})):
            outcome = run(*register, text=text)
            self.assertIn(outcome.code, (1, 2), text)
            self.assertNotIn(secret, outcome.out + outcome.err)
        self.refused(1, "client", "show", "signer", "--data", self.data)


if __name__ == "__main__":
    main()
