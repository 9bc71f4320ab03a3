import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Files, Gate, LocalGuest } from './localGuest';

let local: LocalGuest;
beforeAll(async () => {
  local = await LocalGuest.make();
});
afterAll(() => local.dispose());

/** `count` files of a package manager. */
const installed = (folder: string, count: number, content = 'x'): Files =>
  Object.fromEntries(
    Array.from({ length: count }, (_each, index) => [`${folder}/p${index % 10}/f${index}.js`, content]),
  );

describe('installed dependencies', () => {
  test('a folder of hundreds is one row, neither read nor brought back', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a', 'z.txt': 'z' });
    await gate.inGuest({
      ...installed('node_modules', 300),
      'node_modules/.bin/p': { link: '../p0/f0.js' },
      'packages/b/node_modules/c/index.js': 'c',
      'z.txt': 'Z',
    });
    const { changes, hashedFiles, token, truncated } = await gate.review();
    expect(truncated).toBe(false);
    expect(hashedFiles).toBe(2);
    expect(
      changes.map(({ path, dangers, files, blocked }) => [path, dangers, files, blocked !== undefined]),
    ).toEqual([
      ['packages/b/node_modules/c/index.js', ['installed'], undefined, false],
      ['z.txt', [], undefined, false],
      ['node_modules', ['installed'], 301, true],
    ]);
    const { applied, refused } = await gate.gate.applyReview(
      token,
      changes.map(({ path }) => ({ path, dangersAccepted: true, resolution: 'guest' as const })),
    );
    expect(applied).toEqual(['packages/b/node_modules/c/index.js', 'z.txt']);
    expect(refused.map(({ path }) => path)).toEqual(['node_modules']);
  });

  test('a few are listed, each with the danger; a limit cuts them before anything else', async () => {
    const gate = await Gate.of(local, {});
    await gate.inGuest({ ...installed('vendor', 20), 'zz/source.ts': 'x' });
    const { changes } = await gate.review();
    expect(changes).toHaveLength(21);
    expect(changes.filter(({ dangers }) => dangers.includes('installed'))).toHaveLength(20);
    const cut = await gate.gate.review('m-1', { limit: 2 });
    expect(cut.truncated).toBe(true);
    expect(cut.changes.map(({ path }) => path)).toEqual(['vendor/p0/f0.js', 'zz/source.ts']);
  });

  test('that were copied: changed and deleted ones are counted, untouched ones are not', async () => {
    const gate = await Gate.of(local, { ...installed('node_modules', 450), 'a.txt': 'a' });
    expect((await gate.review()).changes).toEqual([]);
    await gate.inGuest(installed('node_modules', 150, 'y'));
    expect((await gate.review()).changes).toHaveLength(150);
    await rm(join(gate.workspace, 'node_modules/p9'), { recursive: true });
    await rm(join(gate.workspace, 'node_modules/p8'), { recursive: true });
    expect((await gate.review()).changes).toMatchObject([
      { path: 'node_modules', kind: 'modified', files: 120 + 90 },
    ]);
    await rm(join(gate.workspace, 'node_modules'), { recursive: true });
    const { changes } = await gate.review();
    expect(changes).toMatchObject([{ path: 'node_modules', kind: 'deleted', files: 450 }]);
    await writeFile(join(gate.workspace, 'node_modules'), 'a file');
    expect((await gate.review()).changes.map(({ path }) => path)).toContain('node_modules');
  });
});
