// node-oidc-provider as it is measured: client_credentials, introspection, revocation; tokens in a
// Map (its own in-memory adapter keeps only the newest thousand). Settings come as JSON in the
// environment; prints "ready" when it listens.
import { generateKeyPairSync } from 'node:crypto';

import Provider from 'oidc-provider';

const { port, client, opaque, jwt } = JSON.parse(process.env.PEER_SETTING);

const stored = new Map();

class MapAdapter {
  constructor(model) {
    this.model = model;
  }

  key(id) {
    return `${this.model}:${id}`;
  }

  async upsert(id, payload) {
    stored.set(this.key(id), payload);
  }

  async find(id) {
    return stored.get(this.key(id));
  }

  async destroy(id) {
    stored.delete(this.key(id));
  }
}

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const formats = { [opaque]: 'opaque', [jwt]: 'jwt' };

const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: MapAdapter,
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: '1' }] },
  clients: [{
    client_id: client.id,
    client_secret: client.secret,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    id_token_signed_response_alg: 'ES256',
  }],
  enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (context, resource) => ({
        scope: 'read',
        accessTokenFormat: formats[resource],
        accessTokenTTL: 86_400,
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});

provider.listen(port, '127.0.0.1', () => console.log('ready'));
