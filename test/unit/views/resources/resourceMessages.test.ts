import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PAGE_ACTIONS, readPageMessage } from '../../../../src/views/resources/resourceMessages';

test('reads what the page says', () => {
  expect(readPageMessage({ type: 'ready' })).toEqual({ type: 'ready' });
  for (const action of PAGE_ACTIONS) {
    expect(readPageMessage({ type: 'action', action, extra: 1 })).toEqual({ type: 'action', action });
  }
});

test('anything else is no message', () => {
  for (const message of [
    undefined,
    null,
    'ready',
    [],
    {},
    { type: 'action' },
    { type: 'action', action: 'remove' },
    { type: 'action', action: ['start'] },
    { type: 'action', action: { toString: () => 'start' } },
    { type: 'show' },
  ]) {
    expect(readPageMessage(message)).toBeUndefined();
  }
  fc.assert(
    fc.property(fc.anything(), (message) => {
      const read = readPageMessage(message);
      return read === undefined || read.type === 'ready' || PAGE_ACTIONS.includes(read.action);
    }),
  );
});
