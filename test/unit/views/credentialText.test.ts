import { expect, test, vi } from 'vitest';
import type { MachineCredentials } from '../../../src/app';

vi.mock('vscode', async () => ({ l10n: (await import('./plainL10n')).l10n }));
const { credentialToggle } = await import('../../../src/views/credentialText');

const nothing: MachineCredentials = {
  agent: false,
  git: [],
  env: [],
  origin: 'folder',
  missing: [],
  uses: [],
};
const use = { machineId: 'a', at: 0, kind: 'git', what: 'git credentials for a.test' } as const;

test('the item says how much is lent, and how often it was used', () => {
  const text = (more: Partial<MachineCredentials>) => credentialToggle('shop', { ...nothing, ...more }).text;
  expect(text({})).toBe('$(shield) No Credentials');
  expect(text({ uses: [{ ...use, given: true }] })).toBe('$(shield) No Credentials');
  expect(text({ agent: true })).toBe('$(key) Agent');
  expect(text({ agent: true, git: ['a.test'], env: ['A_TOKEN'] })).toBe('$(key) Agent + 2');
  expect(text({ git: ['a.test'] })).toBe('$(key) Credentials: 1');
  expect(
    text({
      git: ['a.test'],
      uses: [
        { ...use, given: true },
        { ...use, given: false },
      ],
    }),
  ).toBe('$(key) Credentials: 1 (1)');
});

test('the tooltip names hosts and variables, what this computer lacks, and what was denied', () => {
  const { tooltip } = credentialToggle('shop $(trash)', {
    ...nothing,
    agent: true,
    git: ['a.test'],
    env: ['A_TOKEN', 'B_TOKEN'],
    missing: ['B_TOKEN'],
    uses: [{ ...use, given: false }],
  });
  expect(tooltip).toContain('git over https: a.test');
  expect(tooltip).toContain('A_TOKEN, B_TOKEN (not set here)');
  expect(tooltip).toContain('0 given, 1 denied');
  expect(tooltip).not.toContain('$(trash)');
});
