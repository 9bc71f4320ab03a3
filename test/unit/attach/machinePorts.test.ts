import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PortForward, PortsListener } from '../../../src/app';
import { MachinePorts } from '../../../src/attach/machinePorts';
import { RememberedPorts } from '../../../src/attach/rememberedPorts';
import { BulkheadError } from '../../../src/core/errors';
import { silentLog } from '../../../src/core/log';
import { fakeMemory } from './memory';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A host whose ports can be taken, and a guest whose ports can be told. */
class Host {
  taken = new Set<number>();
  listeners = new Set<PortsListener>();
  open: { guestPort: number; localPort: number; end(error?: Error): void }[] = [];

  watchPorts = (_id: string, listener: PortsListener) => {
    this.listeners.add(listener);
    return { dispose: () => void this.listeners.delete(listener) };
  };

  forwardPort = async (
    machineId: string,
    guestPort: number,
    options: { localPort?: number } = {},
  ): Promise<PortForward> => {
    if (options.localPort !== undefined && this.taken.has(options.localPort)) {
      throw new BulkheadError(`Port ${options.localPort} is taken`, { kind: 'usage' });
    }
    const wish = options.localPort ?? guestPort;
    const localPort = this.taken.has(wish) ? 50_000 : wish;
    this.taken.add(localPort);
    let resolve: (error: Error | undefined) => void = () => undefined;
    const closed = new Promise<Error | undefined>((done) => {
      resolve = done;
    });
    const end = (error?: Error) => {
      this.taken.delete(localPort);
      this.open = this.open.filter((each) => each !== entry);
      resolve(error);
    };
    const entry = { guestPort, localPort, end };
    this.open.push(entry);
    return { machineId, guestPort, localPort, closed, dispose: () => end() };
  };
}

function setUp(wanted: number[] = []) {
  const host = new Host();
  const remembered = new RememberedPorts(fakeMemory());
  let changes = 0;
  const make = () => new MachinePorts('m', wanted, host, remembered, silentLog, () => changes++);
  return { host, remembered, make, changes: () => changes };
}

const kinds = (ports: MachinePorts) => ports.entries().map(({ port, forward }) => [port, forward?.kind]);
const settled = () => vi.advanceTimersByTimeAsync(0);

describe('the ports of a machine', () => {
  it('lists what listens and what is forwarded, by port', async () => {
    const { host, make } = setUp([8080]);
    const ports = make();
    ports.start();
    await settled();
    for (const listener of host.listeners) {
      listener.onPorts([
        { port: 9000, address: 'any' },
        { port: 3000, address: 'loopback' },
      ]);
    }
    expect(kinds(ports)).toEqual([
      [3000, undefined],
      [8080, 'open'],
      [9000, undefined],
    ]);
    ports.dispose();
    expect(host.open).toEqual([]);
    expect(host.listeners.size).toBe(0);
  });

  it('shows at most 200 of what a guest listens on', async () => {
    const { host, make } = setUp();
    const ports = make();
    ports.start();
    for (const listener of host.listeners) {
      listener.onPorts(
        Array.from({ length: 5000 }, (_, port) => ({ port: port + 1, address: 'any' as const })),
      );
    }
    expect(ports.entries()).toHaveLength(200);
  });

  it('opens again what was forwarded, on the same local port, and not what was stopped', async () => {
    const { host, make } = setUp([80, 81]);
    const first = make();
    first.start();
    await first.forward(3000, 4000);
    await first.stop(81);
    first.dispose();
    await settled();
    expect(host.open).toEqual([]);

    const second = make();
    second.start();
    await settled();
    expect(host.open.map(({ guestPort, localPort }) => [guestPort, localPort]).sort()).toEqual([
      [3000, 4000],
      [80, 80],
    ]);
  });

  it('waits for its last local port, and takes another one when that stays taken', async () => {
    const { host, make, remembered } = setUp();
    await remembered.choose('m', 3000, { forward: true, localPort: 4000 });
    host.taken.add(4000);
    const ports = make();
    ports.start();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(kinds(ports)).toEqual([[3000, 'opening']]);
    host.taken.delete(4000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(host.open[0]?.localPort).toBe(4000);
    ports.dispose();

    host.taken.add(4000);
    const other = make();
    other.start();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(other.entries()[0]?.forward).toEqual({ kind: 'open', localPort: 3000 });
  });

  it('a local port that is taken is said at once, and the forward stays where it was', async () => {
    const { host, make } = setUp();
    const ports = make();
    await ports.forward(3000);
    host.taken.add(4000);
    await expect(ports.forward(3000, 4000)).rejects.toThrow('Port 4000 is taken');
    expect(ports.entries()[0]?.forward).toEqual({ kind: 'open', localPort: 3000 });
    await ports.forward(3000, 4001);
    expect(host.open.map(({ localPort }) => localPort)).toEqual([4001]);
  });

  it('a forward that ends by itself is shown with its reason, and opened again after a lost watch', async () => {
    const { host, make } = setUp();
    const ports = make();
    ports.start();
    await ports.forward(3000);
    host.open[0]?.end(new Error('the connection was lost'));
    await settled();
    expect(ports.entries()[0]?.forward).toMatchObject({ kind: 'failed' });
    for (const listener of [...host.listeners]) {
      listener.onEnd(new Error('the connection was lost'));
    }
    await vi.advanceTimersByTimeAsync(6_000);
    expect(kinds(ports)).toEqual([[3000, 'open']]);
  });

  it('nothing is opened or watched again once it is disposed', async () => {
    const { host, make } = setUp();
    const ports = make();
    ports.start();
    const listener = [...host.listeners][0];
    ports.dispose();
    listener?.onEnd(new Error('late'));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(host.listeners.size).toBe(0);
    await expect(ports.forward(3000, 4000)).rejects.toThrow();
    expect(host.open).toEqual([]);
  });
});
