// passport-oauth2 in an Express application that people sign in to: sessions, PKCE and state are
// its own affair (A06).
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import express from 'express';
import session from 'express-session';
import { Passport } from 'passport';
import OAuth2Strategy from 'passport-oauth2';

import { Browser, makeApplication, makePerson } from './browser.js';
import { authorized, issuer, setting, withServer } from './support.js';

const audience = setting.audiences.es256;
const at = (path) => new URL(path, issuer).href;

// What passport-oauth2 leaves to those who know the server: another parameter, and the profile.
class TokenledgerStrategy extends OAuth2Strategy {
  constructor(made, callbackURL, verify) {
    super({
      authorizationURL: at('/oauth/authorize'),
      tokenURL: at('/oauth/token'),
      clientID: made.client_id,
      clientSecret: made.client_secret,
      callbackURL,
      scope: ['openid', 'profile', 'offline_access', 'read'],
      state: true,
      pkce: true,
    }, verify);
    this._oauth2.useAuthorizationHeaderforGET(true);
  }

  authorizationParams() {
    return { audience };
  }

  userProfile(token, done) {
    this._oauth2.get(at('/oauth/userinfo'), token,
      (error, body) => (error ? done(error) : done(null, JSON.parse(body))));
  }
}

// GET /login leads to the server and back to /callback; GET / says who is signed in.
function application(passport) {
  const app = express();
  app.use(session({ secret: randomBytes(32).toString('hex'), resave: false,
    saveUninitialized: false }));
  app.use(passport.session());
  app.get('/login', passport.authenticate('oauth2'));
  app.get('/callback', passport.authenticate('oauth2',
    { successRedirect: '/', failureRedirect: '/refused' }));
  app.get('/refused', (request, response) => response.status(403).send('refused'));
  app.get('/', (request, response) => response.json(request.user ?? null));
  app.use((error, request, response, next) => {
    response.status(500).send(`${error.name} ${error.code}`);
    next();
  });
  return app;
}

// Runs `use(url, strategy, secrets)`; `secrets` are the tokens of the last who signed in.
async function withApplication(use) {
  const passport = new Passport();
  passport.serializeUser((user, done) => done(null, user));
  passport.deserializeUser((user, done) => done(null, user));
  await withServer(application(passport), async (url) => {
    const callback = new URL('/callback', url).href;
    const made = await makeApplication([audience], { redirect_uris: [callback] });
    const secrets = {};
    const strategy = new TokenledgerStrategy(made, callback,
      (access, refresh, profile, done) => {
        Object.assign(secrets, { access, refresh });
        done(null, profile);
      });
    passport.use(strategy);
    await use(url, strategy, secrets);
  });
}

function refresh(strategy, token) {
  return new Promise((resolve, reject) => {
    strategy._oauth2.getOAuthAccessToken(token, { grant_type: 'refresh_token' },
      (error, access, next) => (error ? reject(error) : resolve({ access, refresh: next })));
  });
}

test('A06 passport-oauth2: an Express application signs somebody in, and refreshes', async () => {
  await withApplication(async (url, strategy, secrets) => {
    const person = await makePerson();
    const browser = new Browser();
    const home = await browser.visit(new URL('/login', url), { person });
    assert.deepEqual(home.pages, ['sign-in', 'consent']);
    assert.equal(home.url.href, url.href);
    assert.deepEqual(JSON.parse(home.html),
      { sub: person.id, name: 'Ada Lovelace', preferred_username: person.login });
    assert.equal(await authorized(secrets.access, audience), 200);

    const next = await refresh(strategy, secrets.refresh);
    assert.equal(await authorized(next.access, audience), 200);
    assert.notEqual(next.refresh, secrets.refresh);
    const again = await browser.visit(new URL('/login', url), { person });
    assert.deepEqual([again.pages, again.url.href], [[], url.href]);
  });
});

test('passport-oauth2: a no of the user leads to the page for it', async () => {
  await withApplication(async (url) => {
    const person = await makePerson();
    const end = await new Browser().visit(new URL('/login', url), { person, decision: 'deny' });
    assert.deepEqual([end.url.pathname, end.status], ['/refused', 403]);
  });
});

test('passport-oauth2: a code of another browser is not taken', async () => {
  await withApplication(async (url) => {
    const person = await makePerson();
    const callback = new URL('/callback', url).href;
    const mine = new Browser();
    const { url: answer } = await mine.visit(new URL('/login', url), { person, until: callback });
    assert.ok(answer.searchParams.get('code'));
    const theirs = new Browser();
    assert.equal((await theirs.visit(answer)).url.pathname, '/refused');
    assert.equal((await mine.visit(answer)).url.href, url.href);
  });
});
