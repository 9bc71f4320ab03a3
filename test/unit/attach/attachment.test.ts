import { beforeEach, expect, test } from 'vitest';
import { Attachment, type AttachmentStatus } from '../../../src/attach/attachment';
import { silentLog } from '../../../src/core/log';
import { INFO, OneMachine } from './attachApp';

let app: OneMachine;
let presented: number;
let statuses: AttachmentStatus['kind'][];

function attach(id = INFO.id): Attachment {
  const attachment = new Attachment(id, app, silentLog, (_info, work) => {
    presented++;
    return work(new AbortController().signal, () => undefined);
  });
  attachment.onDidChange(({ kind }) => statuses.push(kind));
  return attachment;
}

beforeEach(() => {
  app = new OneMachine();
  presented = 0;
  statuses = [];
});

test('all first requests share one bring-up', async () => {
  app.state = 'stopped';
  const attachment = attach();
  await Promise.all([attachment.files(), attachment.files(), attachment.machine()]);
  expect(app.calls).toEqual(['start', 'guest', 'files']);
  expect(presented).toBe(1);
  expect(attachment.status.kind).toBe('attached');
});

test('a suspended machine is resumed, a running one is not touched', async () => {
  app.state = 'suspended';
  await attach().machine();
  expect(app.calls).toEqual(['resume', 'guest']);
  app.calls = [];
  await attach().machine();
  expect(app.calls).toEqual(['guest']);
  expect(presented).toBe(1);
});

test('after a failure nothing tries again by itself; attach does', async () => {
  app.state = 'stopped';
  app.failure = new Error('no engine');
  const attachment = attach();
  await expect(attachment.files()).rejects.toThrow('no engine');
  await expect(attachment.files()).rejects.toThrow('no engine');
  expect(app.calls).toEqual(['start']);
  app.failure = undefined;
  await attachment.attach();
  await attachment.files();
  expect(app.calls).toEqual(['start', 'start', 'guest', 'files']);
});

test('a machine that the user stopped stays stopped, whatever reads its files', async () => {
  const attachment = attach();
  await attachment.machine();
  app.state = 'stopped';
  await attachment.refresh();
  expect(attachment.status.kind).toBe('away');
  await expect(attachment.files()).rejects.toThrow('app is stopped');
  expect(app.calls).toEqual(['guest']);
});

test('a machine that somebody else brought back is attached again', async () => {
  const attachment = attach();
  await attachment.machine();
  app.state = 'suspended';
  await attachment.refresh();
  app.state = 'running';
  await attachment.refresh();
  expect(attachment.status.kind).toBe('attached');
  expect(presented).toBe(0);
  expect(statuses).toEqual([
    'attaching',
    'attaching',
    'attached',
    'away',
    'attaching',
    'attaching',
    'attached',
  ]);
});

test('a machine that is removed is gone; an engine that does not answer changes nothing', async () => {
  const attachment = attach();
  await attachment.machine();
  const { find } = app;
  app.find = () => Promise.reject(new Error('engine is away'));
  await expect(attachment.refresh()).rejects.toThrow('engine is away');
  expect(attachment.status.kind).toBe('attached');
  app.find = find;
  app.state = 'gone';
  await attachment.refresh();
  expect(attachment.status).toMatchObject({ kind: 'away', info: { state: 'gone' } });
});

test('a prefix of an id is not the machine', async () => {
  await expect(attach('app').machine()).rejects.toThrow('There is no machine "app"');
  expect(app.calls).toEqual([]);
});

test('files are opened again after the connection was lost', async () => {
  const attachment = attach();
  const first = await attachment.files();
  expect(await attachment.files()).toBe(first);
  app.disconnects.fire(new Error('broken pipe'));
  expect(await attachment.files()).not.toBe(first);
});

test('nothing is asked of the engine before somebody asks for the machine', async () => {
  const attachment = attach();
  await attachment.refresh();
  expect(app.calls).toEqual([]);
  expect(attachment.status.kind).toBe('idle');
});
