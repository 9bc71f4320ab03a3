import { PassThrough } from 'node:stream';
import type { ExitStatus, Guest, GuestProcess, PtySize } from '../../../src/guest/guest';

/** A guest process whose program is the test. */
export class FakeProcess implements GuestProcess {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly signals: string[] = [];
  readonly sizes: PtySize[] = [];
  disposed = false;
  private settle: ((status: ExitStatus) => void) | undefined;
  private fail: ((error: Error) => void) | undefined;
  readonly exited = new Promise<ExitStatus>((resolve, reject) => {
    this.settle = resolve;
    this.fail = reject;
  });

  exit(code: number): void {
    this.stdout.end();
    this.stderr.end();
    this.settle?.({ code });
  }

  lose(error: Error): void {
    this.fail?.(error);
    this.stdout.destroy();
    this.stderr.destroy();
  }

  resize(size: PtySize): void {
    this.sizes.push(size);
  }

  signal(name: 'INT' | 'TERM' | 'KILL' | 'HUP'): void {
    this.signals.push(name);
  }

  dispose(): void {
    this.disposed = true;
  }
}

export function fakeGuest(functions: Partial<Guest>): Guest {
  return { machineId: 'shop-1a2b', dispose: () => undefined, ...functions } as Guest;
}
