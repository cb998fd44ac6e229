/** Nothing that kioskctl starts needs them: a program, and what it starts, could pass them on. */
const SECRETS = [
  'KIOSKCTL_TOKEN',
  'KIOSKCTL_REFRESH_TOKEN',
  'KIOSKCTL_CLIENT_ID',
  'KIOSKCTL_CLIENT_SECRET',
] as const;

/** The environment for programs that kioskctl starts: this process's, without credentials. */
export function childEnv(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  // Windows has variables in any case.
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !SECRETS.some((secret) => secret === name.toUpperCase())),
  );
}

/** Does some work that starts programs with this process's own environment, which has no credentials meanwhile. */
export async function withoutCredentials<Result>(work: () => Promise<Result>): Promise<Result> {
  const kept = SECRETS.map((name) => [name, process.env[name]] as const);
  for (const name of SECRETS) delete process.env[name];
  try {
    return await work();
  } finally {
    for (const [name, value] of kept) if (value !== undefined) process.env[name] = value;
  }
}
