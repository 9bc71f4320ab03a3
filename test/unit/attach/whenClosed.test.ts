import { expect, test } from 'vitest';
import { whenClosed } from '../../../src/attach/whenClosed';
import { INFO } from './attachApp';

const closing = (onClose: 'suspend' | 'stop' | 'keep') =>
  whenClosed({ onClose: () => undefined }, { onClose: () => onClose });

test('a machine with a mounted folder can’t sleep: it stops instead, and is kept if that is wanted', () => {
  const mounted = { ...INFO, workspaceMode: 'mount' as const, readOnly: true };
  expect(closing('suspend')(INFO)).toBe('suspend');
  expect(closing('suspend')(mounted)).toBe('stop');
  expect(closing('keep')(mounted)).toBe('keep');
});
