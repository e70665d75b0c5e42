// @sd-jwt/jwt-status-list: what a resource server reads from the list that a token names; jose: who
// signed it. Rows status-list-01 to -10 are this side's rules.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { getListFromStatusListJWT, getStatusListFromJWT } from '@sd-jwt/jwt-status-list';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';

import { Browser, CALLBACK, makeApplication, makePerson, signIn } from './browser.js';
import { algorithms, issue, issuer, setting } from './support.js';

const WAIT_MS_MAX = 60_000; // of a busy machine; an idle one keeps the published bound of 10 s
const VALID = 0;
const INVALID = 1;
const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', issuer));

async function fetchList(uri, headers = {}) {
  const answer = await fetch(uri, { headers: { Accept: 'application/statuslist+jwt', ...headers } });
  if (answer.status === 503) return null; // the server has just started
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'application/statuslist+jwt');
  return answer.text();
}

// §8.3 of the draft, in its order.
async function statusOf(token) {
  const { idx, uri } = getStatusListFromJWT(token);
  const list = await fetchList(uri);
  if (list === null) return null;
  const { payload } = await jwtVerify(list, keys, { typ: 'statuslist+jwt', subject: uri,
    algorithms: ['ES256'], requiredClaims: ['iat', 'exp', 'ttl', 'status_list'] });
  assert.ok(payload.ttl > 0);
  return getListFromStatusListJWT(list).getStatus(idx);
}

async function becomes(token, wanted) {
  const deadline = Date.now() + WAIT_MS_MAX;
  for (;;) {
    const status = await statusOf(token);
    if (status === wanted) return;
    assert.ok(Date.now() < deadline, `still ${status}`);
    await pause(50);
  }
}

async function revoke(token) {
  const body = new URLSearchParams({ token, client_id: setting.shop.id,
    client_secret: setting.shop.secret });
  const answer = await fetch(new URL('/oauth/revoke', issuer), { method: 'POST', body });
  assert.equal(answer.status, 200);
}

for (const name of Object.keys(algorithms)) {
  test(`@sd-jwt/jwt-status-list: of two ${name} tokens the revoked one alone is INVALID`, async () => {
    const good = await issue(setting.audiences[name]);
    const bad = await issue(setting.audiences[name]);
    await becomes(good, VALID);
    await becomes(bad, VALID);
    await revoke(bad);
    await becomes(bad, INVALID);
    await becomes(good, VALID);
  });
}

test('@sd-jwt/jwt-status-list: a withdrawn consent turns all that was issued on it INVALID',
  async () => {
    const audience = setting.audiences.es256;
    const application = await makeApplication([audience],
      { redirect_uris: [CALLBACK], token_endpoint_auth_method: 'none' });
    const [ada, bob] = [await makePerson(), await makePerson()];
    const browser = new Browser();
    const enter = async (who, by, scope) =>
      (await signIn(by, who, application, audience, scope)).access_token;
    const others = await enter(bob, new Browser(), 'read');
    const own = [await enter(ada, browser, 'read'),
      await enter(ada, browser, 'read offline_access')];
    for (const token of [others, ...own]) await becomes(token, VALID);
    await browser.withdraw(ada, application.name);
    for (const token of own) await becomes(token, INVALID);
    await becomes(others, VALID);
  });

test('@sd-jwt/jwt-status-list: two tokens never have one place', async () => {
  const places = new Set();
  for (let count = 0; count < 20; count += 1) {
    const { idx, uri } = getStatusListFromJWT(await issue(setting.audiences.es256));
    places.add(`${uri}#${idx}`);
  }
  assert.equal(places.size, 20);
});

test('jose: a list is no access token, and one about another list is refused', async () => {
  const { uri } = getStatusListFromJWT(await issue(setting.audiences.es256));
  const list = await fetchList(uri);
  await assert.rejects(jwtVerify(list, keys, { typ: 'at+jwt' }),
    { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' });
  await assert.rejects(jwtVerify(list, keys, { typ: 'statuslist+jwt', subject: `${uri}x` }),
    { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' });
});

test('discovery leads to the list that a token names', async () => {
  const metadata = await (await fetch(
    new URL('/.well-known/oauth-authorization-server', issuer))).json();
  const aggregation = await fetch(metadata.status_list_aggregation_endpoint);
  const { status_lists: lists } = await aggregation.json();
  const { uri } = getStatusListFromJWT(await issue(setting.audiences.es256));
  assert.ok(lists.includes(uri));
  assert.equal(decodeJwt(await fetchList(uri)).sub, uri);
});
