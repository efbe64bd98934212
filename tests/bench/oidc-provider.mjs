// npm's oidc-provider for client_credentials with signed access tokens; the argument is a file with what
// depends on the run.  State is in memory, as it is by default.
import fs from 'node:fs';
import Provider from 'oidc-provider';

const run = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const provider = new Provider(run.issuer, {
  clients: run.clients,
  jwks: run.jwks,
  scopes: [run.scope],
  clientAuthMethods: ['client_secret_basic', 'private_key_jwt'],
  cookies: { keys: ['of-no-use-here'] },
  ttl: { ClientCredentials: 300 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => run.audience,
      getResourceServerInfo: () => ({
        scope: run.scope,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: run.alg } },
      }),
    },
  },
});
provider.listen(run.port, '127.0.0.1');
