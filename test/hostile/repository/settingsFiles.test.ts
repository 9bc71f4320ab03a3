import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { BulkheadError } from '../../../src/core/errors';
import { planDevcontainer } from '../../../src/image/devcontainerBuild';
import { readWorkspace } from '../../../src/settings/readWorkspace';
import { attack } from '../attack';
import { Swapper } from './swapper';

const SECRET = 'secret-of-the-host-7d1f';

let parent: string;
let folder: string;
let server: Server | undefined;
beforeEach(async () => {
  parent = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-hostile-')));
  folder = join(parent, 'project');
  await mkdir(folder);
});
afterEach(async () => {
  server?.close();
  server = undefined;
  await rm(parent, { recursive: true, force: true });
});

/** The refusal of the folder as it stands; anything but a `usage` error with a reason is a hole. */
async function refusal(): Promise<BulkheadError> {
  const error: unknown = await readWorkspace(folder).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof BulkheadError) || error.kind !== 'usage') {
    throw new Error(`not refused: ${String(error)}`);
  }
  expect(`${error.message}${error.details}`).not.toContain(SECRET);
  return error;
}

const SETTINGS = '.bulkhead.json';

attack(
  {
    id: 'settings-odd-files',
    from: 'repository',
    tries:
      'A FIFO, a socket, a device, a folder, a file of 2^40 bytes, or a link to a secret, to itself or into /proc, as settings file.',
    holds: 'Each is refused by name, none is waited for, and no byte of it is quoted.',
    promise: 'settings-inside',
  },
  async () => {
    const secret = join(parent, 'secret');
    await writeFile(secret, `{"${SECRET}": 1}`);
    const makers: Record<string, (path: string) => Promise<unknown>> = {
      fifo: async (path) => execFileSync('mkfifo', [path]),
      socket: (path) =>
        new Promise<void>((resolve) => {
          server = createServer().listen(path, resolve);
        }),
      device: (path) => symlink('/dev/zero', path),
      terminal: (path) => symlink('/dev/tty', path),
      folder: (path) => mkdir(path),
      huge: async (path) => {
        await writeFile(path, '{');
        await truncate(path, 2 ** 40);
      },
      link: (path) => symlink(secret, path),
      'link of links': async (path) => {
        await symlink('/proc/self/environ', join(path, '../inner'));
        await symlink('inner', path);
      },
      loop: (path) => symlink(SETTINGS, path),
      'not UTF-8': (path) => writeFile(path, Buffer.from([0x7b, 0xff, 0xfe, 0x7d])),
    };
    const said: string[] = [];
    for (const file of [
      SETTINGS,
      '.devcontainer/devcontainer.json',
      '.devcontainer.json',
      '.devcontainer/x/devcontainer.json',
    ]) {
      for (const [what, make] of Object.entries(makers)) {
        await rm(folder, { recursive: true, force: true });
        await mkdir(join(folder, file, '..'), { recursive: true });
        if (what === 'loop') {
          await symlink(join(folder, file), join(folder, file));
        } else {
          await make(join(folder, file));
        }
        const { message } = await refusal().catch((error: Error) => {
          throw new Error(`${file} as ${what}: ${error.message}`);
        });
        expect(message).toContain(file);
        said.push(message);
        server?.close();
      }
    }
    return `${said.length} refused, the last one: ${said.at(-1)?.replaceAll(parent, '')}`;
  },
);

attack(
  {
    id: 'settings-odd-json',
    from: 'repository',
    tries:
      'Settings with a byte order mark, 100,000 levels, keys twice, "__proto__" and "constructor", and 100,000 unknown keys.',
    holds:
      'Refused with line and column, or read as what it says; the prototype of objects is untouched and the list of problems is short.',
    promise: 'settings-inside',
  },
  async () => {
    const write = (text: string) => writeFile(join(folder, SETTINGS), text);
    await write('\ufeff{"cpus": 1}');
    expect((await readWorkspace(folder)).cpus).toBe(1);
    const texts = [
      '['.repeat(100_000),
      `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
      '{"cpus": 1, "cpus": 64}',
      '{"__proto__": {"network": {"mode": "full"}}}',
      '{"constructor": {"prototype": {"polluted": 1}}}',
      '{"network": {"__proto__": {"mode": "full"}}}',
      `{${Array.from({ length: 100_000 }, (_, n) => `"k${n}":0`).join(',')}}`,
      `{"forwardPorts": [${'1,'.repeat(200_000)}1]}`,
      `{"image": "${'a'.repeat(900_000)}"}`,
      `{"cpus": ${'9'.repeat(100_000)}}`,
      '\0',
    ];
    for (const text of texts) {
      await write(text);
      const { message, details = '' } = await refusal();
      expect(message.length).toBeLessThan(3_000);
      expect(details.split('\n').length).toBeLessThanOrEqual(101);
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    return `${texts.length} texts refused`;
  },
);

attack(
  {
    id: 'settings-swap',
    from: 'repository',
    tries:
      'While the settings are read, .devcontainer and the settings file are swapped for links out of the folder, over and over.',
    holds:
      'What counts is where the opened file lies: in hundreds of readings not one shows what lies outside; a plain read falls for it.',
    promise: 'settings-inside',
  },
  async () => {
    const outside = join(parent, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'devcontainer.json'), `{"image": "${SECRET}"}`);
    await mkdir(join(folder, '.devcontainer'));
    const path = join(folder, '.devcontainer/devcontainer.json');
    await writeFile(path, '{"image": "inside"}');
    const swapper = await Swapper.start(join(folder, '.devcontainer'), outside);
    let fooled = 0;
    let refused = 0;
    let read = 0;
    try {
      for (let n = 0; n < 300; n++) {
        const plain = await readFile(path, 'utf8').catch(() => '');
        fooled += plain.includes(SECRET) ? 1 : 0;
        for (const look of [() => readWorkspace(folder), () => planDevcontainer(path, folder)]) {
          const found = await look().then(
            (value) => JSON.stringify(value),
            (error: unknown) => {
              refused++;
              return `${String(error)} ${error instanceof BulkheadError ? error.details : ''}`;
            },
          );
          expect(found).not.toContain(SECRET);
          read++;
        }
      }
    } finally {
      await swapper.stop();
    }
    expect(fooled, 'the swap is fast enough to fool a plain read').toBeGreaterThan(0);
    return `${read} readings, ${refused} refused, none fooled; a plain read was fooled ${fooled} times`;
  },
);

attack(
  {
    id: 'settings-host-variables',
    from: 'repository',
    tries: 'devcontainer.json puts variables of the host into paths, names, environment and commands.',
    holds: 'None is filled in: the default or nothing stands in its place, and a warning names them.',
    promise: 'settings-inside',
  },
  async () => {
    process.env['BULKHEAD_HOSTILE_SECRET'] = SECRET;
    try {
      const grab = '${localEnv:BULKHEAD_HOSTILE_SECRET}${env:BULKHEAD_HOSTILE_SECRET}';
      await writeFile(
        join(folder, '.devcontainer.json'),
        JSON.stringify({
          image: 'debian:trixie-slim',
          workspaceFolder: `/workspaces/x${grab}`,
          containerEnv: { A: grab },
          remoteEnv: { B: `${grab}\${localEnv:HOME:none}` },
          postCreateCommand: ['echo', grab],
          onCreateCommand: { one: grab },
        }),
      );
      const spec = await readWorkspace(folder);
      expect(JSON.stringify(spec)).not.toContain(SECRET);
      expect(spec.warnings.join()).toContain('BULKHEAD_HOSTILE_SECRET');
      expect(spec.remoteEnv['B']).toBe('none');
      return spec.warnings[0] ?? '';
    } finally {
      delete process.env['BULKHEAD_HOSTILE_SECRET'];
    }
  },
);

attack(
  {
    id: 'settings-paths-out',
    from: 'repository',
    tries:
      'Dockerfile, context and Features by "..", by absolute path, by a link out of the folder, by a drive letter and by a variable.',
    holds:
      'Refused before anything is read or sent: the error names the key and says that it leads out of the folder.',
    promise: 'settings-inside',
  },
  async () => {
    const outside = join(parent, 'outside');
    await mkdir(join(outside, 'feature'), { recursive: true });
    await writeFile(join(outside, 'Dockerfile'), `FROM ${SECRET}`);
    await writeFile(join(outside, 'feature/devcontainer-feature.json'), `{"id": "${SECRET}"}`);
    let tried = 0;
    const paths = [
      '../outside',
      outside,
      'link',
      'a/../../outside',
      'C:\\outside',
      '\\\\host\\share',
      '~/x',
      './link/../link',
    ];
    const fresh = async () => {
      await rm(folder, { recursive: true, force: true });
      await mkdir(join(folder, '.devcontainer'), { recursive: true });
      await mkdir(join(folder, 'a'));
      await symlink(outside, join(folder, 'link'));
      await symlink(outside, join(folder, '.devcontainer/link'));
    };
    for (const path of paths) {
      for (const build of [{ dockerfile: `${path}/Dockerfile` }, { context: path }]) {
        await fresh();
        await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\n');
        await writeFile(join(folder, SETTINGS), JSON.stringify({ build }));
        await refusal();
        await fresh();
        await writeFile(
          join(folder, '.devcontainer/devcontainer.json'),
          JSON.stringify({ build: { dockerfile: 'Dockerfile', ...build } }),
        );
        await writeFile(join(folder, '.devcontainer/Dockerfile'), 'FROM scratch\n');
        await refusal();
        tried += 2;
      }
      const config = join(folder, '.devcontainer/devcontainer.json');
      await fresh();
      await writeFile(config, JSON.stringify({ image: 'x', features: { [`./${path}/feature`]: {} } }));
      await expect(planDevcontainer(config, folder), path).rejects.toThrow(BulkheadError);
      tried++;
    }
    return `${tried} paths refused`;
  },
);
