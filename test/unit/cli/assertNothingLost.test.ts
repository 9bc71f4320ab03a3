import { expect, it } from 'vitest';
import type { App, WorkspaceDifference } from '../../../src/app';
import { fakeMachine } from './fakeMachine';
import { runFake } from './fakeTerminal';

function appWith(differences: App['differences']): Partial<App> & { removed: string[] } {
  const removed: string[] = [];
  const drop = async (id: string) => {
    removed.push(id);
  };
  return { removed, find: async () => fakeMachine(), differences, remove: drop, reset: drop };
}

const changed: WorkspaceDifference[] = [
  { kind: 'added', path: 'notes\u001b[31m.txt' },
  { kind: 'modified', path: 'src/main.ts' },
];

it.each(['rm', 'reset'])('%s refuses when files would be lost, and lists them', async (command) => {
  const app = appWith(async () => changed);
  const outcome = await runFake([command, 'shop'], app);
  expect(outcome.code).toBe(1);
  expect(app.removed).toEqual([]);
  expect(outcome.stderr).toContain('added     notes.txt');
  expect(outcome.stderr).toContain('modified  src/main.ts');
  expect(outcome.stderr).toContain(
    `Next: Copy out what you need, or drop it: bulkhead ${command} shop-1a2b --force`,
  );
});

it.each(['rm', 'reset'])('%s refuses when nobody can tell', async (command) => {
  const app = appWith(() => Promise.reject(new Error('the machine is stopped')));
  const outcome = await runFake([command, 'shop', '--json'], app);
  expect(outcome.code).toBe(1);
  expect(app.removed).toEqual([]);
  expect(JSON.parse(outcome.stdout).error.message).toContain('the machine is stopped');
});

it.each(['rm', 'reset'])('%s --force does not ask', async (command) => {
  const app = appWith(() => Promise.reject(new Error('not to be called')));
  expect((await runFake([command, 'shop', '--force'], app)).code).toBe(0);
  expect(app.removed).toEqual(['shop-1a2b']);
});

it('rm removes what is the same as on the host', async () => {
  const app = appWith(async () => []);
  expect((await runFake(['rm', 'shop'], app)).code).toBe(0);
  expect(app.removed).toEqual(['shop-1a2b']);
});

it('counts what it does not list', async () => {
  const many = Array.from({ length: 25 }, (_, n): WorkspaceDifference => ({ kind: 'added', path: `f${n}` }));
  expect(
    (
      await runFake(
        ['rm', 'shop'],
        appWith(async () => many),
      )
    ).stderr,
  ).toContain('… and 5 more');
});
