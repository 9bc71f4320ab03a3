import { expect, test, vi } from 'vitest';
import { INFO } from '../attach/attachApp';

vi.mock('vscode', () => ({
  l10n: { t: (text: string, ...values: unknown[]) => text.replace(/\{(\d)\}/g, (_, n) => String(values[n])) },
}));

const { networkModeText, networkToggle, onCloseToggle, unknownToggle, workspaceToggle } = await import(
  '../../../src/views/toggleText'
);

test('a shut network has a lock, an open one the colour of danger', () => {
  expect(networkToggle(INFO)).toMatchObject({ text: '$(lock) No Network', danger: false });
  const open = networkToggle({ ...INFO, networkMode: 'full' });
  expect(open).toMatchObject({ text: '$(globe) Full Network', danger: true });
  expect(open.tooltip).toContain('Network of app: Full Network');
  expect(networkModeText('allowlist').icon).toBe('filter');
});

test('the workspace says that it is a copy, and of what', () => {
  const { text, tooltip, danger } = workspaceToggle(INFO);
  expect([text, danger]).toEqual(['$(files) Copy', false]);
  expect(tooltip).toContain('/home/me/app');
});

test('a mounted folder says what it is; one that the VM writes has the colour of danger', () => {
  const readOnly = workspaceToggle({ ...INFO, workspaceMode: 'mount', readOnly: true });
  expect(readOnly).toMatchObject({ text: '$(folder-library) Mount, Read-Only', danger: false });
  const writable = workspaceToggle({ ...INFO, workspaceMode: 'mount', readOnly: false });
  expect(writable).toMatchObject({ text: '$(folder-library) Mount', danger: true });
  expect(writable.tooltip).toContain('no wall');
});

test('what closing does says who decided it', () => {
  expect(onCloseToggle(INFO, 'suspend').tooltip).toContain('From the folder’s settings');
  const chosen = onCloseToggle({ ...INFO, onClose: 'keep', onCloseChosen: true }, 'keep');
  expect(chosen.text).toBe('$(coffee) Keep Running');
  expect(chosen.tooltip).toContain('Chosen for this machine');
});

test('a machine’s name can’t break the lines of a tooltip or bring control characters', () => {
  const evil = { ...INFO, name: 'a\n\u001b[31mb\u202e', networkMode: 'full' as const };
  expect(networkToggle(evil).tooltip.split('\n')[0]).toBe('Network of a b: Full Network');
});

test('what is not known is not claimed', () => {
  const unknown = unknownToggle('Bulkhead Network');
  expect(unknown.danger).toBe(false);
  expect(unknown.text).not.toMatch(/No Network|Full/);
});
