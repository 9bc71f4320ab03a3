import { execFileSync, spawn } from 'node:child_process';

/** One thing that is timed. `prepare` runs before each round and is not timed. */
export interface Subject {
  name: string;
  prepare?: () => Promise<void>;
  run: () => Promise<void>;
}

export interface Measured {
  name: string;
  /** Milliseconds, one a round. */
  times: number[];
}

/** Runs the subjects in turn (A B C, A B C, …), so that all see the same machine; the first round warms up and is dropped. */
export async function inTurn(subjects: Subject[], rounds: number): Promise<Measured[]> {
  const measured = subjects.map(({ name }) => ({ name, times: [] as number[] }));
  for (let round = 0; round <= rounds; round++) {
    for (const [index, subject] of subjects.entries()) {
      await subject.prepare?.();
      const began = performance.now();
      await subject.run();
      const ms = performance.now() - began;
      process.stderr.write(
        `  ${round === 0 ? 'warm-up' : `round ${round}`}  ${subject.name}: ${Math.round(ms)} ms\n`,
      );
      if (round > 0) {
        measured[index]?.times.push(ms);
      }
    }
  }
  return measured;
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** Median of the ratios taken round by round, which a drifting machine does not bend. */
export function ratio(a: Measured, b: Measured): number {
  return median(a.times.map((time, round) => time / (b.times[round] ?? Number.NaN)));
}

export function report(
  title: string,
  measured: Measured[],
  ratios: [a: number, b: number, aim?: string][],
): void {
  console.log(`\n## ${title}\n\n| | median ms | min | max |\n| --- | --- | --- | --- |`);
  for (const { name, times } of measured) {
    const [min, max] = [Math.min(...times), Math.max(...times)].map(Math.round);
    console.log(`| ${name} | ${Math.round(median(times))} | ${min} | ${max} |`);
  }
  console.log('');
  for (const [a, b, aim] of ratios) {
    const [first, second] = [measured[a], measured[b]];
    if (first && second) {
      console.log(
        `- ${first.name} ÷ ${second.name}: **${ratio(first, second).toFixed(2)}**${aim ? ` (aim: ${aim})` : ''}`,
      );
    }
  }
}

/** Runs a program to its end and throws if it fails; its output is dropped, or returned by `output`. */
export function run(program: string, args: string[], env: NodeJS.ProcessEnv = process.env): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'], env });
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${program} ${args.join(' ')} ended with ${code}`)),
    );
  });
}

export function output(program: string, args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 });
}
