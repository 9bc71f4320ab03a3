import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, expect } from 'vitest';
import { BulkheadError } from '../../../src/core/errors';
import { packBuildContext, readBuildContext } from '../../../src/image/buildContext';
import { hashFeatures, planDevcontainer } from '../../../src/image/devcontainerBuild';
import { bytesOf } from '../../integration/fixtures/imageArchive';
import { attack } from '../attack';
import { Swapper } from './swapper';

const SECRET = 'secret-of-the-host-41aa';

let parent: string;
let folder: string;
beforeEach(async () => {
  parent = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-hostile-')));
  folder = join(parent, 'project');
  await mkdir(folder);
  await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY . /\n');
  await mkdir(join(parent, 'outside'));
  await writeFile(join(parent, 'outside/secret'), SECRET);
});
afterEach(() => rm(parent, { recursive: true, force: true }));

async function sent(context = folder): Promise<Buffer> {
  const read = await readBuildContext(context, join(folder, 'Dockerfile'), { within: folder });
  return bytesOf(packBuildContext(read) as Readable);
}

async function refused(work: () => Promise<unknown>): Promise<string> {
  const error: unknown = await work().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof BulkheadError)) {
    throw new Error(`not refused: ${String(error)}`);
  }
  return error.message;
}

attack(
  {
    id: 'context-links',
    from: 'repository',
    tries:
      'A build context with links to secrets, FIFOs, sockets, a sparse file of 2^40 bytes, and names with newlines, escapes, dashes and broken UTF-8.',
    holds:
      'Links stay links, what is no file is left out, too much is refused before a byte is sent, names travel as they are.',
    promise: 'settings-inside',
  },
  async () => {
    await symlink(join(parent, 'outside/secret'), join(folder, 'absolute'));
    await symlink('../outside', join(folder, 'relative'));
    await symlink('loop', join(folder, 'loop'));
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    const server = createServer().listen(join(folder, 'socket'));
    for (const name of [
      'new\nline',
      '\u001b[2J',
      '-rf',
      '--privileged',
      ' ',
      '\u202egnp',
      'n'.repeat(255),
      'constructor',
      '__proto__',
    ]) {
      await writeFile(join(folder, name), 'x');
    }
    const tar = await sent();
    server.close();
    expect(tar.includes(SECRET)).toBe(false);
    const listed = execFileSync('tar', ['--list', '--verbose', '--quoting-style=c'], {
      input: tar,
    }).toString();
    expect(listed).toMatch(/^l.* -> "\.\.\/outside"$/m);
    expect(listed).toContain('new\\nline');
    expect(listed).not.toMatch(/fifo|socket/);
    await writeFile(join(folder, '.dockerignore'), '*\n!Dockerfile\n');
    expect(
      execFileSync('tar', ['--list'], { input: await sent() })
        .toString()
        .trim(),
    ).toBe('Dockerfile');
    await rm(join(folder, '.dockerignore'));
    await writeFile(join(folder, 'huge'), '');
    await truncate(join(folder, 'huge'), 2 ** 40);
    expect(await refused(() => sent())).toContain('too large');
    await rm(join(folder, 'huge'));
    await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe])]), 'x');
    return refused(() => sent());
  },
);

attack(
  {
    id: 'context-swap',
    from: 'repository',
    tries:
      'While the context is listed, hashed and sent, one of its folders is swapped for a link out of it, over and over.',
    holds:
      'Only what was opened inside of the folder is sent; the secret beside it never is, though a plain read falls for it.',
    promise: 'settings-inside',
  },
  async () => {
    await mkdir(join(folder, 'sub'));
    await writeFile(join(folder, 'sub/secret'), 'x'.repeat(SECRET.length));
    const swapper = await Swapper.start(join(folder, 'sub'), join(parent, 'outside'));
    let fooled = 0;
    let refusals = 0;
    const rounds = 150;
    try {
      for (let n = 0; n < rounds; n++) {
        fooled += (await readFile(join(folder, 'sub/secret'), 'utf8')) === SECRET ? 1 : 0;
        const tar = await sent().catch((error: unknown) => {
          expect(error).toBeInstanceOf(BulkheadError);
          refusals++;
          return Buffer.alloc(0);
        });
        expect(tar.includes(SECRET)).toBe(false);
        await sent(join(folder, 'sub')).then(
          (bytes) => expect(bytes.includes(SECRET)).toBe(false),
          (error: unknown) => expect(error).toBeInstanceOf(BulkheadError),
        );
      }
    } finally {
      await swapper.stop();
    }
    expect(fooled).toBeGreaterThan(0);
    return `${rounds} contexts, ${refusals} refused, none with the secret; a plain read was fooled ${fooled} times`;
  },
);

attack(
  {
    id: 'context-ignore-patterns',
    from: 'repository',
    tries:
      'A .dockerignore whose patterns make a regular expression search for ever, don’t close, or are too many; and files named like parts of JavaScript.',
    holds:
      'Patterns are matched in one pass without going back; what Docker refuses is refused with the pattern’s text.',
    promise: 'bounded-use',
  },
  async () => {
    const name = 'a'.repeat(250);
    await writeFile(join(folder, name), 'x');
    const bombs = [
      `${'*a'.repeat(30)}b`,
      `${'**/*a'.repeat(30)}b`,
      `(a+)+$`,
      `${'a*?'.repeat(100)}b`,
      `${'**/'.repeat(300)}x`,
    ];
    for (const bomb of bombs) {
      await writeFile(join(folder, '.dockerignore'), bomb);
      expect((await sent()).includes(name)).toBe(true);
    }
    const odd = ['[', 'a[', '[a-', '[]a]', '\\', 'a\n'.repeat(5_000), 'x'.repeat(100_000)];
    for (const text of odd) {
      await writeFile(join(folder, '.dockerignore'), text);
      await refused(() => sent());
    }
    await writeFile(join(folder, '.dockerignore'), 'constructor\n__proto__\ntoString');
    await writeFile(join(folder, 'constructor'), SECRET);
    await writeFile(join(folder, 'toString'), SECRET);
    expect((await sent()).includes(SECRET)).toBe(false);
    await rm(join(folder, '.dockerignore'));
    await symlink(join(parent, 'outside/secret'), join(folder, '.dockerignore'));
    await sent();
    return `${bombs.length} patterns matched, ${odd.length} refused`;
  },
);

attack(
  {
    id: 'features-local',
    from: 'repository',
    tries:
      'Local Features that are links, too large, full of FIFOs, or named ".", "..", "__proto__" or like an option.',
    holds:
      'Only regular files of a folder inside the repo are copied, 100 MiB at most; other names are refused.',
    promise: 'settings-inside',
  },
  async () => {
    const own = join(folder, '.devcontainer');
    await mkdir(join(own, 'good'), { recursive: true });
    await writeFile(join(own, 'good/install.sh'), 'true');
    await symlink(join(parent, 'outside/secret'), join(own, 'good/link'));
    execFileSync('mkfifo', [join(own, 'good/fifo')]);
    await symlink(join(parent, 'outside'), join(own, 'linked'));
    await mkdir(join(own, 'large'));
    await writeFile(join(own, 'large/x'), '');
    await truncate(join(own, 'large/x'), 2 ** 40);
    const config = join(own, 'devcontainer.json');
    const plan = async (feature: string) => {
      await writeFile(config, JSON.stringify({ image: 'debian:trixie-slim', features: { [feature]: {} } }));
      const made = await planDevcontainer(config, folder);
      return hashFeatures(made);
    };
    await plan('./good');
    const refusals: string[] = [];
    for (const feature of [
      './linked',
      '../../outside',
      './good/../../../outside',
      './large',
      '/etc',
      '$(id)',
      'a b',
      '-x\n',
      './none',
    ]) {
      refusals.push(
        await refused(() => plan(feature)).catch((error: Error) =>
          Promise.reject(new Error(`${feature}: ${error.message}`)),
        ),
      );
    }
    return `${refusals.length} refused, such as: ${refusals[3]?.replaceAll(parent, '')}`;
  },
);
