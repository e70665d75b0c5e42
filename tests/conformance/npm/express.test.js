// express-oauth2-jwt-bearer: an Express API that trusts our discovery document and JWKS. It checks
// the signature alone and so can't see a revocation; the same API that also asks the ledger does.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import express from 'express';
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer';

import { algorithms, authorized, issue, setting, withServer } from './support.js';

async function revoke(token) {
  const body = new URLSearchParams({ token, client_id: setting.shop.id,
    client_secret: setting.shop.secret });
  const answer = await fetch(new URL('/oauth/revoke', setting.issuer), { method: 'POST', body });
  assert.equal(answer.status, 200);
}

// GET /: signature only. GET /fresh: the ledger is asked as well. GET /write: another scope.
function api(audience, tokenSigningAlg) {
  const app = express();
  app.use(auth({ issuerBaseURL: setting.issuer, audience, tokenSigningAlg, strict: true }));
  app.get('/', requiredScopes('read'), (request, response) =>
    response.json(request.auth.payload));
  app.get('/fresh', async (request, response) =>
    response.sendStatus(await authorized(request.auth.token, audience)));
  app.get('/write', requiredScopes('write'), (request, response) => response.sendStatus(200));
  app.use((error, request, response, next) => {
    response.set(error.headers ?? {}).status(error.status ?? 500).end();
    next();
  });
  return app;
}

function get(url, token) {
  return fetch(url, { headers: token ? { Authorization: `Bearer ${token}` } : {} });
}

for (const [name, algorithm] of Object.entries(algorithms)) {
  const audience = setting.audiences[name];
  test(`express-oauth2-jwt-bearer: an API for ${algorithm} tokens finds its keys`, async () => {
    await withServer(api(audience, algorithm), async (url) => {
      const token = await issue(audience);
      const good = await get(url, token);
      assert.equal(good.status, 200);
      assert.equal((await good.json()).client_id, setting.shop.id);
      assert.equal((await get(url)).status, 401);
      assert.equal((await get(url, await issue(setting.audiences.standard))).status, 401);
      assert.equal((await get(new URL('/write', url), token)).status, 403);

    });
  });

  test(`express-oauth2-jwt-bearer: asking the ledger too ends a revoked ${algorithm} token`,
    async () => {
      await withServer(api(audience, algorithm), async (url) => {
        const token = await issue(audience);
        assert.equal((await get(new URL('/fresh', url), token)).status, 200);
        await revoke(token);
        assert.equal((await get(new URL('/fresh', url), token)).status, 401);
        assert.equal((await get(url, token)).status, 200); // the signature alone can't tell
      });
    });
}
