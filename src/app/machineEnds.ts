import type { Disposable } from '../core/disposables';
import { BulkheadError, isCancelled, messageOf } from '../core/errors';
import type { MachineInfo, MachineState, WaitOptions } from '../machine/hypervisor';
import { watchMachines } from './engineEvents';
import type { Services } from './services';
import { wait } from './wait';

type OnEnd = (error: BulkheadError) => void;

/** States in which there is a VMM, or about to be one. */
const ALIVE: ReadonlySet<MachineState> = new Set(['starting', 'running', 'suspending', 'stopping']);

/** Tells when machines end, whoever ended them. All who wait share one stream of the Engine's events. */
export class MachineEnds implements Disposable {
  private readonly waiting = new Map<string, Set<OnEnd>>();
  private events: Disposable | undefined;
  private checking = false;
  private again = false;

  constructor(private readonly services: Services) {}

  /** Calls `onEnd` once, when the machine does not run (any more). */
  watch(id: string, onEnd: OnEnd): Disposable {
    const own: OnEnd = (error) => onEnd(error);
    const others = this.waiting.get(id) ?? new Set();
    this.waiting.set(id, others.add(own));
    this.events ??= watchMachines(this.services, () => this.check());
    this.check();
    return { dispose: () => this.forget(id, own) };
  }

  /** Runs `work` with a signal that aborts when the machine ends, and rejects at once then, with what became of it. */
  async whileAlive<T>(
    id: string,
    options: WaitOptions,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, controller.signal]) : controller.signal;
    let watch: Disposable | undefined;
    const ended = new Promise<never>((_, reject) => {
      watch = this.watch(id, (error) => {
        reject(error);
        controller.abort(error);
      });
    });
    try {
      return await Promise.race([work(signal), ended]);
    } finally {
      watch?.dispose();
    }
  }

  dispose(): void {
    this.waiting.clear();
    this.events?.dispose();
    this.events = undefined;
  }

  private forget(id: string, own: OnEnd): void {
    const others = this.waiting.get(id);
    others?.delete(own);
    if (others?.size === 0) {
      this.waiting.delete(id);
    }
    if (this.waiting.size === 0) {
      this.events?.dispose();
      this.events = undefined;
    }
  }

  private check(): void {
    if (this.checking) {
      this.again = true;
      return;
    }
    this.again = false;
    this.checking = true;
    void this.look()
      .catch((error: unknown) => {
        if (!isCancelled(error)) {
          this.services.log.debug(`Whether machines still run can't be asked: ${messageOf(error)}`);
        }
      })
      .finally(() => {
        this.checking = false;
        if (this.again && this.waiting.size > 0) {
          this.check();
        }
      });
  }

  private async look(): Promise<void> {
    const { hypervisor } = await this.services.connect();
    const machines = new Map((await hypervisor.list()).map((machine) => [machine.id, machine]));
    for (const [id, listeners] of [...this.waiting]) {
      const machine = machines.get(id);
      if (machine && ALIVE.has(machine.state)) {
        continue;
      }
      for (const onEnd of [...listeners]) {
        this.forget(id, onEnd);
        onEnd(notRunning(id, machine));
      }
    }
  }
}

/** @throws BulkheadError of kind `usage` unless the machine runs */
export async function assertRunning(services: Services, id: string, options: WaitOptions): Promise<void> {
  const machine = await services.machine(id, wait(options));
  const info = await machine.info(wait(options));
  if (info.state !== 'running') {
    throw notRunning(id, info);
  }
}

function notRunning(id: string, machine: MachineInfo | undefined): BulkheadError {
  if (!machine) {
    return new BulkheadError(`There is no machine ${id} any more`, { kind: 'usage' });
  }
  const verb = machine.state === 'suspended' ? 'resume' : 'start';
  return new BulkheadError(`The machine ${id} does not run: it is ${machine.state}`, {
    kind: 'usage',
    next: `Wake it with \`bulkhead ${verb} ${id}\`.`,
  });
}
