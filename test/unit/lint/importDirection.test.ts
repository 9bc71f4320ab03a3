import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const biome = join(
  dirname(createRequire(import.meta.url).resolve('@biomejs/biome/package.json')),
  'bin/biome',
);

const refused = [
  ['src/disk/a.ts', '../machine/hypervisor'],
  ['src/settings/a.ts', '../image/engine'],
  ['src/machine/kvm/a.ts', '../../guest/guest'],
  ['src/guest/a.ts', '../attach/x'],
  ['src/core/a.ts', '../settings/workspaceSpec'],
  ['src/image/a.ts', '../app'],
  ['src/guest/b.ts', '../app/services'],
  ['src/attach/a.ts', '../commands/x'],
  ['src/app/a.ts', '../attach/x'],
  ['src/cli/a.ts', '../views/x'],
  ['src/disk/b.ts', 'vscode'],
  ['src/app/b.ts', 'vscode'],
  ['src/cli/b.ts', 'vscode'],
] as const;

const allowed = [
  ['src/machine/a.ts', '../disk/layerStore'],
  ['src/guest/c.ts', '../core/errors'],
  ['src/attach/b.ts', 'vscode'],
  ['src/views/a.ts', '../app'],
  ['src/commands/a.ts', '../attach/x'],
] as const;

const floating = 'src/core/b.ts';

const folder = mkdtempSync(join(tmpdir(), 'bulkhead-lint-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The project's own rules on a small tree with one import a file: the rules that each file breaks. */
function lintTree(): Map<string, string[]> {
  const config = JSON.parse(readFileSync('biome.json', 'utf8')) as Record<string, unknown>;
  writeFileSync(
    join(folder, 'biome.json'),
    JSON.stringify({ ...config, $schema: undefined, vcs: { enabled: false } }),
  );
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const [path, imported] of [...refused, ...allowed]) {
    write(path, `import { x } from '${imported}';\n\nexport const y = x;\n`);
  }
  write(floating, 'async function f() {}\n\nexport function g() {\n  f();\n}\n');
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [biome, 'lint', '--reporter=json', '--max-diagnostics=none', '.'],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  );
  const broken = new Map<string, string[]>();
  const report = JSON.parse(stdout || stderr) as {
    diagnostics: { category: string; location: { path: unknown } }[];
  };
  for (const { category, location } of report.diagnostics) {
    const path = typeof location.path === 'string' ? location.path : (location.path as { file: string }).file;
    broken.set(path, [...(broken.get(path) ?? []), category]);
  }
  return broken;
}

describe('the lint', () => {
  const broken = lintTree();

  it.each(refused)('refuses %s importing %s', (path) => {
    expect(broken.get(path)).toContain('lint/style/noRestrictedImports');
  });

  it.each(allowed)('lets %s import %s', (path) => {
    expect(broken.get(path) ?? []).toEqual([]);
  });

  it('refuses a promise that nobody awaits', () => {
    expect(broken.get(floating)).toContain('lint/nursery/noFloatingPromises');
  });
});
