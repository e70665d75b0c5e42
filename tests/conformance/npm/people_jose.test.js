// jose verifies all that is signed for people: access tokens, id tokens, status lists; each with
// the keys that the server publishes, before and after these were replaced.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';

import { Browser, CALLBACK, makeApplication, makePerson, signIn } from './browser.js';
import { algorithms, authorized, issue, issuer, setting } from './support.js';

const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', issuer));
const hashes = { ES256: 'sha256', RS256: 'sha256', EdDSA: 'sha512' }; // Ed25519 has SHA-512

for (const [name, alg] of Object.entries(algorithms)) {
  const audience = setting.audiences[name];

  test(`jose: what ${alg} signs for a person verifies, each kind as itself only`, async () => {
    const person = await makePerson();
    const application = await makeApplication([audience], { redirect_uris: [CALLBACK],
      token_endpoint_auth_method: 'none', id_token_signed_response_alg: alg });
    const tokens = await signIn(new Browser(), person, application, audience, 'openid read');
    const expected = { issuer: setting.issuer, subject: person.id, algorithms: [alg] };
    const access = { ...expected, audience, typ: 'at+jwt' };
    const identity = { ...expected, audience: application.client_id, typ: 'JWT' };

    const { payload } = await jwtVerify(tokens.access_token, keys, access);
    assert.equal(payload.client_id, application.client_id);
    const { payload: claims } = await jwtVerify(tokens.id_token, keys, identity);
    assert.equal(claims.nonce, 'only once');
    // OpenID Connect Core §3.1.3.6
    const hash = createHash(hashes[alg]).update(tokens.access_token).digest();
    assert.equal(claims.at_hash, hash.subarray(0, hash.length / 2).toString('base64url'));

    await assert.rejects(jwtVerify(tokens.id_token, keys, access));
    await assert.rejects(jwtVerify(tokens.access_token, keys, identity));
    assert.equal(await authorized(tokens.access_token, audience), 200);
    assert.equal(await authorized(tokens.id_token, audience), 401);

    const { uri, idx } = payload.status.status_list;
    const list = await fetch(uri, { headers: { Accept: 'application/statuslist+jwt' } });
    const { payload: listed } = await jwtVerify(await list.text(), keys,
      { typ: 'statuslist+jwt', subject: uri, requiredClaims: ['iat', 'exp'] });
    assert.ok(Number.isInteger(idx) && listed.status_list.lst.length > 0);
    assert.equal(claims.status, undefined); // nothing revokes an id token
  });

  test(`jose: what an earlier ${alg} key signed verifies as long as it is good`, async () => {
    const options = { issuer: setting.issuer, audience, typ: 'at+jwt', algorithms: [alg] };
    const late = await issue(audience);
    const [before, after] = [setting.early[name], late].map(decodeProtectedHeader);
    assert.notEqual(before.kid, after.kid);
    await jwtVerify(setting.early[name], keys, options);
    await jwtVerify(late, keys, options);
    assert.equal(await authorized(setting.early[name], audience), 200);
  });
}
