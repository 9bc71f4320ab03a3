import { expect, test } from 'vitest';
import { RememberedPorts } from '../../../src/attach/rememberedPorts';
import { fakeMemory } from './memory';

test('keeps the last hundred choices of a machine, and forgets them with it', async () => {
  const remembered = new RememberedPorts(fakeMemory());
  for (let port = 1; port <= 120; port++) {
    await remembered.choose('a', port, { forward: true, localPort: port + 1000 });
  }
  await remembered.choose('a', 50, { forward: false });
  const choices = remembered.choices('a');
  expect(choices.size).toBe(100);
  expect(choices.get(20)).toBeUndefined();
  expect(choices.get(50)).toEqual({ forward: false });
  expect(choices.get(120)).toEqual({ forward: true, localPort: 1120 });
  expect(remembered.choices('b').size).toBe(0);
  await remembered.forget('a');
  expect(remembered.choices('a').size).toBe(0);
});

test('what another version has left is passed over', () => {
  const memory = fakeMemory();
  memory.entries.set(
    'ports:a',
    '{"x":{"forward":true},"3000":"yes","80":{"forward":true,"localPort":99999},"81":null}',
  );
  expect([...new RememberedPorts(memory).choices('a')]).toEqual([[80, { forward: true }]]);
});

test('a port is announced once', async () => {
  const remembered = new RememberedPorts(fakeMemory());
  expect(await remembered.announce('a', 3000)).toBe(true);
  expect(await remembered.announce('a', 3000)).toBe(false);
  expect(await remembered.announce('b', 3000)).toBe(true);
});

test('notices can be turned off and on', async () => {
  const remembered = new RememberedPorts(fakeMemory());
  await remembered.setNotices(false);
  expect(remembered.noticesOff).toBe(true);
  await remembered.setNotices(true);
  expect(remembered.noticesOff).toBe(false);
});
