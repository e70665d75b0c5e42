// oauth4webapi checks every answer strictly against its RFC.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as oauth from 'oauth4webapi';

import { algorithms, authorized, issuer, setting } from './support.js';

const insecure = { [oauth.allowInsecureRequests]: true };
const shop = { client_id: setting.shop.id };
const gateway = { client_id: setting.gateway.id };
const shopSecret = setting.shop.secret;
const gatewayBasic = oauth.ClientSecretBasic(setting.gateway.secret);

async function discover(algorithm) {
  const answer = await oauth.discoveryRequest(issuer, { algorithm, ...insecure });
  return oauth.processDiscoveryResponse(issuer, answer);
}

async function obtain(server, audience, authentication = oauth.ClientSecretBasic(shopSecret)) {
  const answer = await oauth.clientCredentialsGrantRequest(
    server, shop, authentication, { audience, scope: 'read' }, insecure);
  return oauth.processClientCredentialsResponse(server, shop, answer);
}

async function introspect(server, token, client = gateway, authentication = gatewayBasic) {
  const answer = await oauth.introspectionRequest(server, client, authentication, token, insecure);
  return oauth.processIntrospectionResponse(server, client, answer);
}

async function revoke(server, token) {
  const answer = await oauth.revocationRequest(
    server, shop, oauth.ClientSecretPost(shopSecret), token, insecure);
  return oauth.processRevocationResponse(answer);
}

test('oauth4webapi: both discovery paths describe the same server', async () => {
  const oauth2 = await discover('oauth2');
  assert.deepEqual(await discover('oidc'), oauth2);
  assert.ok(oauth2.token_endpoint && oauth2.jwks_uri);
  assert.ok(oauth2.introspection_endpoint && oauth2.revocation_endpoint);
});

test('oauth4webapi: a token is taken by Basic and by form, a wrong secret is 401', async () => {
  const server = await discover('oauth2');
  for (const way of [oauth.ClientSecretBasic(shopSecret), oauth.ClientSecretPost(shopSecret)]) {
    const answer = await obtain(server, setting.audiences.es256, way);
    assert.equal(answer.token_type, 'bearer');
    assert.ok(answer.expires_in > 0);
  }
  await assert.rejects(
    obtain(server, setting.audiences.es256, oauth.ClientSecretBasic(`${shopSecret}x`)),
    (error) => error.status === 401);
});

for (const [name, algorithm] of Object.entries(algorithms)) {
  test(`oauth4webapi: a ${algorithm} token verifies as RFC 9068 by the JWKS alone`, async () => {
    const server = await discover('oauth2');
    const audience = setting.audiences[name];
    const { access_token: token } = await obtain(server, audience);
    const request = new Request('https://api.example/', {
      headers: { Authorization: `Bearer ${token}` },
    });
    const signingAlgorithms = algorithm === 'EdDSA' ? ['EdDSA', 'Ed25519'] : [algorithm];
    const claims = await oauth.validateJwtAccessToken(
      server, request, audience, { signingAlgorithms, ...insecure });
    assert.equal(claims.client_id, setting.shop.id);
    assert.equal(claims.scope, 'read');
    await assert.rejects(oauth.validateJwtAccessToken(
      server, request, 'https://api.example/other', { signingAlgorithms, ...insecure }));
  });
}

for (const name of ['es256', 'opaque', 'jwe']) {
  test(`oauth4webapi: introspection of a token (${name}) follows its revocation`, async () => {
    const server = await discover('oauth2');
    const audience = setting.audiences[name];
    const { access_token: token } = await obtain(server, audience);
    const before = await introspect(server, token);
    assert.equal(before.active, true);
    assert.equal(before.client_id, setting.shop.id);
    assert.equal(before.scope, 'read');
    assert.equal(before.iss, setting.issuer);
    assert.deepEqual([before.aud].flat(), [audience]);
    assert.ok(before.exp > before.iat);
    assert.equal(await authorized(token, audience), 200);

    await revoke(server, token);
    assert.deepEqual(await introspect(server, token), { active: false });
    assert.equal(await authorized(token, audience), 401);
    await revoke(server, token); // RFC 7009 §2.2: again is a success
    await revoke(server, 'no-such-token');
  });
}

test('oauth4webapi: who may not see a token is told active: false, who fails to log in 401', async () => {
  const server = await discover('oauth2');
  const { access_token: token } = await obtain(server, setting.audiences.es256);
  const own = await introspect(server, token, shop, oauth.ClientSecretBasic(shopSecret));
  assert.equal(own.active, true); // a client sees its own tokens
  const foreign = { client_id: setting.stranger.id };
  const stranger = oauth.ClientSecretBasic(setting.stranger.secret);
  assert.deepEqual(await introspect(server, token, foreign, stranger), { active: false });
  await assert.rejects(introspect(server, token, gateway, oauth.ClientSecretBasic('wrong')),
    (error) => error.status === 401);
});
