// oauth4webapi takes people through the authorization code flow, and checks every answer strictly
// against its RFC (A06).
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as oauth from 'oauth4webapi';

import { Browser, CALLBACK, makeApplication, makePerson } from './browser.js';
import { algorithms, authorized, issuer, setting } from './support.js';

const audience = setting.audiences.es256;
const insecure = { [oauth.allowInsecureRequests]: true };
const server = await oauth.processDiscoveryResponse(issuer,
  await oauth.discoveryRequest(issuer, { algorithm: 'oidc', ...insecure }));

// Each way for a client to say who it is: {client, authentication}.
const kinds = {
  'a public client': async () => {
    const made = await makeApplication([audience],
      { redirect_uris: [CALLBACK], token_endpoint_auth_method: 'none' });
    assert.equal(made.client_secret, undefined);
    return { client: { client_id: made.client_id }, authentication: oauth.None() };
  },
  'a client with a secret': async () => {
    const made = await makeApplication([audience], { redirect_uris: [CALLBACK] });
    return { client: { client_id: made.client_id },
      authentication: oauth.ClientSecretBasic(made.client_secret) };
  },
};
for (const alg of ['ES256', 'RS256']) {
  kinds[`a client with a key of its own (${alg})`] = async () => {
    const { privateKey, publicKey } = await oauth.generateKeyPair(alg);
    const jwk = await crypto.subtle.exportKey('jwk', publicKey);
    const made = await makeApplication([audience], {
      redirect_uris: [CALLBACK],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [{ ...jwk, alg, kid: 'one', use: 'sig' }] },
    });
    return { client: { client_id: made.client_id },
      authentication: oauth.PrivateKeyJwt({ key: privateKey, kid: 'one' }) };
  };
}

// What an application does before it sends the browser away: {url, state, nonce, verifier}.
async function begin(client, scope, more = {}) {
  const verifier = oauth.generateRandomCodeVerifier();
  const request = { state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce() };
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: client.client_id,
    response_type: 'code',
    redirect_uri: CALLBACK,
    scope,
    audience,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...request,
    ...more,
  });
  return { url, verifier, ...request };
}

function redeem({ client, authentication }, begun, callback, verifier = begun.verifier) {
  const parameters = oauth.validateAuthResponse(server, client, callback, begun.state);
  return oauth.authorizationCodeGrantRequest(
    server, client, authentication, parameters, CALLBACK, verifier, insecure);
}

async function signIn(application, person, browser, scope) {
  const begun = await begin(application.client, scope);
  const { url } = await browser.visit(begun.url, { person, until: CALLBACK });
  const answer = await redeem(application, begun, url);
  if (!scope.includes('openid'))
    return oauth.processAuthorizationCodeResponse(server, application.client, answer);
  const tokens = await oauth.processAuthorizationCodeResponse(server, application.client, answer,
    { expectedNonce: begun.nonce, requireIdToken: true });
  await oauth.validateApplicationLevelSignature(server, answer, insecure);
  return tokens;
}

async function refresh({ client, authentication }, token, additionalParameters = {}) {
  const answer = await oauth.refreshTokenGrantRequest(server, client, authentication, token,
    { additionalParameters, ...insecure });
  return oauth.processRefreshTokenResponse(server, client, answer);
}

async function introspect(token) {
  const gateway = { client_id: setting.gateway.id };
  const answer = await oauth.introspectionRequest(server, gateway,
    oauth.ClientSecretBasic(setting.gateway.secret), token, insecure);
  return oauth.processIntrospectionResponse(server, gateway, answer);
}

async function revoke({ client, authentication }, token) {
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(server, client, authentication, token, insecure));
}

for (const [name, make] of Object.entries(kinds)) {
  test(`A06 oauth4webapi: ${name} signs somebody in, asks who it is, refreshes, gives back`,
    async () => {
      const application = await make();
      const person = await makePerson();
      const tokens = await signIn(
        application, person, new Browser(), 'openid profile offline_access read');
      assert.equal(tokens.token_type, 'bearer');
      assert.deepEqual(tokens.scope.split(' ').sort(),
        ['offline_access', 'openid', 'profile', 'read']);
      const { sub } = oauth.getValidatedIdTokenClaims(tokens);
      assert.equal(sub, person.id);

      const told = await oauth.processUserInfoResponse(server, application.client, sub,
        await oauth.userInfoRequest(server, application.client, tokens.access_token, insecure));
      assert.equal(told.name, 'Ada Lovelace');
      assert.equal(told.preferred_username, person.login);

      const seen = await introspect(tokens.access_token);
      assert.equal(seen.active, true);
      assert.equal(seen.sub, person.id);
      assert.equal(seen.client_id, application.client.client_id);
      assert.ok([seen.aud].flat().includes(audience));

      const fresh = await refresh(application, tokens.refresh_token);
      assert.notEqual(fresh.refresh_token, tokens.refresh_token);
      assert.equal(oauth.getValidatedIdTokenClaims(fresh)?.sub ?? sub, sub);
      assert.equal(await authorized(fresh.access_token, audience), 200);
      assert.equal(await authorized(tokens.access_token, audience), 200); // A28: both live

      // RFC 7009 §2.1: with the refresh token goes all that was made from it.
      await revoke(application, fresh.refresh_token);
      assert.deepEqual(await introspect(fresh.access_token), { active: false });
      assert.equal(await authorized(fresh.access_token, audience), 401);
      assert.equal(await authorized(tokens.access_token, audience), 401);
      await assert.rejects(refresh(application, fresh.refresh_token),
        { error: 'invalid_grant', status: 400 });
    });
}

test('oauth4webapi: an access token of a person is one of RFC 9068, and dies alone', async () => {
  const application = await kinds['a client with a secret']();
  const person = await makePerson();
  const tokens = await signIn(application, person, new Browser(), 'read offline_access');
  assert.equal(tokens.id_token, undefined);
  const request = new Request('https://api.example/', {
    headers: { Authorization: `Bearer ${tokens.access_token}` } });
  const claims = await oauth.validateJwtAccessToken(server, request, audience,
    { signingAlgorithms: [algorithms.es256], ...insecure });
  assert.equal(claims.sub, person.id);
  assert.equal(claims.client_id, application.client.client_id);
  assert.equal(claims.scope, 'read');
  await revoke(application, tokens.access_token);
  assert.equal(await authorized(tokens.access_token, audience), 401);
  const { access_token: next } = await refresh(application, tokens.refresh_token);
  assert.equal(await authorized(next, audience), 200);
});

test('oauth4webapi: a refresh narrows the scope and never widens it (A29)', async () => {
  const application = await kinds['a public client']();
  const tokens = await signIn(
    application, await makePerson(), new Browser(), 'read write offline_access');
  const less = await refresh(application, tokens.refresh_token, { scope: 'read' });
  assert.equal(await authorized(less.access_token, audience, 'read'), 200);
  assert.equal(await authorized(less.access_token, audience, 'write'), 403);
  await assert.rejects(refresh(application, less.refresh_token, { scope: 'read openid' }),
    { error: 'invalid_scope' });
});

test('oauth4webapi: a code is for one use, one client and one verifier', async () => {
  const application = await kinds['a public client']();
  const thief = await kinds['a public client']();
  const browser = new Browser();
  const person = await makePerson();
  const begun = await begin(application.client, 'read');
  const { url } = await browser.visit(begun.url, { person, until: CALLBACK });
  const refused = async (answer) => assert.rejects(
    oauth.processAuthorizationCodeResponse(server, application.client, await answer),
    { error: 'invalid_grant', status: 400 });

  await refused(redeem(application, begun, url, oauth.generateRandomCodeVerifier()));
  await refused(redeem(thief, begun, url));
  const tokens = await oauth.processAuthorizationCodeResponse(
    server, application.client, await redeem(application, begun, url));
  assert.equal(await authorized(tokens.access_token, audience), 200);
  await refused(redeem(application, begun, url));
  assert.equal(await authorized(tokens.access_token, audience), 401); // RFC 6749 §4.1.2
});

test('oauth4webapi: what was allowed is asked once (A10, A11), a no is an error', async () => {
  const application = await kinds['a client with a secret']();
  const person = await makePerson();
  const browser = new Browser();
  const visit = async (scope, more) => {
    const begun = await begin(application.client, scope, more?.parameters);
    const seen = await browser.visit(begun.url, { person, until: CALLBACK, ...more });
    return { ...seen, validate: () => oauth.validateAuthResponse(
      server, application.client, seen.url, begun.state) };
  };
  const no = await visit('openid read', { decision: 'deny' });
  assert.deepEqual(no.pages, ['sign-in', 'consent']);
  assert.throws(no.validate, { error: 'access_denied' });
  const yes = await visit('openid read');
  assert.deepEqual([yes.pages, yes.asked.sort()], [['consent'], ['openid', 'read']]);
  assert.ok(yes.validate().get('code'));
  assert.deepEqual((await visit('read')).pages, []);
  const more = await visit('openid read write');
  assert.deepEqual([more.pages, more.asked], [['consent'], ['write']]);

  const silent = await visit('openid read', { parameters: { prompt: 'none' } });
  assert.ok(silent.validate().get('code'));
  await browser.withdraw(person, 'Application');
  const after = await visit('openid read', { parameters: { prompt: 'none' } });
  assert.throws(after.validate, { error: 'consent_required' });
});
