// A key is lost: what it signed ends, for those who ask the server and for those who read its JWKS.
// Run alone and last, because it ends tokens that other tests use.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';

import { admin, authorized, issue, issuer, setting } from './support.js';

const audience = setting.audiences.rs256;
const options = { issuer: setting.issuer, audience, typ: 'at+jwt', algorithms: ['RS256'] };
const remoteKeys = () => createRemoteJWKSet(new URL('/.well-known/jwks.json', issuer),
  { cooldownDuration: 0 });

test('jose: a verifier that was there before finds the new key, and the revoked one no more',
  async () => {
    const keys = remoteKeys();
    const lost = await issue(audience);
    const { kid } = decodeProtectedHeader(lost);
    await jwtVerify(lost, keys, options);

    const { kid: next } = await admin('POST', '/v1/keys', { alg: 'RS256' });
    const published = keys.jwks().keys.map((key) => key.kid);
    assert.ok(published.includes(kid) && !published.includes(next)); // it asked before
    await admin('POST', `/v1/keys/${encodeURIComponent(kid)}/revoke`, { reason: 'laptop lost' });

    const fresh = await issue(audience);
    assert.equal(decodeProtectedHeader(fresh).kid, next); // the one that waited
    await jwtVerify(fresh, keys, options);
    assert.equal(await authorized(fresh, audience), 200);
    assert.equal(await authorized(lost, audience), 401);
    await assert.rejects(jwtVerify(lost, keys, options), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
    await assert.rejects(jwtVerify(lost, remoteKeys(), options),
      { code: 'ERR_JWKS_NO_MATCHING_KEY' });
  });
