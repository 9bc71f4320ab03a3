import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatBytes, formatDuration, formatTable, jsonLine } from '../../../src/cli/format';
import { StatusLine } from '../../../src/cli/statusLine';
import { Sink } from './fakeTerminal';

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KB'],
  [2 * 1024 ** 3, '2 GB'],
  [150.4 * 1024 ** 2, '150 MB'],
])('%d bytes read %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

it.each([
  [0.4, '0 ms'],
  [999, '999 ms'],
  [12_340, '12.3 s'],
])('%d ms read %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

it('aligns columns and keeps every row one line', () => {
  expect(
    formatTable(
      ['ID', 'NOTE'],
      [
        ['longer', 'a\nb'],
        ['x', ''],
      ],
    ),
  ).toEqual(['ID      NOTE', 'longer  a b', 'x']);
});

it('JSON is one line that parses back to the same, with no raw control character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const line = jsonLine({ text });
      expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
      expect(JSON.parse(line)).toEqual({ text });
    }),
  );
});

describe('progress', () => {
  it('prints each step once where there is no terminal', () => {
    const stderr = new Sink();
    const status = new StatusLine(stderr, { quiet: false, verbose: false });
    for (const done of [1, 2, 3]) {
      status.report({ phase: 'upload', message: '', done, total: 3, unit: 'bytes' });
    }
    status.report({ phase: 'boot', message: 'under TCG' });
    expect(stderr.text).toBe('Copying the workspace\nBooting: under TCG\n');
  });

  it('redraws one line in a terminal, no wider than it, and clears it before the log', () => {
    const stderr = Object.assign(new Sink(), { isTTY: true, columns: 30 });
    const status = new StatusLine(stderr, { quiet: false, verbose: false });
    status.report({ phase: 'build', message: 'x'.repeat(100) });
    status.log.warn('slow');
    const [, drawn = ''] = stderr.text.split('\r\u001b[K');
    expect(drawn).toHaveLength(29);
    expect(stderr.text.endsWith('\r\u001b[Kwarning: slow\n')).toBe(true);
  });

  it('--quiet keeps warnings; --verbose adds the log', () => {
    const quiet = new Sink();
    const silent = new StatusLine(quiet, { quiet: true, verbose: false });
    silent.report({ phase: 'boot', message: '' });
    silent.log.info('i');
    silent.log.warn('w');
    expect(quiet.text).toBe('warning: w\n');
    const loud = new Sink();
    new StatusLine(loud, { quiet: false, verbose: true }).log.debug('d\u001b[1m');
    expect(loud.text).toBe('d\n');
  });
});
