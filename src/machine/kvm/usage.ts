import type { Container, ContainerStats } from 'dockerode';
import { delay } from '../../core/deadline';
import type { Engine } from '../../image/engine';
import { engineFailure } from '../../image/engineFailure';
import type { MachineUsage } from '../hypervisor';
import { execOutput, runOnce } from './containerExec';
import { onceContainer } from './jail';
import { MACHINE_LABEL } from './labels';

/** Space on the host's disk is asked for less often: it costs a process in the container. */
const DISK_EVERY_MS = 10_000;
/** What the first sample's CPU rate is measured over. */
const FIRST_SPAN_MS = 500;
const ALLOCATED: [string, ...string[]] = ['/usr/bin/stat', '-c', '%b %B', '/machine/upper.ext4'];

/** Samples what a machine's container uses, as the Engine counts it (cgroup figures), never as the guest says. */
export class UsageSampler {
  private last: { at: number; cpuNs: number } | undefined;
  private disk: { at: number; bytes: number } | undefined;

  constructor(
    private readonly engine: Engine,
    private readonly container: Container,
  ) {}

  async sample(signal: AbortSignal): Promise<MachineUsage> {
    if (!this.last) {
      // A rate needs two samples.
      await this.read(signal);
      await delay(FIRST_SPAN_MS, signal);
    }
    return this.read(signal);
  }

  private async read(signal: AbortSignal): Promise<MachineUsage> {
    try {
      const stats = (await this.container.stats({ stream: false, 'one-shot': true })) as ContainerStats;
      const at = Date.now();
      const cpuNs = stats.cpu_stats?.cpu_usage?.total_usage ?? 0;
      const passedNs = this.last ? (at - this.last.at) * 1e6 : 0;
      const cpuPercent =
        this.last && passedNs > 0 ? Math.max(0, ((cpuNs - this.last.cpuNs) / passedNs) * 100) : 0;
      this.last = { at, cpuNs };
      const blocks = stats.blkio_stats?.io_service_bytes_recursive ?? [];
      const blockBytes = (kind: string) =>
        blocks.filter(({ op }) => op.toLowerCase() === kind).reduce((sum, { value }) => sum + value, 0);
      return {
        at,
        cpuNs,
        cpuPercent,
        memoryBytes: stats.memory_stats?.usage ?? 0,
        memoryLimitBytes: stats.memory_stats?.limit ?? 0,
        upperDiskBytes: await this.upperDiskBytes(signal),
        blockReadBytes: blockBytes('read'),
        blockWriteBytes: blockBytes('write'),
      };
    } catch (error) {
      throw engineFailure('What the machine uses can’t be read', error);
    }
  }

  private async upperDiskBytes(signal: AbortSignal): Promise<number> {
    if (this.disk && Date.now() - this.disk.at < DISK_EVERY_MS) {
      return this.disk.bytes;
    }
    const found = await this.container.inspect();
    const what = 'The size of the upper disk';
    const text = found.State.Running
      ? await execOutput(this.engine, this.container, ALLOCATED, { what, ms: 15_000, signal })
      : (
          await runOnce(
            this.engine,
            onceContainer(found.Image, ALLOCATED, { machineId: found.Config.Labels[MACHINE_LABEL] ?? '' }),
            { what, ms: 30_000, signal },
          )
        ).output;
    // A machine that never started has no disk yet.
    const [, blocks = '0', size = '0'] = /^(\d+) (\d+)$/m.exec(text) ?? [];
    this.disk = { at: Date.now(), bytes: Number(blocks) * Number(size) };
    return this.disk.bytes;
  }
}
