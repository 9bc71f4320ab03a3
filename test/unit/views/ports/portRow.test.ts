import { expect, test } from 'vitest';
import { parsePort } from '../../../../src/views/ports/parsePort';
import { portRow } from '../../../../src/views/ports/portRow';
import { l10n } from '../plainL10n';

const listening = { port: 3000, address: 'any' as const, process: { pid: 7, name: 'node' } };

test('who listens, and where it is forwarded to', () => {
  expect(portRow({ port: 3000, listening }, l10n)).toMatchObject({
    label: '3000',
    description: 'node (7)',
    contextValue: 'port.listening',
  });
  const open = { kind: 'open' as const, localPort: 4000 };
  expect(portRow({ port: 3000, listening, forward: open }, l10n)).toMatchObject({
    description: '127.0.0.1:4000 · node (7)',
    contextValue: 'port.open',
  });
  expect(portRow({ port: 3000, forward: open }, l10n).description).toBe(
    '127.0.0.1:4000 · nothing listens yet',
  );
  const failed = { kind: 'failed' as const, error: new Error('no way') };
  expect(portRow({ port: 3000, listening, forward: failed }, l10n)).toMatchObject({
    description: 'not forwarded: no way · node (7)',
    contextValue: 'port.failed',
  });
});

test('a process can’t name itself into a link, an icon or a second line', () => {
  const described = (name: string) =>
    portRow({ port: 3000, listening: { ...listening, process: { pid: 7, name } } }, l10n).description ?? '';
  expect(described('[Update](command:workbench.action.quit)')).not.toContain('](');
  expect(described('$(trash)\n\u001b[2J\u202ex')).toBe('$\u2060(trash) x (7)');
  expect(described('x'.repeat(1000)).length).toBeLessThan(50);
});

test.each([
  ['3000', 3000],
  [' 1 ', 1],
  ['65535', 65_535],
  ['0', undefined],
  ['65536', undefined],
  ['', undefined],
  ['80a', undefined],
  ['-1', undefined],
  ['1e3', undefined],
])('%j typed as a port', (text, port) => expect(parsePort(text)).toBe(port));
