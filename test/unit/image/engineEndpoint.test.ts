import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../../src/core/log';
import { connectEngine } from '../../../src/image/engine';
import { resolveEndpoint } from '../../../src/image/engineEndpoint';
import { sshArguments } from '../../../src/image/sshAgent';

let folder: string;
const env = (more: Record<string, string> = {}) => ({ HOME: folder, DOCKER_CONFIG: folder, ...more });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-docker-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function context(name: string, host: string, tls: Record<string, string> = {}): Promise<void> {
  const hash = createHash('sha256').update(name).digest('hex');
  await mkdir(join(folder, 'contexts/meta', hash), { recursive: true });
  const meta = { Name: name, Metadata: {}, Endpoints: { docker: { Host: host, SkipTLSVerify: false } } };
  await writeFile(join(folder, 'contexts/meta', hash, 'meta.json'), JSON.stringify(meta));
  await mkdir(join(folder, 'contexts/tls', hash, 'docker'), { recursive: true });
  for (const [file, content] of Object.entries(tls)) {
    await writeFile(join(folder, 'contexts/tls', hash, 'docker', file), content);
  }
}

test('without anything it is the default socket', async () => {
  expect(await resolveEndpoint(env())).toMatchObject({ source: 'default' });
});

test('DOCKER_HOST goes before a context', async () => {
  await context('there', 'ssh://there');
  const both = env({ DOCKER_HOST: '127.0.0.1:1234', DOCKER_CONTEXT: 'there' });
  expect(await resolveEndpoint(both)).toEqual({ url: 'tcp://127.0.0.1:1234', source: 'DOCKER_HOST' });
});

test('the current context of config.json, and DOCKER_CONTEXT before it', async () => {
  await writeFile(join(folder, 'config.json'), JSON.stringify({ currentContext: 'here' }));
  await context('here', 'unix:///run/here.sock');
  await context('there', 'tcp://there:2376', { 'ca.pem': 'CA', 'cert.pem': 'CERT', 'key.pem': 'KEY' });
  expect(await resolveEndpoint(env())).toEqual({ url: 'unix:///run/here.sock', source: 'context here' });
  const { url, tls } = await resolveEndpoint(env({ DOCKER_CONTEXT: 'there' }));
  expect(url).toBe('tcp://there:2376');
  expect(tls?.ca?.toString()).toBe('CA');
  expect(tls?.skipVerify).toBe(false);
});

test('a context that does not exist, and settings that are no JSON, are the host’s failure', async () => {
  await expect(resolveEndpoint(env({ DOCKER_CONTEXT: '../../x' }))).rejects.toMatchObject({ kind: 'host' });
  await writeFile(join(folder, 'config.json'), '{');
  await expect(resolveEndpoint(env())).rejects.toMatchObject({ kind: 'host', message: /config\.json/ });
});

test('no Engine: the error says where, why and what to do', async () => {
  const path = join(folder, 'none.sock');
  const url = `unix://${path}`;
  const connect = () => connectEngine({ log: silentLog, env: env({ DOCKER_HOST: url }) });
  await expect(connect()).rejects.toMatchObject({
    kind: 'host',
    message: expect.stringContaining(`${url} (from DOCKER_HOST): nothing is there`),
  });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const refused = connectEngine({ log: silentLog, env: env({ DOCKER_HOST: `tcp://127.0.0.1:${port}` }) });
  await expect(refused).rejects.toMatchObject({
    kind: 'host',
    message: expect.stringContaining('nothing answers there'),
    next: expect.stringContaining('Start Docker'),
  });
});

test('an ssh endpoint becomes arguments, never options', () => {
  const dial = ['docker', 'system', 'dial-stdio'];
  const common = ['-o', 'ConnectTimeout=30', '-T', '--'];
  expect(sshArguments('ssh://me@box:2222')).toEqual(['-l', 'me', '-p', '2222', ...common, 'box', ...dial]);
  expect(sshArguments('ssh://-oProxyCommand=x')).toEqual([...common, '-oProxyCommand=x', ...dial]);
  expect(() => sshArguments('ssh://me:secret@box')).toThrow();
});
