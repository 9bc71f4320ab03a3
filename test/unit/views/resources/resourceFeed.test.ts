import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DiskUse, ResourceListener } from '../../../../src/app';
import { BulkheadError } from '../../../../src/core/errors';
import { Listeners } from '../../../../src/core/listeners';
import { silentLog } from '../../../../src/core/log';
import type { MachineInfo } from '../../../../src/machine/hypervisor';
import { type FeedApp, ResourceFeed } from '../../../../src/views/resources/resourceFeed';
import { ResourceHistories } from '../../../../src/views/resources/resourceHistory';
import type { ToPage } from '../../../../src/views/resources/resourceMessages';
import { ResourceSelection } from '../../../../src/views/resources/resourceSelection';
import { INFO } from '../../attach/attachApp';
import { sampleAt } from './samples';

const USE: DiskUse = {
  layers: [],
  sharedBytes: 1,
  ownBytes: 2,
  upperBytes: 3,
  upperLimitBytes: 4,
  savedMemoryBytes: 0,
};

/** Machines that do as the test says; counts who watches what. */
class ScriptedApp implements FeedApp {
  machines: MachineInfo[] = [INFO];
  failure: Error | undefined;
  watchers: { id: string; listener: ResourceListener }[] = [];
  watched = 0;
  diskUses = 0;
  readonly events = new Listeners<void>();
  eventListeners = 0;

  list = async () => {
    if (this.failure) {
      throw this.failure;
    }
    return this.machines;
  };

  watchResources = (id: string, listener: ResourceListener) => {
    const watcher = { id, listener };
    this.watchers.push(watcher);
    this.watched++;
    return {
      dispose: () => {
        this.watchers = this.watchers.filter((each) => each !== watcher);
      },
    };
  };

  diskUse = async () => {
    this.diskUses++;
    return USE;
  };

  onDidChangeMachines = (listener: () => void) => {
    this.eventListeners++;
    const following = this.events.add(listener);
    return {
      dispose: () => {
        this.eventListeners--;
        following.dispose();
      },
    };
  };

  sample(at: number) {
    for (const { listener } of this.watchers) {
      listener.onSample(sampleAt(at));
    }
  }
}

let app: ScriptedApp;
let selection: ResourceSelection;
let feed: ResourceFeed;
let posted: ToPage[];
const settle = () => vi.advanceTimersByTimeAsync(0);
const last = <Type extends ToPage['type']>(type: Type) =>
  posted.findLast((message): message is Extract<ToPage, { type: Type }> => message.type === type);

beforeEach(() => {
  vi.useFakeTimers();
  app = new ScriptedApp();
  selection = new ResourceSelection(() => ({ machineId: INFO.id, folders: [] }));
  posted = [];
  feed = new ResourceFeed(app, selection, new ResourceHistories(), {}, silentLog, (message) =>
    posted.push(message),
  );
});

afterEach(() => {
  feed.dispose();
  vi.useRealTimers();
});

test('nothing runs before the page is there', async () => {
  await settle();
  expect([app.watched, app.eventListeners, posted.length, vi.getTimerCount()]).toEqual([0, 0, 0, 0]);
});

test('samples of a running machine reach the page', async () => {
  feed.start();
  expect(last('show')).toMatchObject({ watch: { kind: 'loading' }, frames: [] });
  await settle();
  expect(last('show')?.machine).toMatchObject({ id: 'app-1', state: 'running', cpus: 2 });
  app.sample(1000);
  expect(last('watch')?.watch).toEqual({ kind: 'live' });
  expect(last('frame')).toMatchObject({ frame: { at: 1000 }, processes: { count: 57 } });
  expect(last('space')?.space).toMatchObject({ shared: 1, upperLimit: 4 });
});

test('a page that is hidden costs nothing, and has its history when it is shown again', async () => {
  feed.start();
  await settle();
  app.sample(1000);
  feed.stop();
  expect([app.watchers.length, app.eventListeners, vi.getTimerCount()]).toEqual([0, 0, 0]);
  posted = [];
  await vi.advanceTimersByTimeAsync(600_000);
  expect(posted).toEqual([]);
  feed.start();
  expect(last('show')).toMatchObject({ machine: { id: 'app-1' }, frames: [{ at: 1000 }], space: { own: 2 } });
  await settle();
  app.sample(601_000);
  expect(last('frame')?.frame.at).toBe(601_000);
});

test('a list that comes after the hiding is not acted on', async () => {
  feed.start();
  feed.stop();
  await settle();
  expect(app.watched).toBe(0);
});

test('a machine that is put to rest is shown as it was last seen, and watched again when it runs', async () => {
  feed.start();
  await settle();
  app.sample(1000);
  app.machines = [{ ...INFO, state: 'suspended' }];
  app.watchers[0]?.listener.onEnd(new Error('the VMM ended'));
  await settle();
  expect(last('watch')).toMatchObject({ watch: { kind: 'resting' }, machine: { next: 'resume' } });
  expect(posted.some((message) => message.type === 'watch' && message.watch.kind === 'lost')).toBe(false);
  expect(app.diskUses).toBe(2);
  app.machines = [INFO];
  app.events.fire();
  await settle();
  expect(app.watched).toBe(2);
  app.sample(9000);
  expect(last('watch')?.watch).toEqual({ kind: 'live' });
});

test('a running machine that can not be watched says why, and is tried again', async () => {
  feed.start();
  await settle();
  app.watchers[0]?.listener.onEnd(new BulkheadError('The sampler ended.', { next: 'Look at the log.' }));
  await settle();
  expect(last('watch')?.watch).toEqual({ kind: 'lost', message: 'The sampler ended. Look at the log.' });
  await vi.advanceTimersByTimeAsync(5000);
  expect(app.watched).toBe(2);
});

test('without an engine it says so, and "Try Again" asks at once', async () => {
  app.failure = new BulkheadError('No engine', { kind: 'host' });
  feed.start();
  await settle();
  expect(last('watch')?.watch).toEqual({ kind: 'lost', message: 'No engine.' });
  app.failure = undefined;
  feed.retry();
  await settle();
  expect(app.watched).toBe(1);
});

test('no machine, and a window whose machine is gone, are told apart', async () => {
  app.machines = [];
  feed.start();
  await settle();
  expect(last('watch')?.watch).toEqual({ kind: 'none', others: false });
  app.machines = [{ ...INFO, id: 'other' }];
  app.events.fire();
  await settle();
  expect(last('watch')?.watch).toEqual({ kind: 'none', others: true });
  expect(last('watch')).not.toHaveProperty('machine');
});

test('another chosen machine is watched instead', async () => {
  app.machines = [INFO, { ...INFO, id: 'other', name: 'other' }];
  feed.start();
  await settle();
  selection.choose('other');
  await settle();
  expect(app.watchers.map(({ id }) => id)).toEqual(['other']);
  expect(last('show')?.machine).toMatchObject({ id: 'other' });
  expect(feed.machineId).toBe('other');
});

test('events of the engine do not start a second watch', async () => {
  feed.start();
  await settle();
  app.events.fire();
  await settle();
  expect(app.watched).toBe(1);
});
