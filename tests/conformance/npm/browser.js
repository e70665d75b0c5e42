// A browser without a screen, and people who use it: cookies, redirects, and the forms of our
// pages. It runs no script and knows nothing but what stands on the page.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';

import { admin, issuer } from './support.js';

export const CALLBACK = 'https://app.example/callback';
const STEPS_MAX = 12; // redirects and pages of one visit
const PASSWORD = 'a sentence is a good password';

const entities = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
const plain = (text) => text.replace(/<[^>]*>/g, '')
  .replace(/&(amp|lt|gt|quot|#39);/g, (_, name) => entities[name]);

function attribute(tag, name) {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag);
  return found ? plain(found[1]) : '';
}

// The forms of a page: where each leads, and what is in it before anybody types.
function formsOf(html) {
  return [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, tag, inside]) => {
    assert.equal(attribute(tag, 'method'), 'post');
    const fields = [...inside.matchAll(/<input\b[^>]*>/g)]
      .map(([input]) => [attribute(input, 'name'), attribute(input, 'value')]);
    return { action: attribute(tag, 'action'), fields: Object.fromEntries(fields) };
  });
}

// The scopes that a consent page lists: the last word of each line, behind what it means.
const askedOn = (html) => [...html.matchAll(/<li>(.*?)<\/li>/gs)]
  .map(([, line]) => plain([...line.matchAll(/<span[^>]*>(.*?)<\/span>/gs)].at(-1)[1]));

export class Browser {
  #cookies = new Map(); // by host and name: ports share cookies (RFC 6265 §8.5)

  async #load(url, form) {
    const cookies = [...this.#cookies].filter(([key]) => key.startsWith(`${url.hostname} `))
      .map(([key, value]) => `${key.split(' ')[1]}=${value}`);
    const headers = { Accept: 'text/html' };
    if (cookies.length > 0) headers.Cookie = cookies.join('; ');
    if (form) headers.Origin = url.origin;
    const answer = await fetch(url, { redirect: 'manual', headers, method: form ? 'POST' : 'GET',
      body: form ? new URLSearchParams(form) : undefined });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (/;\s*max-age=0/i.test(line) || value === '') {
        this.#cookies.delete(`${url.hostname} ${name}`);
      } else {
        this.#cookies.set(`${url.hostname} ${name}`, value);
      }
    }
    return { url, status: answer.status, location: answer.headers.get('location'),
      html: await answer.text() };
  }

  // What a person does: goes to `start`, signs in and decides when asked, until nothing is asked
  // or the browser is sent to `until`, which is not loaded.
  //   {url, status, html, pages: ['sign-in', 'consent'], asked: ['read', …] of the consent page}
  async visit(start, { person, decision = 'allow', until } = {}) {
    const seen = { pages: [], asked: [] };
    let at = await this.#load(new URL(start));
    for (let step = 0; step < STEPS_MAX; step += 1) {
      if (at.location !== null) {
        const next = new URL(at.location, at.url);
        if (until !== undefined && next.href.startsWith(until)) {
          return { ...seen, url: next, status: at.status, html: '' };
        }
        at = await this.#load(next);
        continue;
      }
      const forms = at.url.origin === issuer.origin ? formsOf(at.html) : [];
      const asks = (path) => forms.find(({ action }) => action.endsWith(path));
      const signIn = asks('/oauth/sign-in');
      const consent = asks('/oauth/consent');
      if (signIn && !seen.pages.includes('sign-in')) {
        seen.pages.push('sign-in');
        at = await this.#load(new URL(signIn.action, at.url),
          { ...signIn.fields, login: person.login, password: person.password });
      } else if (consent) {
        seen.pages.push('consent');
        seen.asked = askedOn(at.html);
        at = await this.#load(new URL(consent.action, at.url), { ...consent.fields, decision });
      } else {
        return { ...seen, ...at };
      }
    }
    throw new Error(`still on the way after ${STEPS_MAX} steps: ${at.url.pathname}`);
  }

  // The account page; takes back what stands there for the client of this name.
  async withdraw(person, clientName) {
    const account = await this.visit(new URL('/oauth/account', issuer), { person });
    const section = account.html.split('<section').find((part) => plain(part).includes(clientName));
    const form = formsOf(section ?? '').find(({ action }) => action.endsWith('/withdraw'));
    assert.ok(form, 'nothing to withdraw');
    return this.#load(new URL(form.action, issuer), form.fields);
  }
}

let count = 0;

// Somebody with an account: {id, login, password}.
export async function makePerson() {
  count += 1;
  const login = `person-${process.pid}-${count}`;
  const { user_id: id } = await admin('POST', '/v1/users', { login, display_name: 'Ada Lovelace' });
  await admin('POST', `/v1/users/${id}/password`, { password: PASSWORD });
  return { id, login, password: PASSWORD };
}

// A client for people, which may ask for "read" and "write" at these APIs: what the answer to
// POST /v1/clients says of it.
export async function makeApplication(audiences, settings) {
  count += 1;
  const made = await admin('POST', '/v1/clients', {
    name: `Application ${process.pid}-${count}`,
    grant_types: ['authorization_code', 'refresh_token'],
    ...settings,
  });
  for (const audience of audiences) {
    await admin('POST', '/v1/client-grants',
      { client_id: made.client_id, audience, scopes: ['read', 'write'] });
  }
  return made;
}

// The answer of the token endpoint to a public client with CALLBACK, by the shortest way, for the
// tests of libraries that only verify.
export async function signIn(browser, person, application, audience, scope) {
  const verifier = randomBytes(32).toString('base64url');
  const start = new URL('/oauth/authorize', issuer);
  start.search = new URLSearchParams({ client_id: application.client_id, response_type: 'code',
    redirect_uri: CALLBACK, scope, audience, nonce: 'only once',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256' });
  const { url } = await browser.visit(start, { person, until: CALLBACK });
  const answer = await fetch(new URL('/oauth/token', issuer), { method: 'POST',
    body: new URLSearchParams({ grant_type: 'authorization_code', code_verifier: verifier,
      code: url.searchParams.get('code'), redirect_uri: CALLBACK,
      client_id: application.client_id }) });
  assert.equal(answer.status, 200);
  return answer.json();
}
