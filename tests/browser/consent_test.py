#!/usr/bin/env python3
"""People at a running server, in a real browser: sign in, allow, be asked only for what is new, deny, take back.

Each story is told with JavaScript and without. The client is another site (localhost is not 127.0.0.1), whose pages
have a link to the server and are where it sends people back to.
"""
import base64
import hashlib
import html
import http.server
import json
import os
import subprocess
import sys
import threading
import unittest
import urllib.parse

import chromium

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
from running_ledger import RunningLedger, bearer, fetch, skip  # noqa: E402
from cli_support import CommandLineTest, Server, free_port  # noqa: E402

# What a script of the client's page does: [status, body], or the browser's refusal.
FETCH = """
(async () => {
  try {
    const answer = await fetch(%s, %s);
    return [answer.status, await answer.text()];
  } catch (refused) {
    return [0, String(refused)];
  }
})()
"""
ORDERS = "https://api.example/orders"
PASSWORD = "correct horse battery"
ANOTHER = "another horse battery"
VERIFIER = "a-verifier-that-is-long-enough-for-everybody-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SCOPES = [{"name": "read", "description": "See your orders"}, {"name": "write", "description": "Change your orders"}]


class Client:
    """GET /link?ADDRESS, /form?ADDRESS: a page with a link to there, or a form that posts what stands in its query.

    Anything else: the page that people come back to.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            path, _, query = self.path.partition("?")
            there = urllib.parse.unquote(query)
            start = {"/link": self.link, "/form": self.form}.get(path, lambda _: "")(there)
            body = f"<!doctype html><title>Calendar</title><h1>Calendar</h1>{start}".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def link(self, there):
            return f'<a class="start" href="{html.escape(there)}">Sign in</a>'

        def form(self, there):
            action, _, query = there.partition("?")
            fields = "".join(f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
                             for name, value in urllib.parse.parse_qsl(query))
            return f'<form method="post" action="{action}">{fields}<button class="start">Sign in</button></form>'

        def log_message(self, *_):
            pass  # addresses hold codes

    def __init__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.Handler)
        self.site = f"http://localhost:{self.server.server_address[1]}"
        self.url = self.site + "/callback"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class ConsentTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = chromium.Chromium()
        cls.addClassCleanup(cls.browser.__exit__)
        cls.client = Client()
        cls.addClassCleanup(cls.client.stop)
        cls.ledger = RunningLedger()
        cls.addClassCleanup(cls.ledger.__exit__)
        cls.ledger.make_api(ORDERS, name="Orders", scopes=SCOPES, allow_offline_access=True)
        cls.ledger.make_client("calendar", name="Calendar Helper", token_endpoint_auth_method="none",
                               grant_types=["authorization_code", "refresh_token"], redirect_uris=[cls.client.url])
        cls.ledger.grant("calendar", ORDERS, ("read", "write"))
        cls.people = 0

    def both(self, story):
        """Tells the story with JavaScript and without, each time of somebody who allowed nothing yet."""
        for javascript in (True, False):
            with self.subTest(javascript=javascript):
                type(self).people += 1
                self.login = f"ada-{self.people}@example.org"
                self.ledger.make_user(self.login, PASSWORD, "Ada Lovelace")
                self.javascript = javascript
                story()

    # --- what a person does ---

    def address(self, scope, **more):
        fields = {"client_id": "calendar", "response_type": "code", "redirect_uri": self.client.url, "scope": scope,
                  "audience": ORDERS, "state": "af0ifjsldkj", "code_challenge": CHALLENGE,
                  "code_challenge_method": "S256", **more}
        return f"{self.ledger.url}/oauth/authorize?{urllib.parse.urlencode(fields)}"

    def open(self, scope, **more):
        return self.browser.open(self.address(scope, **more), javascript=self.javascript)

    def account(self):
        return self.ledger.url + "/oauth/account"

    def sign_in(self, page, password=PASSWORD):
        page.type("#login", self.login)
        page.type("#password", password)
        page.submit("button.primary")

    def signed_in(self, scope):
        page = self.open(scope)
        self.sign_in(page)
        return page

    def allow(self, page):
        page.submit("button[value=allow]")
        return self.came_back(page)

    # --- what is seen ---

    def asked(self, page):
        self.assertEqual(page.title().split(" \u00b7 ")[0], "Allow access")
        return sorted(page.texts(".asked .code"))

    def came_back(self, page):
        """What the client was told: the parameters of the address, of which no page shows more."""
        address = urllib.parse.urlsplit(page.url())
        self.assertEqual(urllib.parse.urlunsplit(address._replace(query="")), self.client.url)
        self.assertEqual(page.text("h1"), "Calendar")
        told = dict(urllib.parse.parse_qsl(address.query))
        self.assertEqual((told["state"], told["iss"]), ("af0ifjsldkj", self.ledger.url))
        return told

    def redeem(self, told):
        """What the client gets for the code."""
        return self.ledger_form("/oauth/token", grant_type="authorization_code", code=told["code"],
                                redirect_uri=self.client.url, code_verifier=VERIFIER)

    def refresh(self, tokens):
        return self.ledger_form("/oauth/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"])

    def ledger_form(self, path, **fields):
        body = urllib.parse.urlencode({"client_id": "calendar", **fields}).encode()
        return fetch(self.ledger.url + path, "POST", body, {"Content-Type": "application/x-www-form-urlencoded"})

    def good_tokens(self, told):
        answer = self.redeem(told)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json()

    def authorized(self, tokens, scope):
        query = urllib.parse.urlencode({"audience": ORDERS, "scope": scope})
        return fetch(f"{self.ledger.url}/v1/authz?{query}", headers=bearer(tokens["access_token"])).status

    # --- stories ---

    def test_a09_the_page_lists_exactly_what_was_asked_and_the_code_brings_exactly_that(self):
        def story():
            page = self.open("read")
            self.assertIn("Calendar Helper", page.text())
            self.sign_in(page)
            self.assertEqual(self.asked(page), ["read"])
            for word in ("Calendar Helper", "Orders", "See your orders", f"Ada Lovelace ({self.login})"):
                self.assertIn(word, page.text())
            self.assertNotIn("Change your orders", page.text())
            tokens = self.good_tokens(self.allow(page))
            self.assertEqual(tokens["scope"], "read")
            self.assertEqual([self.authorized(tokens, scope) for scope in ("read", "write")], [200, 403])
            self.assertEqual([line for line in page.complaints() if "favicon" not in line and "404" not in line], [])

        self.both(story)

    def test_a10_a_second_visit_passes_without_a_page_also_for_less(self):
        def story():
            page = self.signed_in("read write")
            self.assertEqual(self.asked(page), ["read", "write"])
            self.allow(page)
            for way, scope in (("link", "read write"), ("link", "write"), ("form", "read")):
                page.go(f"{self.client.site}/{way}?{urllib.parse.quote(self.address(scope), safe='')}")
                page.submit(".start")
                tokens = self.good_tokens(self.came_back(page))
                self.assertEqual(tokens["scope"], scope)
            # Another browser has no session, but the consent is the user's.
            elsewhere = self.signed_in("read")
            self.came_back(elsewhere)

        self.both(story)

    def test_a11_an_extra_scope_asks_only_for_the_extra_one(self):
        def story():
            page = self.signed_in("read")
            self.allow(page)
            page.go(self.address("openid read write"))
            self.assertEqual(self.asked(page), ["openid", "write"])
            self.assertIn("beyond what you allowed before", page.text())
            self.assertNotIn("See your orders", page.text())
            tokens = self.good_tokens(self.allow(page))
            self.assertEqual(sorted(tokens["scope"].split()), ["openid", "read", "write"])
            self.assertEqual(self.authorized(tokens, "write"), 200)

        self.both(story)

    def test_a_no_goes_back_to_the_client_and_is_not_remembered(self):
        def story():
            page = self.signed_in("read")
            page.submit("button[value=deny]")
            told = self.came_back(page)
            self.assertEqual(told["error"], "access_denied")
            self.assertNotIn("code", told)
            page.go(self.address("read"))
            self.assertEqual(self.asked(page), ["read"])
            page.go(self.address("read", prompt="none"))
            self.assertEqual(self.came_back(page)["error"], "consent_required")

        self.both(story)

    def test_withdrawing_ends_the_tokens_at_once_and_brings_the_question_back(self):
        def story():
            page = self.signed_in("read offline_access")
            tokens = self.good_tokens(self.allow(page))
            self.assertEqual(self.authorized(tokens, "read"), 200)
            page.go(self.account())
            self.assertIn("Calendar Helper", page.text("section.client"))
            self.assertIn("read", page.text(".grants"))
            page.submit(".grants button")
            self.assertIn("Withdrawn", page.text("[role=status]"))
            self.assertIn("no application may act for you", page.text())
            self.assertEqual(self.authorized(tokens, "read"), 401)
            refused = self.refresh(tokens)
            self.assertEqual((refused.status, refused.json()["error"]), (400, "invalid_grant"))
            page.go(self.address("read offline_access"))
            self.assertEqual(self.asked(page), ["offline_access", "read"])
            self.assertNotIn("beyond what you allowed before", page.text())

        self.both(story)

    def fetch_in(self, page, path, **options):
        said = page.call("Runtime.evaluate", awaitPromise=True, returnByValue=True,
                         expression=FETCH % (json.dumps(self.ledger.url + path), json.dumps(options)))
        status, body = said["result"]["value"]
        return status, body

    def test_scripts_of_the_clients_page_get_tokens_and_never_see_our_pages(self):
        self.javascript = True
        type(self).people += 1
        self.login = f"ada-{self.people}@example.org"
        user_id = self.ledger.make_user(self.login, PASSWORD, "Ada Lovelace")
        page = self.signed_in("openid profile read")
        told = self.allow(page)
        form = urllib.parse.urlencode({"client_id": "calendar", "grant_type": "authorization_code",
                                       "code": told["code"], "redirect_uri": self.client.url,
                                       "code_verifier": VERIFIER})
        status, body = self.fetch_in(page, "/oauth/token", method="POST", body=form,
                                     headers={"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(status, 200, body)
        token = json.loads(body)["access_token"]
        # A header of ours: the browser asks first whether it may be sent.
        status, body = self.fetch_in(page, "/oauth/userinfo", headers={"Authorization": "Bearer " + token})
        self.assertEqual((status, json.loads(body)["sub"]), (200, user_id))
        for path in ("/.well-known/openid-configuration", "/.well-known/jwks.json"):
            self.assertEqual(self.fetch_in(page, path)[0], 200)
        for path in ("/oauth/account", "/oauth/authorize?" + urllib.parse.urlsplit(self.address("read")).query):
            for credentials in ("include", "omit"):
                self.assertEqual(self.fetch_in(page, path, credentials=credentials)[0], 0)

    def test_a_wrong_password_is_told_and_a_sign_out_asks_for_it_again(self):
        def story():
            page = self.open("read")
            self.sign_in(page, "wrong")
            self.assertEqual(page.text("[role=alert]"), "The account name or the password is wrong.")
            self.sign_in(page)
            self.allow(page)
            page.go(self.account())
            page.submit(".top button")
            self.assertIn("You are signed out.", page.text())
            page.go(self.address("read"))
            self.assertEqual(page.text("h1"), "Sign in")
            self.sign_in(page)
            self.came_back(page)

        self.both(story)

    def test_a_new_password_signs_out_other_browsers_and_ends_what_could_be_refreshed(self):
        def story():
            elsewhere = self.signed_in("read offline_access")
            tokens = self.good_tokens(self.allow(elsewhere))
            page = self.browser.open(self.account(), javascript=self.javascript)
            self.sign_in(page)
            page.click("summary")
            for field, text in (("current", PASSWORD), ("new", ANOTHER), ("again", ANOTHER)):
                page.type(f"#{field}", text)
            page.submit("details button.primary")
            self.assertIn("Your password is changed.", page.text("[role=status]"))
            self.assertEqual(self.refresh(tokens).status, 400)
            elsewhere.go(self.account())
            self.assertEqual(elsewhere.text("h1"), "Sign in")
            page.go(self.account())
            self.assertEqual(page.text("h1"), "Your account")

        self.both(story)

    def test_an_address_that_the_client_never_registered_gets_a_page_and_no_browser(self):
        def story():
            for wrong in ({"redirect_uri": self.client.url + "/evil"}, {"client_id": "nobody"}):
                page = self.open("read", **wrong)
                self.assertEqual(urllib.parse.urlsplit(page.url()).path, "/oauth/authorize")
                self.assertIn("can't be answered", page.text("h1"))

        self.both(story)


class SecureTest(CommandLineTest):
    """The same over TLS, where the cookies have other names and rules."""

    def prepare(self, client_url):
        """A ledger with somebody in it; its issuer is where it will be served."""
        self.url = f"https://127.0.0.1:{free_port()}"
        on_it = ("--data", self.data)
        self.ok("admin-token", "--create", "--issuer", self.url, *on_it)
        self.ok("api", "create", ORDERS, "--scope", "read=See your orders", *on_it)
        self.ok("client", "register", "calendar", "--name", "Calendar Helper", "--auth-method", "none", "--grant-type",
                "authorization_code", "--redirect-uri", client_url, *on_it)
        self.ok("grant", "add", "calendar", ORDERS, "--scope", "read", *on_it)
        self.ok("user", "add", "ada", "--password-file", "-", *on_it, text=PASSWORD)

    def serve(self):
        certificate, key = self.path("certificate.pem"), self.path("key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=test",
                        "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        server = Server(self.data, "--tls-certificate", certificate, "--tls-key", key, scheme="https", url=self.url)
        self.addCleanup(server.stop)
        self.assertIsNone(server.process.poll(), server.log_text())

    def test_over_tls_the_cookies_are_bound_to_the_host_and_the_way_is_the_same(self):
        client = Client()
        self.addCleanup(client.stop)
        self.prepare(client.url)
        self.serve()
        browser = chromium.Chromium()
        self.addCleanup(browser.__exit__)
        page = browser.open("about:blank", javascript=False)
        page.call("Security.setIgnoreCertificateErrors", ignore=True)  # nobody vouches for it
        ask = urllib.parse.urlencode({
            "client_id": "calendar", "response_type": "code", "redirect_uri": client.url, "scope": "read",
            "audience": ORDERS, "code_challenge": CHALLENGE, "code_challenge_method": "S256"})
        page.go(f"{self.url}/oauth/authorize?{ask}")
        page.type("#login", "ada")
        page.type("#password", PASSWORD)
        page.submit("button.primary")
        self.assertEqual(page.texts(".asked .code"), ["read"])
        cookies = page.call("Network.getCookies")["cookies"]
        self.assertEqual([cookie["name"] for cookie in cookies], ["__Host-tl_session"])
        self.assertTrue(all(cookie["secure"] and cookie["httpOnly"] for cookie in cookies))
        page.submit("button[value=allow]")
        self.assertTrue(page.url().startswith(client.url + "?code="))
        page.go(self.url + "/oauth/account")
        page.submit(".top button")
        self.assertIn("You are signed out.", page.text())
        left = [cookie["name"] for cookie in page.call("Network.getCookies")["cookies"]]
        self.assertNotIn("__Host-tl_session", left)


if __name__ == "__main__":
    try:
        chromium.find_program()
    except chromium.Unavailable as why:
        skip(why)
    unittest.main()
