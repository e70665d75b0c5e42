// jose: what a resource server does that verifies by the JWKS.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';

import { algorithms, issue, issuer, setting } from './support.js';

const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', issuer));

for (const [name, algorithm] of Object.entries(algorithms)) {
  const audience = setting.audiences[name];
  const options = { issuer: setting.issuer, audience, typ: 'at+jwt', algorithms: [algorithm],
    requiredClaims: ['sub', 'jti', 'iat', 'exp', 'client_id', 'scope'] };

  test(`jose: a ${algorithm} token verifies with the key its header names`, async () => {
    const token = await issue(audience);
    const { payload, protectedHeader } = await jwtVerify(token, keys, options);
    assert.equal(protectedHeader.alg, algorithm);
    assert.ok(protectedHeader.kid);
    assert.equal(payload.client_id, setting.shop.id);
    assert.equal(payload.scope, 'read');
  });

  test(`jose: a changed ${algorithm} token, audience, issuer or type is refused`, async () => {
    const token = await issue(audience);
    const [header, payload, signature] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url'));
    const widened = Buffer.from(JSON.stringify({ ...claims, scope: 'read write' }));
    const forged = [header, widened.toString('base64url'), signature].join('.');
    await assert.rejects(jwtVerify(forged, keys, options),
      { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });
    for (const change of [{ audience: 'https://api.example/other' },
      { issuer: 'https://issuer.example' }, { typ: 'JWT' }]) {
      await assert.rejects(jwtVerify(token, keys, { ...options, ...change }),
        { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' });
    }
  });
}

test('jose: an API without an algorithm of its own gets one the JWKS holds', async () => {
  const token = await issue(setting.audiences.standard);
  const { alg } = decodeProtectedHeader(token);
  assert.ok(Object.values(algorithms).includes(alg));
  await jwtVerify(token, keys, { issuer: setting.issuer, audience: setting.audiences.standard });
});
