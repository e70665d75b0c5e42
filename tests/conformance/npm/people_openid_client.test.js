// openid-client as a web application would use it to sign people in (A06).
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as client from 'openid-client';

import { Browser, CALLBACK, makeApplication, makePerson } from './browser.js';
import { authorized, issuer, setting } from './support.js';

const audience = setting.audiences.rs256;

async function configure(settings, authentication) {
  const made = await makeApplication([audience], { redirect_uris: [CALLBACK], ...settings });
  const configuration = await client.discovery(issuer, made.client_id, undefined,
    authentication(made), { execute: [client.allowInsecureRequests] });
  client.enableNonRepudiationChecks(configuration); // id tokens by their signature too
  return configuration;
}

// name: a configuration of a client of this kind
const kinds = {
  none: () => configure({ token_endpoint_auth_method: 'none' }, () => client.None()),
  client_secret_post: () => configure({ token_endpoint_auth_method: 'client_secret_post' },
    (made) => client.ClientSecretPost(made.client_secret)),
  client_secret_basic: () => configure({ token_endpoint_auth_method: 'client_secret_basic' },
    (made) => client.ClientSecretBasic(made.client_secret)),
  private_key_jwt: async () => {
    const { privateKey, publicKey } = await crypto.subtle.generateKey(
      { name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
    const jwk = await crypto.subtle.exportKey('jwk', publicKey);
    return configure({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } },
      () => client.PrivateKeyJwt(privateKey));
  },
};

// Somebody comes back to the application: its tokens, and the pages that were shown on the way.
async function signIn(configuration, person, scope, more = {}, browser = new Browser()) {
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
    idTokenExpected: true,
  };
  const start = client.buildAuthorizationUrl(configuration, {
    redirect_uri: CALLBACK,
    scope,
    resource: audience,
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...more,
  });
  const { url, pages } = await browser.visit(start, { person, until: CALLBACK });
  const maxAge = more.max_age === undefined ? undefined : Number(more.max_age);
  const tokens = await client.authorizationCodeGrant(
    configuration, url, { ...checks, maxAge }, { resource: audience });
  return { tokens, pages };
}

for (const [name, make] of Object.entries(kinds)) {
  test(`A06 openid-client: somebody signs in, is named, stays, and leaves (${name})`, async () => {
    const configuration = await make();
    assert.ok(configuration.serverMetadata()
      .token_endpoint_auth_methods_supported.includes(name));
    const person = await makePerson();
    const { tokens } = await signIn(configuration, person, 'openid profile offline_access read');
    const { sub, auth_time: signedInAt, iat } = tokens.claims();
    assert.equal(sub, person.id);
    assert.ok(signedInAt <= iat);
    const told = await client.fetchUserInfo(configuration, tokens.access_token, sub);
    assert.equal(told.preferred_username, person.login);
    assert.equal(await authorized(tokens.access_token, audience), 200);

    const fresh = await client.refreshTokenGrant(configuration, tokens.refresh_token);
    assert.equal(await authorized(fresh.access_token, audience), 200);
    await client.tokenRevocation(configuration, fresh.refresh_token);
    assert.equal(await authorized(fresh.access_token, audience), 401);
    await assert.rejects(client.refreshTokenGrant(configuration, fresh.refresh_token),
      { error: 'invalid_grant' });
  });
}

test('openid-client: id tokens come in the algorithm that the client wants', async () => {
  for (const alg of ['RS256', 'ES256', 'EdDSA']) {
    const made = await makeApplication([audience],
      { redirect_uris: [CALLBACK], id_token_signed_response_alg: alg });
    const configuration = await client.discovery(issuer, made.client_id,
      { client_secret: made.client_secret, id_token_signed_response_alg: alg },
      client.ClientSecretBasic(made.client_secret), { execute: [client.allowInsecureRequests] });
    client.enableNonRepudiationChecks(configuration);
    const { tokens } = await signIn(configuration, await makePerson(), 'openid read');
    assert.equal(tokens.claims().aud, made.client_id);
  }
});

test('openid-client: max_age and prompt=login ask for the password again, auth_time says when',
  async () => {
    const configuration = await kinds.client_secret_basic();
    const person = await makePerson();
    const browser = new Browser();
    const visit = (more) => signIn(configuration, person, 'openid read', more, browser);
    const first = await visit({ max_age: '600' });
    assert.deepEqual(first.pages, ['sign-in', 'consent']);
    assert.deepEqual((await visit({ max_age: '600' })).pages, []);
    for (const asking of [{ max_age: '0' }, { prompt: 'login' }]) {
      const again = await visit(asking);
      assert.deepEqual(again.pages, ['sign-in']);
      assert.ok(again.tokens.claims().auth_time >= first.tokens.claims().auth_time);
    }
  });

test('openid-client: an answer for another sign-in is not taken', async () => {
  const configuration = await kinds.none();
  const start = client.buildAuthorizationUrl(configuration, {
    redirect_uri: CALLBACK, scope: 'read', resource: audience, state: client.randomState(),
    code_challenge: await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier()),
    code_challenge_method: 'S256' });
  const { url } = await new Browser().visit(start, { person: await makePerson(), until: CALLBACK });
  const checks = { pkceCodeVerifier: client.randomPKCECodeVerifier() };
  await assert.rejects(client.authorizationCodeGrant(
    configuration, url, { ...checks, expectedState: client.randomState() }));
  await assert.rejects(client.authorizationCodeGrant(
    configuration, url, { ...checks, expectedState: url.searchParams.get('state') }),
  { error: 'invalid_grant' }); // another verifier
  const mixedUp = new URL(url);
  mixedUp.searchParams.set('iss', 'https://issuer.example'); // RFC 9207 §2.4
  await assert.rejects(client.authorizationCodeGrant(
    configuration, mixedUp, { ...checks, expectedState: url.searchParams.get('state') }));
});
