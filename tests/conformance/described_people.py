"""Users, pages, grants and keys, as openapi_test.py walks through them: each operation once and its refusals."""
import base64
import hashlib
import html.parser
import secrets
import urllib.parse

from running_ledger import basic, bearer

REDIRECT = "https://app.example/back"
PASSWORD = "correct horse battery"
VERIFIER = secrets.token_urlsafe(32)


class HiddenFields(html.parser.HTMLParser):
    """{action: {name: value}} of the forms of a page."""

    def __init__(self, page):
        super().__init__()
        self.forms = {}
        self.current = None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        fields = dict(attributes)
        if tag == "form":
            self.current = self.forms.setdefault(fields["action"], {})
        elif tag == "input" and fields.get("type") == "hidden" and self.current is not None:
            self.current[fields["name"]] = fields["value"]


class DescribedPeople:
    """`call` is OpenApiTest.call; `last` the answer that it got last, with its headers."""

    def __init__(self, test):
        self.test = test
        self.call = test.call
        self.cookies = {}

    def page(self, operation, status, form=None, query=None):
        """In a browser that keeps its cookies; the forms of the page, or where it leads."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = self.call(operation, status, form=form, query=query, headers=headers if self.cookies else {})
        answer = self.test.last
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        if answer.status in (302, 303):
            return answer.headers["Location"]
        return HiddenFields(body).forms

    def answer_of(self, url):
        """The parameters that the client gets."""
        self.test.assertTrue(url.startswith(REDIRECT), url)
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))

    def walk(self):
        self.users_and_groups()
        self.clients_of_users()
        self.sign_in_and_allow()
        self.tokens_of_the_user()
        self.consents()
        self.account()
        self.keys()
        self.endings()

    def users_and_groups(self):
        call = self.call
        self.user = call("registerUser", 201, {"login": "ada", "display_name": "Ada King"})["user_id"]
        call("registerUser", 409, {"login": "Ada"})
        call("registerUser", 400, {"login": ""})
        call("registerUser", 401, {"login": "eve"}, headers={})
        call("createGroup", 201, {"name": "staff"})
        call("createGroup", 409, {"name": "staff"})
        call("createGroup", 201, {"name": "passing"})
        user = {"user_id": self.user}
        call("setUserGroups", 200, {"groups": ["staff"]}, path=user)
        call("setUserGroups", 404, {"groups": ["nobody"]}, path=user)
        call("setUserPassword", 200, {"password": PASSWORD}, path=user)
        call("setUserPassword", 400, {"password": "short"}, path=user)
        call("changeUser", 200, {"display_name": None}, path=user)
        call("changeUser", 200, {"display_name": "Ada"}, path=user)
        call("getUser", 200, path=user)
        call("getUser", 404, path={"user_id": "usr_" + "A" * 22})
        call("listUsers", 200, query={"group": "staff", "status": "enabled", "limit": 1})
        call("listUsers", 400, query={"status": "erased"})
        call("getGroup", 200, path={"name": "staff"})
        call("getGroup", 404, path={"name": "nobody"})
        call("listGroups", 200, query={"limit": 1})
        call("deleteGroup", 204, path={"name": "passing"})

    def clients_of_users(self):
        call = self.call
        self.api = "urn:calendar"
        call("createApi", 201, {"identifier": self.api, "name": "Calendar", "allow_offline_access": True,
                                "scopes": [{"name": "read", "description": "See your events"}, "write"]})
        made = call("createClient", 201, {
            "client_id": "diary", "name": "Diary", "redirect_uris": [REDIRECT], "token_format": "jwe",
            "grant_types": ["authorization_code", "refresh_token"]})
        self.credentials = basic("diary", made["client_secret"])
        call("createClientGrant", 201, {"client_id": "diary", "audience": self.api, "scopes": ["read", "write"]})
        call("createPreConsent", 201, {"group": "staff", "client_id": "diary", "audience": self.api,
                                       "scopes": ["write"], "identity_scopes": []})
        call("createPreConsent", 404, {"group": "nobody", "client_id": "diary", "audience": self.api,
                                       "scopes": ["write"]})
        call("listPreConsents", 200, query={"group": "staff"})

    def request(self, **more):
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
        return {"response_type": "code", "client_id": "diary", "redirect_uri": REDIRECT, "audience": self.api,
                "scope": "openid profile read offline_access", "state": "s", "nonce": "n",
                "code_challenge": challenge, "code_challenge_method": "S256", **more}

    def sign_in_and_allow(self):
        page = self.page
        self.test.assertEqual(self.answer_of(page("authorize", 302, query=self.request(scope="never")))["error"],
                              "invalid_scope")
        page("authorize", 400, query=self.request(client_id="nobody"))
        page("authorizeByAlias", 200, query=self.request())
        page("authorizeByFormByAlias", 303, form=self.request())
        page("authorizeByForm", 303, form=self.request())
        form = page("authorize", 200, query=self.request())["/oauth/sign-in"]
        wrong = page("signIn", 200, form={**form, "login": "ada", "password": "not hers"})
        form = wrong["/oauth/sign-in"]
        page("signIn", 403, form={**form, "token": "A" * 43, "login": "ada", "password": PASSWORD})
        page("signIn", 303, form={**form, "login": "ada", "password": PASSWORD})
        form = page("authorize", 200, query=self.request())["/oauth/consent"]
        denied = self.answer_of(page("consent", 303, form={**form, "decision": "deny"}))
        self.test.assertEqual(denied["error"], "access_denied")
        form = page("authorize", 200, query=self.request())["/oauth/consent"]
        self.code = self.answer_of(page("consent", 303, form={**form, "decision": "allow"}))["code"]
        self.test.assertIn("code", self.answer_of(page("authorize", 302, query=self.request())))

    def tokens_of_the_user(self):
        call = self.call
        grant = {"grant_type": "authorization_code", "code": self.code, "redirect_uri": REDIRECT}
        call("issueToken", 400, form={**grant, "code_verifier": "w" * 43}, headers=self.credentials)
        grant["code_verifier"] = VERIFIER
        tokens = call("issueToken", 200, form=grant, headers=self.credentials)
        grant = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        call("issueToken", 400, form={**grant, "scope": "write"}, headers=self.credentials)
        tokens = call("issueToken", 200, form=grant, headers=self.credentials)
        shown = bearer(tokens["access_token"])
        for operation in ("getUserInfo", "getUserInfoByPost", "getUserInfoAtAlias", "getUserInfoAtAliasByPost"):
            self.test.assertEqual(call(operation, 200, headers=shown)["sub"], self.user)
            call(operation, 401, headers={})
        call("getUserInfo", 401, headers=bearer("nonsense"))
        claims = call("introspectToken", 200, form={"token": tokens["access_token"]}, headers=self.credentials)
        self.test.assertEqual(claims["sub"], self.user)
        question = {"audience": self.api, "scope": "read"}
        call("authorizeRequest", 200, query=question, headers=shown)
        verdict = call("checkTokens", 200, {"token": tokens["access_token"], "audience": self.api})
        row = call("getToken", 200, path={"jti": verdict["jti"]})
        self.test.assertEqual((row["subject"], row["format"]), (self.user, "jwe"))
        call("returnToken", 200, form={"token": tokens["refresh_token"]}, headers=self.credentials)
        call("authorizeRequest", 401, query=question, headers=shown)

    def consents(self):
        call = self.call
        consent = call("listUserConsents", 200, path={"user_id": self.user})["items"][0]
        call("listUserConsents", 404, path={"user_id": "usr_" + "A" * 22})
        call("listConsents", 200, query={"user_id": self.user, "client_id": "diary", "audience": self.api})
        self.consent = {"consent": str(consent["consent"])}
        call("getConsent", 200, path=self.consent)
        call("getConsent", 404, path={"consent": "999999"})
        wanted = {"group": "staff", "client_id": "diary", "audience": self.api, "scopes": ["write"]}
        seen = call("listPreConsents", 200)["items"][0]
        path, when = {"consent": str(seen["consent"])}, {"granted_at": seen["granted_at"]}
        call("withdrawConsent", 400, {"reason": "moved"}, path=path)
        call("withdrawConsent", 409, {"granted_at": "2020-01-01T00:00:00Z"}, path=path)
        call("withdrawConsent", 204, {"reason": "moved", **when}, path=path)
        call("withdrawConsent", 404, when, path=path)
        call("createPreConsent", 201, wanted)
        seen = call("listPreConsents", 200)["items"][0]
        path, when = {"consent": str(seen["consent"])}, {"granted_at": seen["granted_at"]}
        call("deleteConsent", 400, path=path)
        call("deleteConsent", 204, path=path, query=when)
        call("createPreConsent", 201, wanted)

    def account(self):
        page = self.page
        forms = page("getAccount", 200)
        page("withdrawOwnConsent", 403, form={**forms["/oauth/account/withdraw"], "token": "A" * 43})
        page("withdrawOwnConsent", 303, form=forms["/oauth/account/withdraw"])
        self.call("getConsent", 404, path=self.consent)
        form = page("getAccount", 200)["/oauth/account/password"]
        change = {"current": PASSWORD, "new": "another long one", "again": "another long one"}
        page("changeOwnPassword", 422, form={**form, **change, "again": "yet another"})
        page("changeOwnPassword", 303, form={**form, **change})
        form = page("getAccount", 200)["/oauth/sign-out"]
        page("signOut", 200, form=form)

    def keys(self):
        call = self.call
        made = call("createKey", 201, {"alg": "EdDSA"})
        call("createKey", 400, {"alg": "HS256"})
        call("listKeys", 200, query={"limit": 2})
        call("activateKey", 409, path={"kid": made["kid"]})  # published a moment ago
        call("activateKey", 404, path={"kid": "nobody"})
        call("retireKey", 200, path={"kid": made["kid"]})
        made = call("createKey", 201, {"alg": "RS256"})
        call("revokeKey", 200, {"reason": "leaked"}, path={"kid": made["kid"]})
        call("revokeKey", 409, path={"kid": made["kid"]})
        tag = (call("getKeys", 200), self.test.last.headers["ETag"])[1]
        call("getKeys", 304, headers={"If-None-Match": tag})

    def endings(self):
        call = self.call
        user = {"user_id": self.user}
        call("endUserSessions", 200, path=user)
        call("disableUser", 200, {"reason": "left"}, path=user)
        call("disableUser", 409, path=user)
        call("enableUser", 200, path=user)
        call("eraseUser", 200, {"reason": "asked for"}, path=user)
        call("getUser", 404, path=user)
