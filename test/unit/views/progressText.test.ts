import { expect, test } from 'vitest';
import { formatBytes, progressText } from '../../../src/views/progressText';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1 kB'],
  [1500, '1.5 kB'],
  [99_960, '100 kB'],
  [999_400, '999 kB'],
  [999_600, '1 MB'],
  [2_500_000_000, '2.5 GB'],
  [-5, '0 B'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test('names the phase, its place, its message and how far it is', () => {
  expect(
    progressText('Copying the workspace', {
      phase: 'upload',
      message: '',
      done: 12e6,
      total: 40e6,
      unit: 'bytes',
    }),
  ).toBe('8/9 Copying the workspace (12 MB of 40 MB)');
  expect(progressText('Importing layers', { phase: 'layers', message: 'layer', done: 2, total: 5 })).toBe(
    '4/9 Importing layers: layer (2 of 5)',
  );
});

test('a build line is one short line without escapes', () => {
  const message = `\u001b[31mStep 1\u001b[0m\r\n\tRUN ${'x'.repeat(500)}\u202e`;
  const text = progressText('Building the image', { phase: 'build', message });
  expect(text.startsWith('3/9 Building the image: Step 1 RUN xxx')).toBe(true);
  expect(text.length).toBeLessThan(200);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none
  expect(text).not.toMatch(/[\u0000-\u001f\u202e]/);
});
