import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Attachments } from '../../../src/attach/attachments';
import { isLeased } from '../../../src/attach/leases';
import { WindowLeases } from '../../../src/attach/windowLeases';
import { silentLog } from '../../../src/core/log';
import type { OnClose } from '../../../src/settings/workspaceSpec';
import { INFO, OneMachine } from './attachApp';

let folder: string;
let app: OneMachine;
let attachments: Attachments;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'window-'));
  app = new OneMachine();
  attachments = new Attachments(app, silentLog, (_info, work) =>
    work(new AbortController().signal, () => undefined),
  );
});
afterEach(() => {
  attachments.dispose();
  rmSync(folder, { recursive: true });
});

function leases(onClose: OnClose): { leases: WindowLeases; released: string[] } {
  const released: string[] = [];
  const release = (id: string, action: string, graceMs: number) => {
    released.push(`${action} ${id}${graceMs > 30_000 ? ' later' : ''}`);
  };
  return {
    leases: new WindowLeases(folder, attachments, () => onClose, release, silentLog),
    released,
  };
}

test('a window holds its machine from the first moment, and lets it rest when it closes', async () => {
  const window = leases('suspend');
  const attaching = attachments.hold(INFO.id).machine();
  expect(isLeased(folder, INFO.id)).toBe(true);
  await attaching;
  window.leases.dispose();
  expect(isLeased(folder, INFO.id)).toBe(false);
  expect(window.released).toEqual([`suspend ${INFO.id}`]);
});

test('a machine that another window is about to show gets more time', async () => {
  const window = leases('suspend');
  await attachments.hold(INFO.id).machine();
  window.leases.handOver(INFO.id);
  window.leases.dispose();
  expect(window.released).toEqual([`suspend ${INFO.id} later`]);
});

test('"keep" leaves the machine alone', async () => {
  const window = leases('keep');
  await attachments.hold(INFO.id).machine();
  window.leases.dispose();
  expect(window.released).toEqual([]);
  expect(isLeased(folder, INFO.id)).toBe(false);
});

test('a machine that is stopped already is left alone', async () => {
  const window = leases('stop');
  const attachment = attachments.hold(INFO.id);
  await attachment.machine();
  app.state = 'stopped';
  await attachment.refresh();
  window.leases.dispose();
  expect(window.released).toEqual([]);
});

test('an engine event makes every attachment look again', async () => {
  const attachment = attachments.hold(INFO.id);
  await attachment.machine();
  app.state = 'suspended';
  const away = new Promise<void>((resolve) => {
    attachments.onDidChange(({ status }) => status.kind === 'away' && resolve());
  });
  app.engine.fire();
  await away;
  expect(attachments.list()).toEqual([attachment]);
  expect(attachments.hold(INFO.id)).toBe(attachment);
});
