#!/usr/bin/env python3
"""/openapi.json against the running server (D08): every operation is called, every answer is described.

A status that an operation does not name, a media type it does not name, a member that its schema does not know or a
required one that is missing: each is a failure. tests/api/openapi_test.cpp compares the routes.
"""
import json
import sys
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request
import warnings

from described_people import DescribedPeople
from running_ledger import OPENER, Answer, RunningLedger, basic, bearer, fetch, skip

try:
    import jsonschema
except ImportError:
    jsonschema = None

ORDERS = "https://api.example/orders"
METHODS = ("get", "post", "put", "patch", "delete")


def closed(schema):
    """The schema with every object closed, so that an undescribed member is seen."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(value) for name, value in schema.items()}
    if isinstance(schema.get("properties"), dict):
        made.setdefault("additionalProperties", False)
    return made


def fetch_beginning(url, method, data, headers):
    """The first messages of a body that does not end."""
    try:
        with OPENER.open(urllib.request.Request(url, data, headers, method=method), timeout=30) as answer:
            lines = []
            while sum(line.startswith(b"data:") for line in lines) < 3:
                lines.append(answer.readline())
            return Answer(answer.status, answer.headers, b"".join(lines))
    except urllib.error.HTTPError:
        return fetch(url, method, data, headers)


class Description:
    def __init__(self, document):
        self.document = closed(document)
        self.operations = {}
        for path, item in document["paths"].items():
            for method in METHODS:
                if method in item:
                    self.operations[item[method]["operationId"]] = (method.upper(), path, item[method])

    def resolved(self, value):
        while "$ref" in value:
            found = self.document
            for step in value["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            value = found
        return value

    def check(self, value, schema):
        with warnings.catch_warnings():  # Debian's version knows no other resolver, later ones warn of this one
            warnings.simplefilter("ignore", DeprecationWarning)
            resolver = jsonschema.RefResolver("", self.document)
        jsonschema.Draft202012Validator(closed(schema), resolver=resolver).validate(value)


class OpenApiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        backups = tempfile.TemporaryDirectory()
        cls.addClassCleanup(backups.cleanup)
        cls.ledger = RunningLedger("--backup-directory", backups.name)
        cls.addClassCleanup(cls.ledger.__exit__)
        cls.description = Description(fetch(cls.ledger.url + "/openapi.json").json())
        cls.succeeded = set()

    def call(self, operation_id, status, body=None, path=None, query=None, headers=None, form=None):
        """One request as the document describes it; checks the answer and returns it decoded."""
        method, pattern, operation = self.description.operations[operation_id]
        sent = dict(self.credentials(operation) if headers is None else headers)
        data = None
        if form is not None:
            sent["Content-Type"], data = "application/x-www-form-urlencoded", urllib.parse.urlencode(form).encode()
        elif body is not None:
            sent["Content-Type"], data = "application/json", json.dumps(body).encode()
        url = self.ledger.url + pattern.format(
            **{name: urllib.parse.quote(value, safe="/" if name == "index" else "")
               for name, value in (path or {}).items()})
        if query:
            url += "?" + urllib.parse.urlencode(query)
        answer = (fetch_beginning if operation_id == "streamEvents" else fetch)(url, method, data, sent)
        self.last = answer
        self.assertEqual(answer.status, status, f"{operation_id}: {answer.body[:500]}")
        if status < 400:
            self.check_request(operation, sent, form if form is not None else body, query or {})
            self.succeeded.add(operation_id)
        return self.check_answer(operation, answer)

    def credentials(self, operation):
        schemes = {name for each in operation["security"] for name in each}
        if "bearer" in schemes:
            return bearer(self.ledger.admin_token)
        return {}

    def check_request(self, operation, sent, body, query):
        """What was accepted must be what the document allows."""
        parameters = list(map(self.description.resolved, operation["parameters"]))
        named = {each["name"] for each in parameters}
        for each in parameters:
            schema = self.description.resolved(each["schema"])
            if each.get("explode"):  # an object: each property is a parameter
                named |= set(schema["properties"])
                self.description.check(query, schema)
        self.assertLessEqual(set(query), named, operation["operationId"])
        if body is not None:
            content = self.description.resolved(operation["requestBody"])["content"]
            self.description.check(body, content[sent["Content-Type"]]["schema"])

    def check_answer(self, operation, answer):
        what = f"{operation['operationId']} {answer.status}"
        self.assertIn(str(answer.status), operation["responses"], what)
        described = self.description.resolved(operation["responses"][str(answer.status)])
        if not answer.body:
            self.assertNotIn("content", described, what)
            return None
        media_type = answer.headers["Content-Type"].split(";")[0]
        self.assertIn(media_type, described["content"], what)
        values = [answer.body.decode("latin-1" if media_type == "application/octet-stream" else "utf-8")]
        if media_type.endswith("json"):
            values = [answer.json()]
        elif media_type == "application/jsonl":
            values = [json.loads(line) for line in answer.body.splitlines()]
        elif media_type == "text/event-stream":
            values = [json.loads(line[5:]) for line in answer.body.splitlines() if line.startswith(b"data:")]
        self.assertTrue(values, what)
        for value in values:
            try:
                self.description.check(value, described["content"][media_type]["schema"])
            except jsonschema.ValidationError as wrong:
                self.fail(f"{what}: {wrong.message} at {list(wrong.absolute_path)}")
        return values[0]

    def test_a_life_of_a_client_an_api_and_their_tokens_is_as_described(self):
        call = self.call
        for operation in ("getMetadata", "getMetadataAsOpenid", "getKeys", "listStatusLists", "isAlive", "isReady", "getMetrics",
                          "getDescription"):
            call(operation, 200)
        # status lists, which a started server has within moments
        status_list = {"id": call("listStatusLists", 200)["status_lists"][0].rsplit("/", 1)[1]}
        self.ledger.wait_for_status_lists()
        call("getStatusList", 200, path=status_list)
        call("getStatusList", 404, path={"id": "A" * 22})
        call("getStatusList", 406, path=status_list, headers={"Accept": "text/html"})
        call("getStatusList", 501, path=status_list, query={"time": 1})
        call("getStatusList", 400, path=status_list, query={"time": "now"})
        # APIs
        api = {"identifier": ORDERS, "name": "Orders", "scopes": [{"name": "read", "description": "See"}, "write"],
               "introspectors": ["gateway"]}
        call("createApi", 201, api)
        call("createApi", 409, api)
        call("createApi", 400, {"identifier": ORDERS})
        secret_api = call("createApi", 201, {"identifier": "urn:secret", "name": "HS", "signing_alg": "HS256"})
        self.assertTrue(secret_api["signing_secret"])
        for number in (1, 2, 3):
            call("createApi", 201, {"identifier": f"urn:other:{number}", "name": "Other", "token_format": "opaque"})
        call("listApis", 200, query={"limit": 2})
        call("listApis", 400, query={"limit": 0})
        call("getApi", 200, path={"identifier": ORDERS})
        call("getApi", 404, path={"identifier": "urn:nobody"})
        call("changeApi", 200, {"name": "Orders 2"}, path={"identifier": ORDERS})
        call("changeApiByQuery", 200, {"token_lifetime": 600}, query={"identifier": "urn:other:1"})
        call("deleteApi", 204, path={"identifier": "urn:other:1"})
        call("deleteApiByQuery", 204, query={"identifier": "urn:other:2"})
        # clients
        shop = call("createClient", 201, {"client_id": "shop", "name": "Shop"})
        for name in ("gateway", "passing"):
            call("createClient", 201, {"client_id": name, "name": name, "token_format": "opaque"})
        call("createClient", 409, {"client_id": "shop", "name": "Shop"})
        call("listClients", 200, query={"limit": 1})
        call("listClients", 401, headers={})
        call("listClients", 401, headers=bearer("nonsense"))
        call("getClient", 200, path={"client_id": "shop"})
        call("getClient", 404, path={"client_id": "nobody"})
        call("changeClient", 200, {"name": "Shop 2"}, path={"client_id": "shop"})
        grant = {"client_id": "shop", "audience": ORDERS, "scopes": ["read"]}
        call("createClientGrant", 201, grant)
        call("createClientGrant", 409, grant)
        call("changeClientGrant", 200, {**grant, "scopes": ["read", "write"]})
        call("listClientGrants", 200, query={"client_id": "shop"})
        # tokens
        credentials = basic("shop", shop["client_secret"])
        wanted = {"grant_type": "client_credentials", "audience": ORDERS}
        token = call("issueToken", 200, form=wanted, headers=credentials)["access_token"]
        call("issueToken", 200, form={**wanted, "scope": "read"}, headers=credentials)
        call("issueToken", 401, form=wanted, headers=basic("shop", "wrong"))
        call("issueToken", 400, form={**wanted, "scope": "never"}, headers=credentials)
        call("issueToken", 403, form={**wanted, "audience": "urn:nobody"}, headers=credentials)
        made = call("createToken", 201, {"name": "nightly", "audience": "urn:tokenledger:management",
                                         "scopes": ["check"], "expires_in_days": 3, "owner": "Ada",
                                         "extra_fields": {"team": "night"}})
        call("createToken", 400, {"name": "nightly"})
        call("listTokens", 403, headers=bearer(made["token"]))
        page = call("listTokens", 200, query={"limit": 1, "status": "active"})
        call("listTokens", 200, query={"limit": 1, "status": "active", "cursor": page["next_cursor"]})
        call("listTokens", 400, query={"status": "sleeping"})
        call("getToken", 200, path={"jti": made["jti"]})
        call("getToken", 404, path={"jti": "A" * 22})
        # checks
        question = {"audience": ORDERS, "scope": "read"}
        call("authorizeRequest", 200, query=question, headers=bearer(token))
        call("authorizeRequest", 403, query={**question, "scope": "absent"}, headers=bearer(token))
        call("authorizeRequest", 401, query=question, headers={})
        call("authorizeRequest", 400, query={"scope": "read"}, headers=bearer(token))
        verdict = call("checkTokens", 200, {"token": token, "audience": ORDERS})
        self.assertTrue(verdict["good"])
        call("checkTokens", 200, {"items": [{"token": token}, {"token": "nonsense"}]})
        call("checkTokens", 400, {"items": []})
        self.more_about(token, verdict["jti"], credentials)
        self.audit(verdict["jti"])
        # endings
        revoked = call("revokeToken", 200, {"reason": "lost"}, path={"jti": made["jti"]}, query={"receipt": "true"})
        self.assertTrue(revoked["receipt"])
        call("revokeToken", 409, {}, path={"jti": made["jti"]})
        call("eraseOwner", 200, {"owner": "Ada", "reason": "asked for"})
        call("eraseOwner", 404, {"owner": "Ada"})
        call("eraseOwner", 400, {"owner": ""})
        call("revokeToken", 404, {}, path={"jti": "A" * 22})
        call("getToken", 200, path={"jti": made["jti"]})
        call("rotateClientSecret", 200, path={"client_id": "shop"})
        call("disableClient", 200, path={"client_id": "shop"})
        call("disableClient", 409, path={"client_id": "shop"})
        call("enableClient", 200, path={"client_id": "shop"})
        call("deleteClientGrant", 204, query={"client_id": "shop", "audience": ORDERS})
        call("deleteClient", 204, path={"client_id": "passing"})
        call("appendNote", 201, {"topic": "deploy", "body": "went well"})
        call("appendNote", 400, {"topic": ""})
        call("appendNote", 401, {"topic": "deploy"}, headers={})
        call("listEvents", 200, query={"from": 1, "limit": 1000})
        call("listEvents", 400, query={"from": 10 ** 9})
        call("streamEvents", 200, query={"from": 1})
        call("streamEvents", 401, query={"from": 1}, headers={})
        call("makeBackup", 201, {"name": "nightly"})
        call("makeBackup", 409, {"name": "nightly"})
        call("makeBackup", 400, {"name": "../nightly"})
        DescribedPeople(self).walk()
        # A key signs ten minutes after it was published: tests/api/key_endpoints_test.cpp moves the clock.
        self.assertEqual(set(self.description.operations) - self.succeeded, {"activateKey"}, "never called")

    def audit(self, jti):
        call = self.call
        self.assertIn("c2sp.org/tlog-proof@v1", call("proveToken", 200, path={"jti": jti}))
        size = int(call("getCheckpoint", 200).split("\n")[1])
        call("getCheckpoint", 200, query={"size": size})
        call("getCheckpoint", 404, query={"size": 10 ** 9})
        call("getCheckpoint", 400, query={"size": "x"})
        call("getLogKey", 200)
        self.assertEqual(len(call("getTile", 200, path={"level": "0", "index": "000.p/5"})), 5 * 32)
        call("getTile", 404, path={"level": "0", "index": "x001/000"})
        call("getEntries", 200, path={"index": "000.p/5"})
        call("getEntries", 401, path={"index": "000.p/5"}, headers={})
        call("getEntries", 404, path={"index": "x001/000"})
        call("proveInclusion", 200, query={"index": 0, "size": size})
        call("proveInclusion", 400, query={"index": 0, "size": 10 ** 9})
        call("proveConsistency", 200, query={"from": 1, "to": size})
        call("proveConsistency", 400, query={"from": 0, "to": size})
        call("proveToken", 404, path={"jti": "A" * 22})
        call("proveToken", 401, path={"jti": jti}, headers={})
        self.assertIn("c2sp.org/tlog-proof@v1", call("proveEvent", 200, path={"seq": "1"}))
        call("proveEvent", 404, path={"seq": "1000000000"})
        call("proveEvent", 401, path={"seq": "1"}, headers={})

    def more_about(self, token, jti, credentials):
        call = self.call
        form = {"token": token}
        self.assertTrue(call("introspectToken", 200, form=form, headers=credentials)["active"])
        call("introspectToken", 401, form=form, headers=basic("shop", "wrong"))
        row = call("getToken", 200, path={"jti": jti})
        self.assertEqual(row["claims"]["jti"], jti)
        forecast = call("revokeTokens", 200, {"selector": {"api": ORDERS}, "dry_run": True})
        self.assertGreaterEqual(forecast["active"], 1)
        call("revokeTokens", 400, {"selector": {}})
        call("deleteToken", 200, path={"jti": jti})
        call("deleteToken", 409, path={"jti": jti})
        call("returnToken", 200, form=form, headers=credentials)
        call("returnToken", 401, form=form, headers=basic("shop", "wrong"))
        call("revokeTokens", 200, {"selector": {"api": ORDERS}, "reason": "all of them"})

    def test_the_document_is_openapi_3_1_and_says_how_to_authenticate(self):
        document = self.description.document
        self.assertTrue(document["openapi"].startswith("3.1."))
        schemes = document["components"]["securitySchemes"]
        for name, (method, path, operation) in self.description.operations.items():
            for each in operation["security"]:
                self.assertLessEqual(set(each), set(schemes), name)
            in_path = {each["name"] for each in map(self.description.resolved, operation["parameters"])
                       if each["in"] == "path"}
            self.assertEqual(in_path, {part[1:-1] for part in path.split("/") if part.startswith("{")}, name)
            if method == "GET":
                self.assertNotIn("requestBody", operation, name)
        for name, schema in document["components"]["schemas"].items():
            jsonschema.Draft202012Validator.check_schema(schema)


if __name__ == "__main__":
    if jsonschema is None:
        skip("python3-jsonschema is missing; tools/install-packages --test installs it")
    unittest.main(argv=[sys.argv[0], "-v"])
