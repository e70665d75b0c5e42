// What the tests of this folder share: where the server is, who the clients are, a token, an API
// that serves a token only when the ledger says so.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

// Written by npm_clients_test.py, readable only by its owner:
// {issuer, adminToken, shop: {id, secret}, gateway: {id, secret}, stranger: {id, secret},
//  audiences: {standard, es256, rs256, eddsa, opaque, jwe}, early: {es256: token, …}}
// `shop` may use every API with "read"; `gateway` is an introspector of every API. Every API allows
// offline access. `early` was signed by keys that were replaced since.
export const setting = JSON.parse(readFileSync(process.env.TOKENLEDGER_SETTING, 'utf8'));

export const issuer = new URL(setting.issuer);
export const algorithms = { es256: 'ES256', rs256: 'RS256', eddsa: 'EdDSA' };

// Plain HTTP on loopback is what a test server speaks; each library wants to hear that it is meant.
assert.equal(issuer.hostname, '127.0.0.1');

// A token by the shortest way, for the tests of libraries that only verify.
export async function issue(audience, scope = 'read') {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: setting.shop.id,
    client_secret: setting.shop.secret,
    audience,
    scope,
  });
  const answer = await fetch(new URL('/oauth/token', issuer), { method: 'POST', body });
  assert.equal(answer.status, 200);
  return (await answer.json()).access_token;
}

// The management API, as the administrator; what it refuses is a mistake of the test.
export async function admin(method, path, value) {
  const answer = await fetch(new URL(path, issuer), { method, body: JSON.stringify(value),
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${setting.adminToken}` } });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text === '' ? null : JSON.parse(text);
}

// What a gateway is told about this token now: 200, 401 or 403.
export async function authorized(token, audience, scope = 'read') {
  const url = new URL('/v1/authz', issuer);
  url.search = new URLSearchParams({ audience, scope });
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
  await answer.arrayBuffer();
  return answer.status;
}

// Runs `use(url)` against a server on a free port of loopback.
export async function withServer(handler, use) {
  const server = createServer(handler);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(new URL(`http://127.0.0.1:${server.address().port}/`));
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
