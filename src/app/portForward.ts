import { createServer, type Server, type Socket } from 'node:net';
import { DisposableList } from '../core/disposables';
import { BulkheadError, codeOf, messageOf } from '../core/errors';
import { printable } from '../core/log';
import { Slots } from '../guest/slots';
import type { WaitOptions } from '../machine/hypervisor';
import type { PortForward } from './contract';
import { assertRunning, type MachineEnds } from './machineEnds';
import type { Services } from './services';

/** Nobody but this host may connect. */
const LOCAL = '127.0.0.1';
/** Of the SSH connection's channels (src/guest/sharedConnection.ts), so that forwards leave some for terminals and files. */
const CONNECTIONS_A_MACHINE = 40;
/** Those beyond wait; still more are turned away. */
const CONNECTIONS_A_PORT = 256;
/** How long a connection may be silent after its client has said all that it had to say. */
const HALF_OPEN_MS = 300_000;
/** Lower numbers are for privileged programs. */
const FIRST_FREE_PORT = 1024;

/** Forwards ports of guests to this host's loopback over the shared SSH connections. */
export class PortForwards {
  private readonly slots = new Map<string, Slots>();
  private readonly open = new Set<Forward>();

  constructor(
    private readonly services: Services,
    private readonly ends: MachineEnds,
  ) {}

  async forward(
    id: string,
    guestPort: number,
    options: WaitOptions & { localPort?: number } = {},
  ): Promise<PortForward> {
    for (const port of [guestPort, options.localPort ?? 1]) {
      if (!Number.isInteger(port) || port < 1 || port > 65_535) {
        throw new BulkheadError(`Not a TCP port: ${port}`, {
          kind: 'usage',
          next: 'Give a number from 1 to 65535.',
        });
      }
    }
    await assertRunning(this.services, id, options);
    const slots = this.slots.get(id) ?? new Slots(CONNECTIONS_A_MACHINE);
    this.slots.set(id, slots);
    const forward = new Forward(this.services, id, guestPort, slots);
    await forward.listen(options.localPort);
    this.open.add(forward);
    const end = this.ends.watch(id, (error) => forward.close(error));
    void forward.closed.then(() => {
      end.dispose();
      this.open.delete(forward);
    });
    return forward;
  }

  dispose(): void {
    for (const forward of this.open) {
      forward.dispose();
    }
  }
}

class Forward implements PortForward {
  private readonly stop = new AbortController();
  private readonly sockets = new Set<Socket>();
  // What a client has sent is read only once the guest takes it.
  private readonly server: Server = createServer(
    { allowHalfOpen: true, pauseOnConnect: true, noDelay: true },
    (socket) => this.accept(socket),
  );
  private settle: (error: Error | undefined) => void = () => undefined;
  readonly closed = new Promise<Error | undefined>((resolve) => {
    this.settle = resolve;
  });

  constructor(
    private readonly services: Services,
    readonly machineId: string,
    readonly guestPort: number,
    private readonly slots: Slots,
  ) {
    this.server.maxConnections = CONNECTIONS_A_PORT;
  }

  get localPort(): number {
    const address = this.server.address();
    return typeof address === 'object' && address ? address.port : this.boundPort;
  }

  private boundPort = 0;

  /** @throws BulkheadError of kind `usage` if `localPort` was asked for and can't be had */
  async listen(localPort: number | undefined): Promise<void> {
    const wish = localPort ?? (this.guestPort >= FIRST_FREE_PORT ? this.guestPort : 0);
    try {
      await this.bind(wish);
    } catch (error) {
      const taken = codeOf(error) === 'EADDRINUSE' || codeOf(error) === 'EACCES';
      if (taken && localPort === undefined) {
        await this.bind(0);
      } else if (taken) {
        throw new BulkheadError(`Port ${localPort} of this host can't be used: ${reasonOf(error)}`, {
          kind: 'usage',
          next: 'Choose another local port, or none for any that is free.',
          cause: error,
        });
      } else {
        throw error;
      }
    }
    this.boundPort = this.localPort;
    this.server.on('error', (error) => this.close(error));
  }

  private bind(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host: LOCAL, port, exclusive: true }, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    // Its close follows, and is all that matters.
    socket.on('error', () => undefined);
    socket.once('close', () => this.sockets.delete(socket));
    this.connect(socket).catch((error: unknown) => {
      if (!this.stop.signal.aborted) {
        const why = printable(messageOf(error), 300);
        this.services.log.debug(`${this.machineId}, port ${this.guestPort}: ${why}`);
      }
      socket.resetAndDestroy();
    });
  }

  private async connect(socket: Socket): Promise<void> {
    const gone = new AbortController();
    socket.once('close', () => gone.abort());
    const signal = AbortSignal.any([this.stop.signal, gone.signal]);
    const wishes = new DisposableList();
    try {
      const release = await this.slots.acquire(signal);
      wishes.add({ dispose: release });
      const guest = await this.services.guest(this.machineId, { signal });
      const stream = await guest.openPort(this.guestPort, { signal });
      stream.on('error', () => undefined);
      socket.once('close', () => stream.destroy());
      stream.once('close', () => {
        release();
        // The guest said all that it had to say, or it was cut off.
        if (stream.readableEnded) {
          socket.destroySoon();
        } else {
          socket.resetAndDestroy();
        }
      });
      if (socket.destroyed) {
        stream.destroy();
        return;
      }
      // A client that has said all may have gone for good: a guest that is silent too must not keep the place.
      socket.once('end', () => socket.setTimeout(HALF_OPEN_MS, () => socket.destroy()));
      socket.pipe(stream);
      stream.pipe(socket);
    } catch (error) {
      wishes.dispose();
      throw error;
    }
  }

  /** Ends it, connections too; `error` says why if nobody asked for it. */
  close(error?: Error): void {
    this.stop.abort();
    this.server.close();
    for (const socket of this.sockets) {
      socket.destroy();
    }
    this.settle(error);
  }

  dispose(): void {
    this.close();
  }
}

function reasonOf(error: unknown): string {
  return codeOf(error) === 'EACCES' ? 'this account may not use it' : 'something listens on it already';
}
