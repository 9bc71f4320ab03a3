import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuthConfig } from 'dockerode';
import { z } from 'zod';
import { codeOf, messageOf } from '../core/errors';
import type { Log } from '../core/log';
import { PROGRAM_FOLDER } from '../core/programFolder';
import { dockerConfigFolder } from './engineEndpoint';

const configFile = z.object({
  auths: z
    .record(z.string(), z.object({ auth: z.string().optional(), identitytoken: z.string().optional() }))
    .optional(),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
});
const stored = z.object({ Username: z.string(), Secret: z.string() });

const HELPER_MS = 20_000;

/**
 * The user's credentials for a registry, from where the Docker CLI keeps them (config.json `credHelpers`,
 * `credsStore`, `auths`; docker-credential-helpers' protocol). Without any, a pull is anonymous.
 */
export async function credentialsFor(
  registry: string,
  log: Log,
  options: { env?: Readonly<Record<string, string | undefined>>; signal?: AbortSignal | undefined } = {},
): Promise<AuthConfig | undefined> {
  const env = options.env ?? process.env;
  let config: z.infer<typeof configFile>;
  try {
    const text = await readFile(join(dockerConfigFolder(env), 'config.json'), 'utf8');
    config = configFile.parse(JSON.parse(text));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') {
      log.warn(`Docker's config.json can't be read, so the pull is anonymous: ${messageOf(error)}`);
    }
    return undefined;
  }
  const helper = config.credHelpers?.[registry] ?? config.credsStore;
  if (helper) {
    return fromHelper(helper, registry, log, env, options.signal);
  }
  const entry = config.auths?.[registry];
  const pair = entry?.auth ? Buffer.from(entry.auth, 'base64').toString() : undefined;
  const at = pair?.indexOf(':') ?? -1;
  if (entry?.identitytoken) {
    return {
      username: '',
      password: '',
      serveraddress: registry,
      identitytoken: entry.identitytoken,
    } as AuthConfig;
  }
  return pair === undefined || at < 0
    ? undefined
    : { username: pair.slice(0, at), password: pair.slice(at + 1), serveraddress: registry };
}

async function fromHelper(
  helper: string,
  registry: string,
  log: Log,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal | undefined,
): Promise<AuthConfig | undefined> {
  if (!/^[\w.-]+$/.test(helper)) {
    log.warn(
      `Docker's config.json names a credential helper that is no program name: ${JSON.stringify(helper)}`,
    );
    return undefined;
  }
  try {
    const text = await new Promise<string>((resolve, reject) => {
      const limits = {
        timeout: HELPER_MS,
        maxBuffer: 1 << 20,
        cwd: PROGRAM_FOLDER,
        env: env as NodeJS.ProcessEnv,
      };
      const child = execFile(
        `docker-credential-${helper}`,
        ['get'],
        signal ? { ...limits, signal } : limits,
        (error, stdout) => (error ? reject(error) : resolve(stdout)),
      );
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(registry);
    });
    const { Username, Secret } = stored.parse(JSON.parse(text));
    return Username === '<token>'
      ? ({ username: '', password: '', serveraddress: registry, identitytoken: Secret } as AuthConfig)
      : { username: Username, password: Secret, serveraddress: registry };
  } catch (error) {
    // "credentials not found" is the usual answer for a registry that nobody logged in to.
    log.debug(`docker-credential-${helper}: ${messageOf(error)}`);
    return undefined;
  }
}
