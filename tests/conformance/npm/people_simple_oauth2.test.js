// simple-oauth2 knows neither discovery nor PKCE: the paths it assumes are ours, and what it does
// not know is passed on (A06).
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { AuthorizationCode } from 'simple-oauth2';

import { Browser, makeApplication, makePerson } from './browser.js';
import { authorized, issuer, setting } from './support.js';

const CALLBACK = 'https://app.example/callback?from=tokenledger';
const audience = setting.audiences.eddsa;

async function application(options) {
  const made = await makeApplication([audience], { redirect_uris: [CALLBACK] });
  return new AuthorizationCode({
    client: { id: made.client_id, secret: made.client_secret },
    auth: { tokenHost: issuer.origin },
    options,
  });
}

async function signIn(app, person, scope) {
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(16).toString('base64url');
  const start = app.authorizeURL({
    redirect_uri: CALLBACK,
    scope,
    state,
    audience,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const { url } = await new Browser().visit(start, { person, until: CALLBACK });
  assert.equal(url.searchParams.get('state'), state);
  assert.equal(url.searchParams.get('from'), 'tokenledger');
  return app.getToken({ code: url.searchParams.get('code'), redirect_uri: CALLBACK,
    code_verifier: verifier });
}

const ways = {
  'form and header': { authorizationMethod: 'header' },
  'form and body': { authorizationMethod: 'body' },
  'JSON and header': { bodyFormat: 'json', authorizationMethod: 'header' },
};

for (const [name, options] of Object.entries(ways)) {
  test(`A06 simple-oauth2: code, refresh, revocation of both (${name})`, async () => {
    const app = await application(options);
    const first = await signIn(app, await makePerson(), ['read', 'offline_access']);
    assert.equal(first.expired(), false);
    assert.equal(await authorized(first.token.access_token, audience), 200);
    const second = await first.refresh();
    assert.notEqual(second.token.refresh_token, first.token.refresh_token);
    const { access_token: token } = second.token;
    assert.equal(await authorized(token, audience), 200);
    if (options.bodyFormat === 'json') return; // RFC 7009 §2.1 knows form bodies only
    await second.revokeAll();
    assert.equal(await authorized(token, audience), 401);
    await assert.rejects(second.refresh(), (error) =>
      error.output.statusCode === 400 && error.data.payload.error === 'invalid_grant');
  });
}

test('simple-oauth2: without offline_access there is nothing to refresh with (A30)', async () => {
  const app = await application({});
  const access = await signIn(app, await makePerson(), 'read');
  assert.equal(access.token.refresh_token, undefined);
});
