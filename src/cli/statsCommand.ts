import type { Command } from 'commander';
import type { ResourceSample } from '../app';
import { withDeadline } from '../core/deadline';
import { CancelledError, EXIT, messageOf, throwIfCancelled } from '../core/errors';
import type { MachineInfo, MachineUsage } from '../machine/hypervisor';
import { type CommonOptions, type Run, type Session, withCommonOptions } from './session';
import { STATS_HEADER, statsCells, statsLine, statsPanel } from './statsPanel';

/** How long a single look waits for the guest's word, which comes a moment after the host's. */
const GUEST_SAMPLES = 4;
const SAMPLE_MS = 60_000;

/** `stats`: what a machine uses, from both sides. */
export function addStatsCommand(program: Command, run: Run): void {
  withCommonOptions(program.command('stats'))
    .description('what the machine uses: what the host measures, and what the guest says')
    .argument('<id>', 'the machine, or a unique beginning of its id')
    .option('-f, --follow', 'again every second until Ctrl-C')
    .action((id: string, options: CommonOptions & { follow?: true }) =>
      run(options, (session) => stats(session, id, options.follow === true)),
    );
}

async function stats(session: Session, idOrPrefix: string, follow: boolean): Promise<number> {
  const machine = await session.app.find(idOrPrefix, { signal: session.signal });
  if (follow) {
    return followStats(session, machine);
  }
  const [usage, sample] = await Promise.all([
    session.app.usage(machine.id, { signal: session.signal }),
    machine.state === 'running' ? oneSample(session, machine.id) : undefined,
  ]);
  const lines = sample
    ? statsPanel(machine, sample)
    : [statsLine(STATS_HEADER), statsLine(statsCells(usage, undefined))];
  session.output.result(jsonOf(machine.id, usage, sample), lines);
  return EXIT.done;
}

/** The keys of `MachineUsage` are the command's contract; `host` and `guest` stand beside them. */
function jsonOf(id: string, usage: MachineUsage, sample: ResourceSample | undefined) {
  return {
    id,
    ...usage,
    ...(sample && { host: sample.host }),
    ...(sample?.guest && { guest: sample.guest }),
  };
}

/** The first sample with the guest's word in it, or a later one without. Undefined, with a warning, if there is none. */
async function oneSample(session: Session, id: string): Promise<ResourceSample | undefined> {
  try {
    return await withDeadline({ what: `What ${id} uses`, ms: SAMPLE_MS, signal: session.signal }, () => {
      let left = GUEST_SAMPLES;
      return new Promise<ResourceSample>((resolve, reject) => {
        const watch = session.app.watchResources(id, {
          onSample: (sample) => {
            left--;
            if (sample.guest || left <= 0) {
              watch.dispose();
              resolve(sample);
            }
          },
          onEnd: reject,
        });
      });
    });
  } catch (error) {
    throwIfCancelled(error);
    session.status.log.warn(messageOf(error));
    return undefined;
  }
}

/** A terminal gets a panel that is drawn again; everything else a line for each sample. */
async function followStats(session: Session, machine: MachineInfo): Promise<number> {
  const { app, output, signal, terminal } = session;
  const draw = !output.json && terminal.stdout.isTTY ? panelDrawer(session, machine) : undefined;
  let header = [statsLine(STATS_HEADER)];
  let asking = false;
  const print = async (sample: ResourceSample) => {
    const usage = await app.usage(machine.id, { signal });
    output.result(jsonOf(machine.id, usage, sample), [...header, statsLine(statsCells(usage, sample))]);
    header = [];
  };
  await new Promise<never>((_, reject) => {
    const watch = app.watchResources(machine.id, {
      onSample: (sample) => {
        if (draw) {
          draw(sample);
        } else if (!asking) {
          asking = true;
          print(sample)
            .catch((error: unknown) => {
              watch.dispose();
              reject(error);
            })
            .finally(() => {
              asking = false;
            });
        }
      },
      onEnd: reject,
    });
    signal.addEventListener(
      'abort',
      () => {
        watch.dispose();
        reject(new CancelledError());
      },
      { once: true },
    );
  });
  return EXIT.done;
}

/** Draws over what it drew before, never more lines than the terminal has. */
function panelDrawer(
  { terminal: { stdout } }: Session,
  machine: MachineInfo,
): (sample: ResourceSample) => void {
  let drawn = 0;
  return (sample) => {
    // A wrapped line would be two on the screen, and the next drawing would begin in the wrong place.
    const lines = statsPanel(machine, sample, (stdout.columns || 100) - 2).slice(0, (stdout.rows || 40) - 1);
    const up = drawn > 0 ? `\u001b[${drawn}A` : '';
    stdout.write(`${up}\r${lines.map((line) => `\u001b[K${line}\n`).join('')}\u001b[J`);
    drawn = lines.length;
  };
}
