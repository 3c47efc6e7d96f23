// An identity provider for `deploy/try-oidc`, and for nothing else: whoever asks to be a user is that user.
//
// From the environment: PORT, CLIENT_ID, CLIENT_SECRET, CONSOLE_URL. It listens on loopback.
import { createServer } from 'node:http';
import { randomBytes } from 'node:crypto';
import Provider from 'oidc-provider';

const { PORT, CLIENT_ID, CLIENT_SECRET, CONSOLE_URL } = process.env;
const groups = { vera: ['staff'], oscar: ['staff', 'saga-operators'], nora: undefined };

const provider = new Provider(`http://127.0.0.1:${PORT}`, {
  clients: [
    {
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      redirect_uris: [`${CONSOLE_URL}/oidc/callback`],
      post_logout_redirect_uris: [`${CONSOLE_URL}/`],
      grant_types: ['authorization_code'],
      response_types: ['code'],
    },
  ],
  cookies: { keys: [randomBytes(32).toString('hex')] },
  claims: { openid: ['sub'], profile: ['name'], groups: ['groups'] },
  scopes: ['openid', 'profile', 'groups'],
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  findAccount: (_, id) =>
    id in groups ? { accountId: id, claims: () => ({ sub: id, name: id, groups: groups[id] }) } : undefined,
  features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
});
provider.on('server_error', (_, error) => console.error(error));

createServer(provider.callback()).listen(Number(PORT), '127.0.0.1', () => console.log('ready'));
