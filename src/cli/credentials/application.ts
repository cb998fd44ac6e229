import { fetchClientToken, KeptToken } from '../../wise/tokens.ts';
import type { Settings } from '../settings/settings.ts';
import { CLIENT_ID, CLIENT_SECRET, required } from './given-secret.ts';
import type { Logins } from './login-store.ts';
import type { ChainWorld, FoundClient } from './token-chain.ts';

/**
 * Finds client id and secret: in the environment variables, else in the login.
 * @throws Failure `credentials-missing`, `credentials-unusable`
 */
export async function findClient(
  { clientId, clientSecret, contextName }: Settings,
  { logins, hide }: { logins: Logins; hide: (secret: string) => void },
): Promise<FoundClient> {
  const areSet = clientId !== undefined || clientSecret !== undefined;
  const stored = areSet ? undefined : (await logins.find())?.login.client;
  if (stored) {
    hide(stored.clientSecret);
    return { client: stored, source: `the login of context ${contextName}` };
  }
  const client = {
    clientId: required(clientId, { ...CLIENT_ID, contextName }),
    clientSecret: required(clientSecret, { ...CLIENT_SECRET, contextName }),
  };
  return { client, source: 'KIOSKCTL_CLIENT_ID and KIOSKCTL_CLIENT_SECRET' };
}

/** The application's own token, which is fetched anew when it ends. */
export function applicationToken(find: () => Promise<FoundClient>, world: ChainWorld): KeptToken {
  return new KeptToken(
    async () => {
      const fetched = await fetchClientToken(world.client(), { ...(await find()), signal: world.signal });
      world.hide(fetched.token);
      return fetched;
    },
    () => world.clock.now(),
  );
}
