import { expect, test } from 'vitest';
import type { AttachmentStatus } from '../../../src/attach/attachment';
import { machineStateText as localText } from '../../../src/views/machineStateText';
import { INFO } from '../attach/attachApp';

const l10n = {
  t: (text: string, ...values: unknown[]) => text.replace(/\{(\d)\}/g, (_, n) => String(values[n])),
};
const machineStateText = (id: string, status: AttachmentStatus) => localText(id, status, l10n);

test('says name and state', () => {
  const { text, severity, tooltip } = machineStateText('app-1', { kind: 'attached', info: INFO });
  expect(text).toBe('$(vm-running) app: running');
  expect(severity).toBe('none');
  expect(tooltip).toContain('2 CPU, 2048 MiB, tcg');
});

test('a machine that is away stands out, with the reason', () => {
  const info = { ...INFO, state: 'suspended' as const };
  const suspended = machineStateText('app-1', { kind: 'away', info, error: new Error('app is suspended') });
  expect(suspended).toMatchObject({ text: '$(debug-pause) app: suspended', severity: 'warning' });
  expect(suspended.tooltip).toContain('app is suspended');
});

test('a machine that runs but is not reached, or of which nothing is known, has failed', () => {
  const error = new Error('no answer');
  expect(machineStateText('app-1', { kind: 'away', info: INFO, error }).text).toBe('$(error) app: failed');
  expect(machineStateText('app-1', { kind: 'away', error })).toMatchObject({
    text: '$(error) app-1: failed',
    severity: 'error',
  });
});

test('before anything is known it is starting', () => {
  expect(machineStateText('app-1', { kind: 'idle' }).text).toBe('$(loading~spin) app-1: starting');
});

test('a repo cannot put icons, lines or escapes into the status bar', () => {
  const info = { ...INFO, name: 'a$(trash)\n\u001b[31mb' };
  expect(machineStateText('app-1', { kind: 'attached', info }).text).toBe(
    '$(vm-running) a$\u2060(trash) b: running',
  );
});
