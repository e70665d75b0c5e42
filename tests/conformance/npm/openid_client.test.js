// openid-client as an application would use it: one discovered configuration, then verbs.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as client from 'openid-client';

import { authorized, issuer, setting } from './support.js';

const ways = {
  client_secret_post: client.ClientSecretPost,
  client_secret_basic: client.ClientSecretBasic,
};

function discover({ id, secret }, way = client.ClientSecretPost, algorithm = 'oauth2') {
  return client.discovery(issuer, id, secret, way(secret),
    { algorithm, execute: [client.allowInsecureRequests] });
}

for (const [name, way] of Object.entries(ways)) {
  test(`openid-client: discover, token, introspect, revoke, refused (${name})`, async () => {
    const audience = setting.audiences.rs256;
    const shop = await discover(setting.shop, way);
    const gateway = await discover(setting.gateway, way, 'oidc');
    assert.ok(shop.serverMetadata().token_endpoint_auth_methods_supported.includes(name));

    const { access_token: token } = await client.clientCredentialsGrant(
      shop, { audience, scope: 'read' });
    assert.equal((await client.tokenIntrospection(gateway, token)).active, true);
    assert.equal(await authorized(token, audience), 200);
    await client.tokenRevocation(shop, token);
    assert.equal((await client.tokenIntrospection(gateway, token)).active, false);
    assert.equal(await authorized(token, audience), 401);
  });
}

test('openid-client: RFC 8707 resource names the API as audience does', async () => {
  const shop = await discover(setting.shop);
  const { access_token: token } = await client.clientCredentialsGrant(
    shop, { resource: setting.audiences.opaque, scope: 'read' });
  assert.equal(await authorized(token, setting.audiences.opaque), 200);
});

test('openid-client: errors arrive as RFC 6749 codes', async () => {
  const shop = await discover(setting.shop);
  const audience = setting.audiences.es256;
  for (const [parameters, code] of [
    [{ audience, scope: 'never-defined' }, 'invalid_scope'],
    [{ resource: 'https://api.example/nobody' }, 'invalid_target'],
  ]) {
    await assert.rejects(client.clientCredentialsGrant(shop, parameters),
      (error) => error.error === code && error.status === 400);
  }
});

test('openid-client: a protected resource refuses the token after its revocation', async () => {
  const audience = setting.audiences.es256;
  const shop = await discover(setting.shop);
  const { access_token: token } = await client.clientCredentialsGrant(
    shop, { audience, scope: 'read' });
  const url = new URL('/v1/authz', issuer);
  url.search = new URLSearchParams({ audience, scope: 'read' });
  assert.equal((await client.fetchProtectedResource(shop, token, url, 'GET')).status, 200);
  await client.tokenRevocation(shop, token);
  await assert.rejects(client.fetchProtectedResource(shop, token, url, 'GET'),
    (error) => error.status === 401 && error.cause[0].scheme === 'bearer'
      && error.cause[0].parameters.error === 'invalid_token');
});
