#!/usr/bin/env python3
"""Witnesses as people run them: real processes, a quorum that survives one of them, an older copy that is told."""
import base64
import hashlib
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
import verify_tlog as verifier  # noqa: E402
from cli_support import PROGRAM, SECONDS_MAX, CommandLineTest, Server, free_port, main  # noqa: E402

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(url, body=None):
    try:
        with OPENER.open(urllib.request.Request(url, data=body), timeout=SECONDS_MAX) as answer:
            return answer.status, answer.headers.get_content_type(), answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.headers.get_content_type(), refused.read()


class WitnessProcess:
    """`tokenledger witness serve`, on one port for its life."""

    def __init__(self, test, name):
        self.name = name
        self.key_file = test.path(name + ".key")
        self.state = test.path(name + ".state")
        self.vkey = test.ok("witness", "keygen", "witness.example/" + name, "--key-file", self.key_file).out.strip()
        self.address = f"127.0.0.1:{free_port()}"
        self.url = "http://" + self.address
        self.process = None
        test.addCleanup(self.stop)

    def start(self, log, *arguments):
        self.process = subprocess.Popen(
            [PROGRAM, "witness", "serve", "--listen", self.address, "--state", self.state, "--key-file", self.key_file,
             "--log", log, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        greeting = self.process.stdout.readline()
        assert self.vkey in greeting and self.address in greeting, greeting

    def kill(self):
        self.process.kill()
        self.process.communicate(timeout=SECONDS_MAX)

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return None
        self.process.terminate()
        self.process.communicate(timeout=SECONDS_MAX)
        return self.process.returncode


class WitnessCommandTest(CommandLineTest):
    def test_keygen_makes_a_file_that_only_its_owner_reads_and_never_another(self):
        key = self.path("w.key")
        vkey = self.ok("witness", "keygen", "witness.example/w", "--key-file", key).out.strip()
        self.assertEqual(os.stat(key).st_mode & 0o777, 0o600)
        self.assertTrue(vkey.startswith("witness.example/w+"))
        self.assertEqual(base64.b64decode(vkey.split("+", 2)[2])[0], 4)
        with open(key) as file:
            before = file.read()
        self.assertNotIn(before.split("+")[-1].strip(), vkey)
        self.refused(1, "witness", "keygen", "witness.example/w", "--key-file", key)
        with open(key) as file:
            self.assertEqual(file.read(), before)
        self.refused(2, "witness", "keygen", "two words", "--key-file", self.path("other.key"))
        self.assertFalse(os.path.exists(self.path("other.key")))

    def test_serve_refuses_keys_and_logs_that_are_none(self):
        key = self.path("w.key")
        vkey = self.ok("witness", "keygen", "witness.example/w", "--key-file", key).out.strip()
        start = ("witness", "serve", "--listen", "127.0.0.1:0", "--state", self.path("s"), "--key-file")
        self.refused(2, *start, key, "--log", self.path("none"))
        self.refused(2, *start, key, "--log", "nonsense+00000000+AAAA")
        self.assertIn("not one that signs logs", self.refused(2, *start, key, "--log", vkey).err)
        os.chmod(key, 0o640)
        self.assertIn("can be read by others", self.refused(2, *start, key, "--log", vkey).err)

    def test_serve_refuses_a_policy_with_line_and_reason(self):
        self.make_ledger()
        vkey = self.ok("witness", "keygen", "w", "--key-file", self.path("k")).out.strip()
        policy = self.path("policy")
        for text, why in (("witness a nonsense http://127.0.0.1:1/\nquorum a\n", "line 1: the vkey is malformed"),
                          (f"witness a {vkey}\nquorum a\n", "the witness a has no URL"),
                          (f"witness a {vkey} http://192.0.2.1/\nquorum a\n", "is named by plain http"),
                          (f"witness a {vkey} ftp://127.0.0.1/\nquorum a\n", "wants a URL"),
                          ("quorum none\n", "names no witness"),
                          (f"log other+00000000+/w==\nwitness a {vkey} http://127.0.0.1:1/\nquorum a\n",
                           "is a policy for other logs"),
                          (f"witness a {vkey} http://127.0.0.1:1/\n", "there is no quorum line")):
            with open(policy, "w") as file:
                file.write(text)
            outcome = self.refused(2, "serve", "--data", self.data, "--listen", "127.0.0.1:0", "--witness-policy",
                                   policy)
            self.assertIn(why, outcome.err)
        other = self.path("other-log")
        self.ok("admin-token", "--data", other, "--create")
        log = self.ok("audit", "vkey", "--data", other).out.strip()
        with open(policy, "w") as file:
            file.write(f"log {log}\nwitness a {vkey} http://127.0.0.1:1/\nquorum a\n")
        outcome = self.refused(2, "serve", "--data", self.data, "--listen", "127.0.0.1:0", "--witness-policy", policy)
        self.assertIn("is a policy for other logs", outcome.err)


class QuorumTest(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.make_ledger()
        self.log = self.ok("audit", "vkey", "--data", self.data).out.strip()
        self.witnesses = [WitnessProcess(self, name) for name in ("a", "b", "c")]
        self.policy = self.path("policy")
        with open(self.policy, "w") as file:
            file.write(f"log {self.log}\n")
            for witness in self.witnesses:
                file.write(f"witness {witness.name} {witness.vkey} {witness.url}/\n")
            file.write("group all-of-us 2 a b c\nquorum all-of-us\n")

    def serve(self, *arguments):
        server = Server(self.data, "--witness-policy", self.policy, *arguments)
        self.addCleanup(server.stop)
        self.assertIsNone(server.process.poll(), server.log_text())
        return server

    def append(self, server):
        self.ok("note", "append", "test", "--file", "-", "--url", server.url, "--token-file", self.data + "/admin-token",
                text="something happened")

    def witnessed(self, server, at_least):
        """The witnessed checkpoint, once it covers so much."""
        deadline = time.monotonic() + SECONDS_MAX
        while time.monotonic() < deadline:
            status, _, note = fetch(server.url + f"/v1/audit/checkpoint?witnessed=true&min_seq={at_least}")
            if status == 200:
                return note
            self.assertEqual(status, 503, note)
            time.sleep(0.1)
        self.fail("no quorum: " + fetch(server.url + "/readyz")[2].decode())

    def put_back(self):
        """The older copy, as the ledger."""
        shutil.rmtree(self.data)
        shutil.copytree(self.path("copy"), self.data)

    def committed(self, server):
        metrics = fetch(server.url + "/readyz")[2].decode()
        return int(metrics.split(" of ")[1].split()[0])

    def test_a_quorum_holds_with_one_down_and_verifiers_of_others_accept_it(self):
        for witness in self.witnesses[:2]:
            witness.start(self.log)
        server = self.serve()
        self.append(server)
        size = self.committed(server)
        note = self.witnessed(server, size)
        keys = [witness.vkey for witness in self.witnesses]
        checkpoint = verifier.Checkpoint(note, verifier.Trust(self.log, keys, 2))
        self.assertGreaterEqual(checkpoint.size, size)
        with self.assertRaises(verifier.Refused):
            verifier.Checkpoint(note, verifier.Trust(self.log, keys, 3))
        ready = fetch(server.url + "/readyz")
        self.assertEqual(ready[0], 200)
        self.assertIn("witness c: cosigned 0 events, last success never, error unreachable", ready[2].decode())
        # A proof that carries them, checked by somebody who insists on both.
        proof, token = self.path("proof"), self.data + "/admin-token"
        self.ok("audit", "prove", "--seq", "1", "--witnessed", "--url", server.url, "--token-file", token, "--out", proof)
        check = ("audit", "check-proof", proof, "--vkey", self.log, "--witness", keys[0], "--witness", keys[1])
        self.assertIn("witnesses_at_least: 2", self.ok(*check).out.replace("  ", " "))
        self.refused(4, *check, "--witness", keys[2])
        self.refused(2, "audit", "prove", "--seq", "1", "--witnessed", "--data", self.data)
        # Killed, and its place taken by the third; then it comes back.
        self.witnesses[0].kill()
        self.witnesses[2].start(self.log)
        self.append(server)
        self.witnessed(server, self.committed(server))
        self.witnesses[0].start(self.log)
        self.append(server)
        size = self.committed(server)
        deadline = time.monotonic() + SECONDS_MAX
        while True:
            path = hashlib.sha256(checkpoint.origin.encode()).hexdigest() + "/checkpoint"
            status, _, note = fetch(self.witnesses[0].url + "/" + path)
            if status == 200 and int(note.split(b"\n")[1]) >= size:
                break
            self.assertLess(time.monotonic(), deadline, "the first witness was not asked again")
            time.sleep(0.1)
        verifier.Checkpoint(note, verifier.Trust(self.log, [self.witnesses[0].vkey], 1))
        self.assertEqual(server.stop(), 0)
        for witness in self.witnesses:
            self.assertEqual(witness.stop(), 0)

    def test_the_protocol_over_http_has_the_statuses_of_the_specification(self):
        witness = self.witnesses[0]
        witness.start(self.log)
        server = Server(self.data)
        self.addCleanup(server.stop)
        self.append(server)
        while (status := fetch(server.url + "/v1/audit/checkpoint")[0]) == 503:
            time.sleep(0.1)
        self.assertEqual(status, 200)
        server.stop()
        note = self.ok("audit", "checkpoint", "--data", self.data).out.encode()
        size = int(note.split(b"\n")[1])
        ask = witness.url + "/add-checkpoint"

        def question(old, hashes=(), checkpoint=note):
            return b"old %d\n" % old + b"".join(base64.b64encode(h) + b"\n" for h in hashes) + b"\n" + checkpoint

        flipped = note[:-10] + (b"A" if note[-10:-9] != b"A" else b"B") + note[-9:]
        self.assertEqual(fetch(ask, b"hello")[0], 400)
        self.assertEqual(fetch(ask, question(0, checkpoint=b"nobody/" + note))[0], 404)
        self.assertIn(fetch(ask, question(0, checkpoint=flipped))[0], (400, 403))
        self.assertEqual(fetch(ask, question(size + 1))[0], 400)
        self.assertEqual(fetch(ask, question(3)), (409, "text/x.tlog.size", b"0\n"))
        self.assertEqual(fetch(ask, question(0, [bytes(32)]))[0], 422)
        status, _, lines = fetch(ask, question(0))
        self.assertEqual(status, 200)
        verifier.Checkpoint(note + lines, verifier.Trust(self.log, [witness.vkey], 1))
        self.assertEqual(fetch(ask, question(0)), (409, "text/x.tlog.size", b"%d\n" % size))
        self.assertEqual(fetch(ask, question(size))[0], 200)
        self.assertEqual(fetch(ask, b"x" * 100_000)[0], 413)
        self.assertEqual(fetch(ask)[0], 405)
        self.assertEqual(fetch(witness.url + "/" + "0" * 64 + "/checkpoint")[0], 404)

    def test_https_is_verified_against_the_certificate_and_the_name(self):
        certificate, key = self.path("tls.pem"), self.path("tls.key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=w", "-addext",
                        "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        witness = self.witnesses[0]
        witness.start(self.log, "--tls-certificate", certificate, "--tls-key", key)
        port = witness.address.rsplit(":", 1)[1]

        def trouble(url, *arguments):
            with open(self.policy, "w") as file:
                file.write(f"witness a {witness.vkey} {url}\nquorum a\n")
            server = self.serve(*arguments)
            self.append(server)
            deadline = time.monotonic() + SECONDS_MAX
            while "error not_asked" in (ready := fetch(server.url + "/readyz")[2].decode()):
                self.assertLess(time.monotonic(), deadline, ready)
                time.sleep(0.1)
            self.assertEqual(server.stop(), 0)
            return ready.rsplit("error ", 1)[1].strip()

        self.assertEqual(trouble(f"https://127.0.0.1:{port}", "--witness-ca", certificate), "none")
        self.assertEqual(trouble(f"https://127.0.0.1:{port}"), "tls_failed")
        self.assertEqual(trouble(f"https://localhost:{port}", "--witness-ca", certificate), "tls_failed")
        self.assertEqual(trouble(f"http://127.0.0.1:{port}"), "bad_answer")
        self.refused(2, "serve", "--data", self.data, "--listen", "127.0.0.1:0", "--witness-policy", self.policy,
                     "--witness-ca", key)

    def test_an_older_copy_is_refused_with_a_witness_and_goes_unseen_without(self):
        for witness in self.witnesses:
            witness.start(self.log)
        server = self.serve()
        self.append(server)
        old = self.witnessed(server, self.committed(server))
        server.stop()
        shutil.copytree(self.data, self.path("copy"))
        server = self.serve()
        self.append(server)
        self.append(server)
        new = self.witnessed(server, self.committed(server))
        sizes = [int(note.split(b"\n")[1]) for note in (old, new)]
        self.assertLess(sizes[0], sizes[1])
        server.stop()
        self.put_back()
        with open(self.data + "/audit/checkpoints", "rb") as file:
            before = file.read()
        outcome = self.refused(3, "serve", "--data", self.data, "--listen", "127.0.0.1:0", "--witness-policy",
                               self.policy)
        self.assertIn("the witness a cosigned a checkpoint of this log at seq ", outcome.err)
        self.assertIn("this directory is an older copy, or one that was changed, or it was restored and is opened without "
                      "its anchor. Put the newer one back, or give --anchor the file that `restore` was given", outcome.err)
        with open(self.data + "/audit/checkpoints", "rb") as file:
            self.assertEqual(file.read(), before, "nothing was signed")
        # Seen while running as well: the witnesses were out of reach at the start.
        for witness in self.witnesses:
            witness.kill()
        server = self.serve()
        self.witnesses[1].start(self.log)
        self.append(server)
        deadline = time.monotonic() + SECONDS_MAX
        while server.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(server.process.poll(), 4, server.log_text())
        self.assertIn("the witness b cosigned a checkpoint of this log at seq ", server.log_text())
        self.witnesses[1].kill()
        # And when the copy has grown past what they saw: its history is another one.
        self.put_back()
        server = self.serve()
        while self.committed(server) <= sizes[1]:
            self.append(server)
        self.witnesses[1].start(self.log)
        deadline = time.monotonic() + SECONDS_MAX
        while server.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(server.process.poll(), 4, server.log_text())
        self.assertRegex(server.log_text(), "the witness b cosigned (another history|a checkpoint) of this log")
        self.witnesses[1].kill()
        # Without a witness nobody can tell, and /readyz says that.
        self.put_back()
        refused = self.refused(2, "serve", "--data", self.data, "--listen", "127.0.0.1:0")
        self.assertIn("was served with an anchor or witnesses", refused.err)
        server = Server(self.data, "--unwatched")
        self.addCleanup(server.stop)
        self.assertIn("can not be told without --anchor or witnesses", fetch(server.url + "/readyz")[2].decode())
        self.assertEqual(server.stop(), 0)

    def test_a_witness_whose_key_is_of_an_unknown_type_is_skipped_while_the_quorum_can_do_without(self):
        for witness in self.witnesses[:2]:
            witness.start(self.log)
        future = "w.example/future+0badcafe+" + base64.b64encode(b"\x06" + bytes(1312)).decode()

        def write(quorum):
            with open(self.policy, "w") as file:
                for witness in self.witnesses[:2]:
                    file.write(f"witness {witness.name} {witness.vkey} {witness.url}/\n")
                file.write(f"witness future {future} https://w.example/\ngroup g {quorum}\nquorum g\n")

        write("2 a b future")
        server = self.serve()
        self.append(server)
        self.witnessed(server, self.committed(server))
        unread = "its key is of a type that can't be verified here"
        self.assertIn("the witness future is not asked: " + unread, server.log_text())
        ready = fetch(server.url + "/readyz")[2].decode()
        self.assertIn("witnesses: quorum 2 of 2, reached at ", ready)
        self.assertIn("witness future: never asked, " + unread, ready)
        self.assertEqual(server.stop(), 0)
        write("all a b future")
        outcome = self.refused(2, "serve", "--data", self.data, "--listen", "127.0.0.1:0", "--witness-policy", self.policy)
        self.assertIn("line 5: the quorum takes 3 witnesses, and only 2 have keys of a type that can be verified here",
                      outcome.err)
        with open(self.policy, "w") as file:
            file.write(f"witness future {future} https://w.example/\nquorum none\n")
        outcome = self.refused(2, "serve", "--data", self.data, "--listen", "127.0.0.1:0", "--witness-policy", self.policy)
        self.assertIn("names no witness whose key can be verified here", outcome.err)


if __name__ == "__main__":
    main()
