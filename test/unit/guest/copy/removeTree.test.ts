import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CopyUndo } from '../../../../src/guest/copy/copyUndo';
import { HostFolder } from '../../../../src/guest/copy/hostFolder';
import { lostToSwaps } from './swappingGuest';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'bulkhead-remove-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

test('a folder that is swapped for a link while its tree is removed leads nowhere', async () => {
  expect(await lostToSwaps(base, 5)).toBe(0);
}, 60_000);

describe('what is removed', () => {
  test('links as links, names that are no UTF-8, and nothing that is not there', async () => {
    const outside = join(base, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'kept'), 'x');
    const tree = join(base, 'tree');
    mkdirSync(join(tree, 'a', 'b'), { recursive: true });
    symlinkSync(outside, join(tree, 'a', 'link'));
    symlinkSync(outside, join(base, 'top'));
    execFileSync('sh', ['-c', 'touch "$(printf "%s/a/odd\\377" "$1")"', 'sh', tree]);
    const folder = await HostFolder.open(base);
    for (const name of ['tree', 'top', 'missing']) {
      await folder.remove(name);
    }
    await folder.close();
    expect(readdirSync(base)).toEqual(['outside']);
    expect(readdirSync(outside)).toEqual(['kept']);
  });

  test('a tree without an end is refused, not followed until no file can be opened', async () => {
    let path = join(base, 'deep');
    for (let depth = 0; depth < 400; depth++) {
      path = join(path, 'd');
    }
    mkdirSync(path, { recursive: true });
    const folder = await HostFolder.open(base);
    await expect(folder.remove('deep')).rejects.toThrow(/folders deep/);
    await folder.close();
  });
});

describe('a copy that replaces', () => {
  test('never leaves the name without a file, and keeps what was there under a name that says so', async () => {
    writeFileSync(join(base, 'mine.txt'), 'old');
    const target = await HostFolder.open(base);
    const undo = new CopyUndo(target);
    await undo.begin();
    const file = await undo.staging.makeFile('mine.txt', 0o600);
    await file.writeFile('new');
    await file.close();
    const seen: string[] = [];
    const from = undo.staging;
    const over = from.moveOver.bind(from);
    from.moveOver = async (name, to, newName) => {
      // What a process that is killed here leaves behind.
      seen.push(readFileSync(join(base, 'mine.txt'), 'utf8'));
      await over(name, to, newName);
    };
    await undo.place(from, 'mine.txt', target, true);
    expect(seen).toEqual(['old']);
    expect(readFileSync(join(base, 'mine.txt'), 'utf8')).toBe('new');
    const hidden = readdirSync(base).find((name) => name.startsWith('.bulkhead-copy-')) ?? '';
    expect(readFileSync(join(base, hidden, '.replaced-1-mine.txt'), 'utf8')).toBe('old');
    await undo.revert();
    await undo.settle();
    expect(readFileSync(join(base, 'mine.txt'), 'utf8')).toBe('old');
    expect(readdirSync(base)).toEqual(['mine.txt']);
  });
});
