import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { machineId } from '../../../src/settings/machineId';
import { Cli } from '../../integration/fixtures/cli';
import { tracesOf } from '../../integration/fixtures/machine';
import { makeWorkspace } from '../../integration/fixtures/workspace';
import { attack } from '../attack';

const SECRET = 'secret-of-the-host-93c0';

let cli: Cli;
beforeAll(async () => {
  cli = await Cli.make();
});
afterAll(() => cli?.dispose());

/** Builds a folder with this Dockerfile in vain, and returns what people see. */
async function refused(name: string, dockerfile: string): Promise<string> {
  const workspace = await makeWorkspace(name, { Dockerfile: dockerfile, '.bulkhead.json': '{"build": {}}' });
  try {
    const outside = join(dirname(workspace.folder), 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'secret'), SECRET);
    await symlink('../outside/secret', join(workspace.folder, 'link'));
    await symlink('../outside', join(workspace.folder, 'folder'));
    const { code, stdout, stderr } = await cli.run(['up', workspace.folder, '--json']);
    expect(code, name).not.toBe(0);
    expect(await tracesOf(machineId(workspace.folder)), name).toEqual([]);
    return stdout + stderr;
  } finally {
    await workspace.dispose();
  }
}

attack(
  {
    id: 'dockerfile-copies',
    from: 'repository',
    tries:
      'A Dockerfile that copies a secret beside the folder: by "..", by an absolute path, by a link to it and through a linked folder.',
    holds:
      'The build fails, because only what lies in the folder is sent, links as links; the secret is in no output.',
    promise: 'settings-inside',
  },
  async () => {
    const ways = ['../outside/secret', '/outside/secret', 'link', 'folder/secret'];
    for (const [n, way] of ways.entries()) {
      const dockerfile = `FROM debian:trixie-slim\nCOPY ${way} /leak\nRUN cat /leak; exit 3\n`;
      expect(await refused(`copy-${n}`, dockerfile), way).not.toContain(SECRET);
    }
    return `${ways.length} builds refused`;
  },
  { timeoutMs: 240_000 },
);

attack(
  {
    id: 'dockerfile-output',
    from: 'repository',
    tries:
      'A build step that prints escape sequences (title, clear, clipboard), direction marks, a line of a megabyte, and then fails.',
    holds: 'Progress, error and JSON show its last lines as plain text, and no more than they need.',
    promise: 'hostile-input',
  },
  async () => {
    const evil =
      "printf '\\033]0;owned\\007\\033[2J\\033]52;c;aGk=\\007\\xe2\\x80\\xaesay hello\\n'; head -c 1000000 /dev/zero | tr '\\\\0' x; echo; echo nearly there; exit 7";
    const said = await refused('output', `FROM debian:trixie-slim\nRUN ${evil}\n`);
    expect(said).toContain('nearly there');
    expect(said).not.toMatch(/(?![\n\t\r])[\p{Cc}\p{Bidi_Control}]/u);
    expect(said.length).toBeLessThan(200_000);
    return `${said.length} characters, all printable`;
  },
  { timeoutMs: 240_000 },
);
