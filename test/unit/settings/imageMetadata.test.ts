import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { BulkheadError } from '../../../src/core/errors';
import { mergeImageMetadata, parseImageMetadata } from '../../../src/settings/imageMetadata';
import { readWorkspace } from '../../../src/settings/readWorkspace';
import { workspace } from './workspaceFixture';

async function specOf(devcontainer: object) {
  const folder = await workspace({ '.devcontainer.json': devcontainer });
  return await readWorkspace(folder, { grants: { now: 'all' } });
}

describe('parseImageMetadata', () => {
  it('reads a list or one entry and ignores what does not concern us', () => {
    const label =
      '[{"id": "ghcr.io/x/y:1", "privileged": true, "onCreateCommand": "a"}, {"remoteUser": "vscode"}]';
    expect(parseImageMetadata(label)).toEqual([
      { id: 'ghcr.io/x/y:1', onCreateCommand: 'a' },
      { remoteUser: 'vscode' },
    ]);
    expect(parseImageMetadata('{"remoteUser": "node"}')).toEqual([{ remoteUser: 'node' }]);
  });

  it.each([
    ['', 'empty'],
    ['[1]', 'is not an object'],
    ['[{"remoteUser": 1}]', '0.remoteUser: 1 is not an account name'],
    ['[{"remoteEnv": {"BULKHEAD_CWD": "/"}}]', 'BULKHEAD_CWD'],
    [`[${'{},'.repeat(600)}{}]`, 'more than 500 entries'],
    ['['.repeat(100_000), 'nested'],
    [' '.repeat(1024 ** 2 + 1), 'longer than 1 MiB'],
  ])('refuses %.40s', (label, expected) => {
    expect(() => parseImageMetadata(label)).toThrow(BulkheadError);
    expect(() => parseImageMetadata(label)).toThrow(expected);
  });

  it('throws nothing but BulkheadError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (label) => {
        try {
          expect(Array.isArray(parseImageMetadata(label))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(BulkheadError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('mergeImageMetadata', () => {
  it("merges as the specification has it: the image's first, devcontainer.json's last", async () => {
    const spec = await specOf({
      image: 'x',
      containerEnv: { A: 'own' },
      remoteEnv: { R: 'own' },
      forwardPorts: [3000, 4000],
      postCreateCommand: 'own',
    });
    const merged = mergeImageMetadata(
      spec,
      parseImageMetadata(
        JSON.stringify([
          {
            remoteUser: 'one',
            containerEnv: { A: '1', B: '1' },
            postCreateCommand: 'first',
            forwardPorts: [80],
          },
          {
            remoteUser: 'two',
            containerEnv: { B: '2' },
            remoteEnv: { R: 'x', S: '${containerWorkspaceFolder}' },
          },
          { postCreateCommand: ['second'], onCreateCommand: { n: 'x' }, forwardPorts: [3000] },
        ]),
      ),
    );
    expect(merged).toMatchObject({
      remoteUser: 'two',
      containerEnv: { A: 'own', B: '2' },
      remoteEnv: { R: 'own', S: '/workspaces/app' },
      // The image's own port 80 is left out: it would open on the user's computer.
      forwardPorts: [3000, 4000],
      hooks: { onCreateCommand: [{ n: 'x' }], postCreateCommand: ['first', ['second'], 'own'] },
    });
    expect(merged.warnings.join()).toMatch(/The image asks to open the machine's ports 80 on this computer/);
  });

  it("lets devcontainer.json's remoteUser win, and the image's remoteUser win over any containerUser", async () => {
    const image = [{ remoteUser: 'vscode', containerUser: 'root' }];
    expect(mergeImageMetadata(await specOf({ remoteUser: 'node' }), image).remoteUser).toBe('node');
    const inferred = await specOf({ containerUser: 'app' });
    expect(inferred.remoteUser).toBe('app');
    expect(mergeImageMetadata(inferred, image).remoteUser).toBe('vscode');
    expect(mergeImageMetadata(inferred, [{ containerUser: 'root' }]).remoteUser).toBe('app');
    expect(mergeImageMetadata(await specOf({}), [{ containerUser: 'root' }]).remoteUser).toBe('root');
    expect(mergeImageMetadata(await specOf({}), []).remoteUser).toBeUndefined();
  });

  it("does not run devcontainer.json's own commands twice where @devcontainers/cli put them into the label", async () => {
    const spec = await specOf({ image: 'x', features: { 'ghcr.io/x/y:1': {} }, postCreateCommand: 'own' });
    const entries = [{ id: 'ghcr.io/x/y:1', postCreateCommand: 'feature' }, { postCreateCommand: 'own' }];
    expect(mergeImageMetadata(spec, entries).hooks.postCreateCommand).toEqual(['feature', 'own']);
  });

  it('gives the image no variable of the host', async () => {
    vi.stubEnv('BULKHEAD_TEST_SECRET', 'hunter2');
    onTestFinished(() => void vi.unstubAllEnvs());
    const merged = mergeImageMetadata(await specOf({}), [
      { containerEnv: { A: '${localEnv:BULKHEAD_TEST_SECRET:none}' } },
    ]);
    expect(merged.containerEnv).toEqual({ A: 'none' });
    expect(merged.warnings.join()).toContain('variables of the host');
  });
});
