import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { App, PortForward } from '../../../src/app';
import { BulkheadError } from '../../../src/core/errors';
import type { ListeningPort } from '../../../src/guest/guestWatch';
import { fakeMachine } from './fakeMachine';
import { runFake } from './fakeTerminal';

const WEB: ListeningPort = { port: 3000, address: 'any', process: { pid: 12, name: 'node' } };
const DATABASE: ListeningPort = { port: 5432, address: 'loopback' };
const find = async () => fakeMachine();

describe('ports', () => {
  it('lists what listens', async () => {
    const ports = async () => [WEB, DATABASE];
    const text = await runFake(['ports', 'shop'], { find, ports });
    expect(text.stdout).toBe(
      'PORT  ADDRESS   PID  PROCESS\n3000  any       12   node\n5432  loopback  -    -\n',
    );
    const json = await runFake(['ports', 'shop', '--json'], { find, ports });
    expect(
      json.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([WEB, DATABASE]);
    const none = await runFake(['ports', 'shop'], { find, ports: async () => [] });
    expect(none.stdout).toBe('Nothing in the machine listens on a TCP port.\n');
  });

  it('says how to wake a machine that sleeps', async () => {
    const outcome = await runFake(['ports', 'shop'], {
      find: async () => fakeMachine({ state: 'suspended' }),
    });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('Next: bulkhead resume shop-1a2b');
  });

  it('follows: only what changed for people, the whole list for programs', async () => {
    const watchPorts: App['watchPorts'] = (_id, listener) => {
      void (async () => {
        for (const list of [[WEB], [WEB, DATABASE], [DATABASE]]) {
          await new Promise((resolve) => setImmediate(resolve));
          listener.onPorts(list);
        }
        listener.onEnd(new BulkheadError('it stopped'));
      })();
      return { dispose: () => undefined };
    };
    const text = await runFake(['ports', 'shop', '-f'], { find, watchPorts });
    expect(text.stdout).toBe(
      '+ 3000   any       node (pid 12)\n+ 5432   loopback\n- 3000   any       node (pid 12)\n',
    );
    expect(text.code).toBe(1);
    const json = await runFake(['ports', 'shop', '-f', '--json'], { find, watchPorts });
    const lines = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.slice(0, 3)).toEqual([
      { id: 'shop-1a2b', ports: [WEB] },
      { id: 'shop-1a2b', ports: [WEB, DATABASE] },
      { id: 'shop-1a2b', ports: [DATABASE] },
    ]);
  });

  it.each(['0', '65536', '3000:0', '3000:', 'http', '3000:1:2', '-1'])(
    'refuses --forward %s',
    async (wish) => {
      const outcome = await runFake(['ports', 'shop', `--forward=${wish}`], { find });
      expect(outcome.code).toBe(2);
    },
  );

  describe('--forward', () => {
    function fakeForwards() {
      const made: {
        guestPort: number;
        localPort?: number | undefined;
        disposed: boolean;
        end(error: Error): void;
      }[] = [];
      const forwardPort: App['forwardPort'] = async (machineId, guestPort, options) => {
        let end: (error: Error) => void = () => undefined;
        const closed = new Promise<Error | undefined>((resolve) => {
          end = resolve;
        });
        const one = { guestPort, localPort: options?.localPort, disposed: false, end };
        made.push(one);
        const forward: PortForward = {
          machineId,
          guestPort,
          localPort: options?.localPort ?? 40_000,
          closed,
          dispose: () => {
            one.disposed = true;
          },
        };
        return forward;
      };
      return { made, forwardPort };
    }

    it('prints each address, and forwards until Ctrl-C', async () => {
      const { made, forwardPort } = fakeForwards();
      const signals = new EventEmitter();
      setTimeout(() => signals.emit('SIGINT'), 50);
      const outcome = await runFake(
        ['ports', 'shop', '--forward', '3000', '--forward', '80:8080', '--json'],
        { find, forwardPort },
        { signals },
      );
      expect(outcome.code).toBe(130);
      const [first, second] = outcome.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(first).toEqual({
        id: 'shop-1a2b',
        guestPort: 3000,
        localPort: 40_000,
        address: '127.0.0.1:40000',
      });
      expect(second).toMatchObject({ guestPort: 80, address: '127.0.0.1:8080' });
      expect(made.map(({ disposed }) => disposed)).toEqual([true, true]);
    });

    it('ends with the machine, and says so', async () => {
      const { made, forwardPort } = fakeForwards();
      setTimeout(() => made[0]?.end(new BulkheadError('it is suspended now')), 30);
      const outcome = await runFake(['ports', 'shop', '--forward', '3000', '--forward', '80'], {
        find,
        forwardPort,
      });
      expect(outcome).toMatchObject({ code: 1, stderr: 'bulkhead: it is suspended now\n' });
      expect(made.every(({ disposed }) => disposed)).toBe(true);
    });
  });
});
