// simple-oauth2 knows only paths: the ones it assumes by itself are ours.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ClientCredentials } from 'simple-oauth2';

import { authorized, issuer, setting } from './support.js';

const audience = setting.audiences.es256;

function application(options, { id, secret } = setting.shop) {
  return new ClientCredentials({
    client: { id, secret },
    auth: { tokenHost: issuer.origin },
    options,
  });
}

const ways = {
  'form and header': { authorizationMethod: 'header' },
  'form and body': { authorizationMethod: 'body' },
  'JSON and header': { bodyFormat: 'json', authorizationMethod: 'header' },
  'JSON and body': { bodyFormat: 'json', authorizationMethod: 'body' },
};

for (const [name, options] of Object.entries(ways)) {
  test(`simple-oauth2: token (${name}), used, revoked, refused`, async () => {
    const access = await application(options).getToken({ audience, scope: 'read' });
    assert.equal(access.expired(), false);
    const token = access.token.access_token;
    assert.equal(await authorized(token, audience), 200);
    await withForm(options, access).revoke('access_token');
    assert.equal(await authorized(token, audience), 401);
  });
}

// RFC 7009 §2.1 knows form bodies only, so a JSON application revokes by form.
function withForm(options, access) {
  if (options.bodyFormat !== 'json') return access;
  return application({ ...options, bodyFormat: 'form' }).createToken(access.token);
}

test('simple-oauth2: a wrong secret is 401, a missing grant 400', async () => {
  const wrong = application({}, { id: setting.shop.id, secret: 'not-the-secret' });
  await assert.rejects(wrong.getToken({ audience }), (error) => error.output.statusCode === 401);
  const stranger = application({}, setting.stranger);
  await assert.rejects(stranger.getToken({ audience }), (error) =>
    error.output.statusCode === 400 && error.data.payload.error === 'unauthorized_client');
});
