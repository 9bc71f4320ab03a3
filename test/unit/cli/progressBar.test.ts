import { describe, expect, it } from 'vitest';
import { barStyle, fractionOf, progressLine } from '../../../src/cli/progressBar';
import { StatusLine } from '../../../src/cli/statusLine';
import { Sink } from './fakeTerminal';

const PLAIN = { columns: 80, color: false, unicode: false };

describe('progressLine', () => {
  it('draws a bar with percent and amount where the end is known', () => {
    const event = { phase: 'upload', message: '', done: 512, total: 2048, unit: 'bytes' } as const;
    expect(progressLine(event, PLAIN)).toBe(
      '8/9 Copying the workspace #####...............  25 % (512 B of 2 KB)',
    );
    expect(progressLine(event, { ...PLAIN, unicode: true })).toContain(' ━━━━━─────');
    expect(progressLine(event, { ...PLAIN, color: true })).toContain(
      '\u001b[36m#####\u001b[39m\u001b[2m...............\u001b[22m',
    );
  });

  it('draws one for the steps of a build', () => {
    expect(progressLine({ phase: 'build', message: '[3/5] RUN make' }, PLAIN)).toBe(
      '3/9 Building the image: [3/5] RUN make ########............  40 %',
    );
    expect(fractionOf({ phase: 'build', message: '[stage-1 2/4] COPY . .' })).toBe(0.25);
    // A lifecycle command's own output is no build step.
    expect(fractionOf({ phase: 'hooks', message: '[1/4] Resolving packages...' })).toBeUndefined();
    expect(fractionOf({ phase: 'build', message: '[7/5] odd' })).toBeUndefined();
  });

  it('draws none where the end is not known, and never one past its end', () => {
    expect(progressLine({ phase: 'boot', message: 'under TCG' }, PLAIN)).toBe('6/9 Booting: under TCG');
    expect(progressLine({ phase: 'upload', message: '', done: 3 }, PLAIN)).toBe(
      '8/9 Copying the workspace (3)',
    );
    expect(fractionOf({ phase: 'upload', message: '', done: 9, total: 3 })).toBe(1);
    expect(fractionOf({ phase: 'upload', message: '', done: 0, total: 0 })).toBeUndefined();
  });

  it.each([20, 40, 60, 80, 200])(
    'is narrower than a terminal of %i columns, whatever the message',
    (columns) => {
      for (const message of ['', 'x'.repeat(300)]) {
        const event = { phase: 'layers', message, done: 5, total: 7, unit: 'count' } as const;
        expect(progressLine(event, { ...PLAIN, columns }).length).toBeLessThan(columns);
      }
    },
  );
});

it('the environment decides: NO_COLOR, the locale, a terminal that does not know its size', () => {
  expect(barStyle({ LANG: 'de_DE.UTF-8' }, 100)).toEqual({ columns: 100, color: true, unicode: true });
  expect(barStyle({ LC_ALL: 'C', LANG: 'de_DE.UTF-8', NO_COLOR: '1' }, 0)).toEqual({
    columns: 80,
    color: false,
    unicode: false,
  });
  expect(barStyle({ NO_COLOR: '' }, undefined)).toMatchObject({ color: true });
});

it('a terminal that can’t redraw gets plain lines', () => {
  const stderr = Object.assign(new Sink(), { isTTY: true, columns: 80 });
  const status = new StatusLine(stderr, { quiet: false, verbose: false }, { TERM: 'dumb' });
  status.report({ phase: 'upload', message: '', done: 1, total: 2 });
  expect(stderr.text).toBe('Copying the workspace\n');
});
