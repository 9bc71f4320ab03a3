import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { BulkheadError, codeOf, messageOf } from '../core/errors';

export interface EngineTls {
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
  /** The context says that the Engine's certificate is not to be checked. */
  skipVerify: boolean;
}

/** Where the Docker Engine is. */
export interface EngineEndpoint {
  /** `unix://…`, `npipe://…`, `tcp://host:port` or `ssh://user@host`. */
  url: string;
  /** What said so, for messages: `DOCKER_HOST`, `context <name>` or `default`. */
  source: string;
  tls?: EngineTls;
}

type Env = Readonly<Record<string, string | undefined>>;

const contextMeta = z.object({
  Name: z.string(),
  Endpoints: z.object({
    docker: z.object({ Host: z.string().min(1), SkipTLSVerify: z.boolean().optional() }),
  }),
});
const configFile = z.object({ currentContext: z.string().optional() });

/** Docker's own settings folder: `DOCKER_CONFIG`, else `~/.docker`. */
export function dockerConfigFolder(env: Env): string {
  return env['DOCKER_CONFIG'] || join(env['HOME'] || homedir(), '.docker');
}

/**
 * Finds the Engine as the Docker CLI does: `DOCKER_HOST`, else `DOCKER_CONTEXT`, else the current context of
 * config.json, else the platform's default. Contexts lie in `contexts/{meta,tls}/<SHA-256 of the name>` (docker/cli,
 * cli/context/store).
 */
export async function resolveEndpoint(env: Env = process.env): Promise<EngineEndpoint> {
  const host = env['DOCKER_HOST'];
  if (host) {
    const url = host.includes('://') ? host : `tcp://${host}`;
    const tls = url.startsWith('tcp:') ? await tlsFromEnvironment(env) : undefined;
    return { url, source: 'DOCKER_HOST', ...(tls && { tls }) };
  }
  const folder = dockerConfigFolder(env);
  const context = env['DOCKER_CONTEXT'] || (await currentContext(folder));
  if (context && context !== 'default') {
    return contextEndpoint(folder, context);
  }
  return { url: await defaultUrl(env), source: 'default' };
}

async function defaultUrl(env: Env): Promise<string> {
  if (process.platform === 'win32') {
    return 'npipe:////./pipe/docker_engine';
  }
  // Docker Desktop for Linux and macOS, where it has not made the system-wide link.
  const own = join(env['HOME'] || homedir(), '.docker/run/docker.sock');
  try {
    await stat('/var/run/docker.sock');
  } catch {
    const exists = await stat(own).then(
      () => true,
      () => false,
    );
    if (exists) {
      return `unix://${own}`;
    }
  }
  return 'unix:///var/run/docker.sock';
}

async function currentContext(folder: string): Promise<string | undefined> {
  const path = join(folder, 'config.json');
  const text = await readIfThere(path);
  return text === undefined ? undefined : parse(configFile, text.toString(), path).currentContext;
}

async function contextEndpoint(folder: string, name: string): Promise<EngineEndpoint> {
  const hash = createHash('sha256').update(name).digest('hex');
  const path = join(folder, 'contexts/meta', hash, 'meta.json');
  const text = await readIfThere(path);
  if (text === undefined) {
    throw new BulkheadError(`The Docker context "${name}" does not exist`, {
      kind: 'host',
      next: 'Choose another one with `docker context use`, or unset DOCKER_CONTEXT.',
    });
  }
  const { Host, SkipTLSVerify } = parse(contextMeta, text.toString(), path).Endpoints.docker;
  const files = join(folder, 'contexts/tls', hash, 'docker');
  const tls = await tlsFrom(files, SkipTLSVerify === true);
  return { url: Host, source: `context ${name}`, ...(tls && { tls }) };
}

async function tlsFromEnvironment(env: Env): Promise<EngineTls | undefined> {
  // The CLI: DOCKER_TLS_VERIFY with any value checks the certificate, DOCKER_TLS alone only encrypts.
  const verify = Boolean(env['DOCKER_TLS_VERIFY']);
  if (!verify && !env['DOCKER_TLS']) {
    return undefined;
  }
  const folder = env['DOCKER_CERT_PATH'] || dockerConfigFolder(env);
  return (await tlsFrom(folder, !verify)) ?? { skipVerify: !verify };
}

async function tlsFrom(folder: string, skipVerify: boolean): Promise<EngineTls | undefined> {
  const [ca, cert, key] = await Promise.all(
    ['ca.pem', 'cert.pem', 'key.pem'].map((file) => readIfThere(join(folder, file))),
  );
  if (!ca && !cert && !key) {
    return skipVerify ? { skipVerify } : undefined;
  }
  return { skipVerify, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') {
      return undefined;
    }
    throw new BulkheadError(`Docker's settings can't be read: ${messageOf(error)}`, {
      kind: 'host',
      cause: error,
      next: `Check the permissions of ${path}.`,
    });
  }
}

function parse<T>(schema: z.ZodType<T>, text: string, path: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new BulkheadError(`${path} is not a Docker settings file: ${messageOf(error)}`, {
      kind: 'host',
      cause: error,
      next: `Repair or remove ${path}.`,
    });
  }
}
