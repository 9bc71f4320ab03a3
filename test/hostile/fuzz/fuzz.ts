import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import fc from 'fast-check';
import { BulkheadError } from '../../../src/core/errors';
import { hostileBytes } from './hostileBytes';

/** Committed inputs, a folder a target: what once broke it, and what it reads every day (as seeds for mutation). */
const CORPUS = join(__dirname, '../corpus');

/**
 * Milliseconds of new inputs for each target. The number of targets times this is what a run costs; a longer hunt:
 * `BULKHEAD_FUZZ_MS=60000 npx vitest run --project hostile test/hostile/fuzz`.
 */
const BUDGET_MS = Number(process.env['BULKHEAD_FUZZ_MS'] ?? 700);

/** The run's seed; a failure prints it with the path of its shrunk input. `BULKHEAD_FUZZ_SEED` repeats a run. */
export const SEED = Number(process.env['BULKHEAD_FUZZ_SEED'] ?? Date.now() % 2 ** 31);

/** No input of a few kilobytes may keep a parser busy for so long (ms): a hang or an exponential search, not a slow computer. */
const HANG_MS = 5_000;

export interface Target {
  /** Also the folder's name in the corpus. */
  name: string;
  /** Feeds the bytes to the code under test and throws if an answer breaks its contract. */
  check: (input: Buffer) => unknown;
  /** Ordinary inputs, from which hostile ones are made. */
  seeds?: readonly (string | Buffer)[];
  /** Words of the format, to be put in anywhere. */
  words?: readonly (string | Buffer)[];
}

export interface Tally {
  corpus: number;
  inputs: number;
}

/** Runs a target's corpus, then new inputs until its time is up. @throws the first failure, with seed and input */
export async function fuzz(target: Target): Promise<Tally> {
  const corpus = corpusOf(target.name);
  for (const { file, bytes } of corpus) {
    try {
      await guarded(target, bytes);
    } catch (error) {
      throw new Error(`${target.name}: corpus input ${file}`, { cause: error });
    }
  }
  const seeds = [
    ...(target.seeds ?? []).map((seed) => Buffer.from(seed as string)),
    ...corpus.map(({ bytes }) => bytes),
  ];
  let inputs = 0;
  const property = fc.asyncProperty(hostileBytes(seeds, target.words ?? []), async (input) => {
    inputs++;
    await guarded(target, input);
  });
  const details = await fc.check(property, {
    seed: SEED,
    numRuns: 1_000_000,
    interruptAfterTimeLimit: BUDGET_MS,
    markInterruptAsFailure: false,
  });
  if (details.failed && details.counterexample) {
    const [input] = details.counterexample;
    throw new Error(
      `${target.name}: seed ${SEED}, path ${details.counterexamplePath}, input ${JSON.stringify(input.toString('latin1').slice(0, 2000))}`,
      { cause: details.errorInstance },
    );
  }
  return { corpus: corpus.length, inputs };
}

/** A parser's refusal: the only thing it may throw. Anything else goes on as a finding. */
export function refused<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof BulkheadError) {
      return undefined;
    }
    throw error;
  }
}

/** The same for one that answers later. */
export async function refusedLater<T>(parse: () => Promise<T>): Promise<T | undefined> {
  try {
    return await parse();
  } catch (error) {
    if (error instanceof BulkheadError) {
      return undefined;
    }
    throw error;
  }
}

export function hold(condition: boolean, contract: string): asserts condition {
  if (!condition) {
    throw new Error(`Broken: ${contract}`);
  }
}

/** What may never reach a terminal or a label: control characters but newline and tab, and what turns text around. */
const UNSAFE = /(?![\n\t])[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;

export function holdPrintable(text: string, what: string, limit = 20_000): void {
  hold(!UNSAFE.test(text), `${what} is printable: ${JSON.stringify(text.slice(0, 300))}`);
  hold(text.length <= limit, `${what} has at most ${limit} characters`);
}

/** The bytes in pieces of odd sizes, as a stream may bring them. */
export function pieces(bytes: Buffer, size = 7): Buffer[] {
  const list: Buffer[] = [];
  for (let at = 0, step = 1; at < bytes.length; at += step, step = (step % size) + 1) {
    list.push(bytes.subarray(at, at + step));
  }
  return list;
}

function corpusOf(name: string): { file: string; bytes: Buffer }[] {
  const folder = join(CORPUS, name);
  let files: string[];
  try {
    files = readdirSync(folder).sort();
  } catch {
    // Not every target has ever been broken.
    return [];
  }
  return files.map((file) => ({ file, bytes: readFileSync(join(folder, file)) }));
}

const runner = new Script('globalThis.bulkheadFuzzCall()');
const holder = globalThis as { bulkheadFuzzCall?: () => unknown };

/** V8 itself stops a call that does not come back, a regular expression's search included. */
async function guarded(target: Target, input: Buffer): Promise<void> {
  holder.bulkheadFuzzCall = () => target.check(input);
  let answer: unknown;
  try {
    answer = runner.runInThisContext({ timeout: HANG_MS });
  } finally {
    delete holder.bulkheadFuzzCall;
  }
  if (answer instanceof Promise) {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${target.name}: no answer within ${HANG_MS} ms`)), HANG_MS);
    });
    await Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }
}
