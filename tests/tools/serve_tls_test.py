#!/usr/bin/env python3
"""`tokenledger serve --tls-certificate`: versions, protocols, reloading, stopping."""
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time

from cli_support import SECONDS_MAX, CommandLineTest, Server, main, run


class TlsTest(CommandLineTest):
    def make_certificate(self, name):
        """A self-signed certificate for 127.0.0.1 whose common name tells it from others."""
        certificate, key = self.path(f"{name}.pem"), self.path(f"{name}.key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
                        certificate, "-days", "2", "-subj", f"/CN={name}", "-addext",
                        "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        return certificate, key

    def make_expired_certificate(self):
        """One that was good in 2020: `openssl req` takes no dates in the past, `openssl ca` does."""
        request, certificate, key = self.path("old.csr"), self.path("old.pem"), self.path("old.key")
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=old"], check=True,
                       capture_output=True)
        configuration, database = self.path("ca.cnf"), self.path("index")
        with open(database, "w"), open(configuration, "w") as file:
            file.write(f"[ca]\ndefault_ca = c\n[c]\ndatabase = {database}\nnew_certs_dir = {self.home}\n"
                       "default_md = sha256\nrand_serial = yes\npolicy = p\n[p]\n")
        subprocess.run(["openssl", "ca", "-batch", "-config", configuration, "-selfsign", "-in", request,
                        "-keyfile", key, "-startdate", "20200101000000Z", "-enddate", "20200102000000Z",
                        "-notext", "-out", certificate], check=True, capture_output=True)
        return certificate, key

    def serve(self, certificate, key, *arguments):
        server = Server(self.data, "--tls-certificate", certificate, "--tls-key", key, *arguments,
                        scheme="https")
        self.addCleanup(server.stop)
        self.assertIsNone(server.process.poll(), server.log_text())
        self.port = int(server.url.rsplit(":", 1)[1])
        return server

    def connect(self, certificate, version=None, protocols=None):
        context = ssl.create_default_context(cafile=certificate)
        if version is not None:
            context.minimum_version = context.maximum_version = version
            context.set_ciphers("ALL:@SECLEVEL=0")
        if protocols is not None:
            context.set_alpn_protocols(protocols)
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS_MAX)
        connection = context.wrap_socket(plain, server_hostname="127.0.0.1")
        self.addCleanup(connection.close)
        return connection

    def get(self, connection, path="/livez", token=None):
        credentials = f"Authorization: Bearer {token}\r\n" if token else ""
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n{credentials}\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            part = connection.recv(65536)
            if not part:
                return 0, b""
            answer += part
        head, _, body = answer.partition(b"\r\n\r\n")
        size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        while len(body) < size:
            body += connection.recv(65536)
        return int(head[9:12]), body

    def admin_token(self):
        with open(os.path.join(self.data, "admin-token")) as file:
            return file.read().strip()

    def subject(self, connection):
        return dict(pair for group in connection.getpeercert()["subject"] for pair in group)


class Serving(TlsTest):
    def test_versions_ciphers_and_protocols(self):
        certificate, key = self.make_certificate("first")
        server = self.serve(certificate, key)
        for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
            connection = self.connect(certificate, version, ["h2", "http/1.1"])
            self.assertEqual(connection.version(), name)
            self.assertEqual(connection.selected_alpn_protocol(), "http/1.1")
            suite = connection.cipher()[0]
            self.assertTrue("GCM" in suite or "CHACHA20" in suite, suite)
            self.assertEqual(self.get(connection)[0], 200)
            status, body = self.get(connection, "/v1/clients", self.admin_token())
            self.assertEqual(status, 200, body)
            self.assertIn("items", json.loads(body))
        self.assertIsNone(self.connect(certificate).selected_alpn_protocol())
        with self.assertRaises(ssl.SSLError):
            self.connect(certificate, protocols=["h2"])
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                self.connect(certificate, version)
        status, metrics = self.get(self.connect(certificate), "/metrics", self.admin_token())
        self.assertEqual(status, 200)
        failures = [line for line in metrics.decode().splitlines()
                    if line.startswith("tokenledger_http_tls_handshake_failures_total ")]
        self.assertEqual(int(failures[0].split()[1]), 3)
        self.assertTrue(server.greeting[0].endswith(server.url), server.greeting)
        self.assertEqual(server.stop(), 0)

    def test_plain_http_and_garbage_get_no_answer_and_harm_nobody(self):
        certificate, key = self.make_certificate("first")
        self.serve(certificate, key)
        for bytes_sent in (b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n", b"\x16\x03\x01\x00\x05hello",
                           os.urandom(4096)):
            with socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS_MAX) as plain:
                plain.sendall(bytes_sent)
                plain.shutdown(socket.SHUT_WR)
                received = b""
                try:
                    while part := plain.recv(4096):
                        received += part
                except ConnectionError:
                    pass
                self.assertNotIn(b"HTTP/", received)
        self.assertEqual(self.get(self.connect(certificate))[0], 200)

    def test_a_handshake_that_does_not_come_is_cut_off(self):
        certificate, key = self.make_certificate("first")
        self.serve(certificate, key)
        begin = time.monotonic()
        silent = socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS_MAX)
        self.addCleanup(silent.close)
        self.assertEqual(self.get(self.connect(certificate))[0], 200, "others go on")
        self.assertEqual(silent.recv(1), b"")
        print(f"\n  cut off after {time.monotonic() - begin:.1f} s", flush=True)

    def test_sighup_takes_a_new_certificate_and_keeps_open_connections(self):
        certificate, key = self.make_certificate("first")
        server = self.serve(certificate, key)
        old = self.connect(certificate)
        self.assertEqual(self.get(old)[0], 200)
        new_certificate, new_key = self.make_certificate("second")
        os.replace(new_certificate, certificate)
        os.replace(new_key, key)
        server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + SECONDS_MAX
        while "was read again" not in server.log_text() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(self.subject(self.connect(certificate))["commonName"], "second")
        self.assertEqual(self.get(old)[0], 200, "an open connection outlives the reload")

        with open(certificate, "w") as file:
            file.write("no certificate\n")
        server.process.send_signal(signal.SIGHUP)
        while "the former TLS certificate stays" not in server.log_text() and \
                time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertIn("the former TLS certificate stays", server.log_text())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.port)) as plain, \
                context.wrap_socket(plain) as connection:
            self.assertIn(b"second", connection.getpeercert(binary_form=True))
            self.assertEqual(self.get(connection)[0], 200)
        self.assertEqual(self.get(old)[0], 200)
        self.assertEqual(server.stop(), 0)

    def test_a_graceful_stop_says_goodbye_and_ends_streams(self):
        certificate, key = self.make_certificate("first")
        server = self.serve(certificate, key)
        idle, stream = self.connect(certificate), self.connect(certificate)
        self.assertEqual(self.get(idle)[0], 200)
        stream.sendall(b"GET /v1/events/stream?from=1 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer "
                       + self.admin_token().encode() + b"\r\n\r\n")
        received = stream.recv(65536)
        self.assertTrue(received.startswith(b"HTTP/1.1 200 "), received[:200])
        stopper = threading.Thread(target=server.stop)
        stopper.start()
        # recv() returns nothing only for a close_notify; a bare end of the connection would raise.
        self.assertEqual(idle.recv(1), b"")
        while part := stream.recv(65536):
            received += part
        self.assertTrue(received.endswith(b"\r\n0\r\n\r\n"), received[-200:])
        stream.close()
        idle.close()
        stopper.join()
        self.assertEqual(server.process.returncode, 0, server.log_text())


class Refusals(TlsTest):
    def test_what_cannot_be_used_is_refused_with_a_reason(self):
        certificate, key = self.make_certificate("first")
        _, other_key = self.make_certificate("other")
        old_certificate, old_key = self.make_expired_certificate()
        for arguments, reason in (
                (("--tls-certificate", certificate), "--tls-key"),
                (("--tls-key", key), "--tls-certificate"),
                (("--tls-certificate", certificate, "--tls-key", other_key), "key"),
                (("--tls-certificate", self.path("none"), "--tls-key", key), "certificate"),
                (("--tls-certificate", certificate, "--tls-key", certificate), "key"),
                (("--tls-certificate", old_certificate, "--tls-key", old_key), "has expired")):
            outcome = run("serve", "--data", self.data, "--listen", "127.0.0.1:0", "--issuer",
                          "https://ledger.example", *arguments)
            self.assertEqual(outcome.code, 2, f"{arguments}: {outcome}")
            self.assertIn(reason, outcome.err)
        outcome = run("serve", "--data", self.data, "--listen", "0.0.0.0:0")
        self.assertEqual(outcome.code, 2)
        self.assertIn("--allow-insecure-http", outcome.err)

    def test_beyond_loopback_a_certificate_is_enough(self):
        certificate, key = self.make_certificate("first")
        # An address of documentation (RFC 5737) that no machine has: getting as far as binding it
        # shows that the plain-HTTP rule let it pass.
        outcome = run("serve", "--data", self.data, "--listen", "192.0.2.1:0", "--issuer",
                      "https://ledger.example", "--tls-certificate",
                      certificate, "--tls-key", key)
        self.assertEqual(outcome.code, 3, outcome)


if __name__ == "__main__":
    main()
