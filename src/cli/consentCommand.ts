import { resolve } from 'node:path';
import type { Command } from 'commander';
import { BulkheadError, EXIT } from '../core/errors';
import { forTerminal } from '../core/plainText';
import { ASK_WORDS, type Ask, type AskKind, type FolderAsks } from '../settings/asks';
import { kindsOfWords } from './allowOptions';
import { type CommonOptions, type Run, type Session, withCommonOptions } from './session';

/** Twenty host names, as long as they can be. */
const MAX_LINE = 6000;

interface ConsentOptions extends CommonOptions {
  /** True without a word: all. */
  grant?: string[] | true;
  digest?: string;
  /** True without a word: every answer. */
  revoke?: string[] | true;
}

export function addConsentCommand(program: Command, run: Run): void {
  withCommonOptions(program.command('consent'))
    .description('show, grant or revoke what the folder’s files ask for beyond the safe defaults')
    .argument('[folder]', 'the workspace folder', '.')
    .option(
      '--grant [what...]',
      `allow all that is asked for, or only ${Object.values(ASK_WORDS).join(', ')}; after the folder`,
    )
    .option('--digest <digest>', 'with --grant: only if this is still what is asked for (see --json)')
    .option('--revoke [what...]', 'take back what was allowed; without a word, forget every answer')
    .action((folder: string, options: ConsentOptions) =>
      run(options, (session) => consent(session, resolve(session.terminal.cwd(), folder), options)),
    );
}

async function consent(session: Session, folder: string, options: ConsentOptions): Promise<number> {
  const asks = await answered(session, folder, options);
  session.output.result(asks, describe(asks));
  return EXIT.done;
}

async function answered(session: Session, folder: string, options: ConsentOptions): Promise<FolderAsks> {
  const { app, signal } = session;
  const { grant, digest, revoke } = options;
  if (revoke !== undefined && grant !== undefined) {
    throw new BulkheadError('consent: --grant and --revoke exclude each other', { kind: 'usage' });
  }
  if (revoke !== undefined) {
    return app.revokeGrants(folder, { signal, ...(revoke !== true && { kinds: kindsOfWords(revoke) }) });
  }
  const asks = await app.asks(folder, { signal });
  if (grant === undefined) {
    return asks;
  }
  const kinds: readonly AskKind[] | 'all' = grant === true ? 'all' : kindsOfWords(grant);
  const missing = kinds === 'all' ? [] : kinds.filter((kind) => !asks.asks.some((ask) => ask.kind === kind));
  if (missing.length > 0) {
    throw new BulkheadError(
      `consent: the folder does not ask for ${missing.map((kind) => ASK_WORDS[kind]).join(', ')}`,
      { kind: 'usage', next: 'See what it asks for with `bulkhead consent`.' },
    );
  }
  return app.grant(folder, digest ?? asks.digest, kinds, { signal });
}

function describe({ folder, asks }: FolderAsks): string[] {
  if (asks.length === 0) {
    return [`${forTerminal(folder)} asks for nothing beyond the safe defaults.`];
  }
  const open = asks.filter(({ granted }) => !granted);
  return [
    `${forTerminal(folder)} asks to let its machine:`,
    ...asks.flatMap(describeAsk),
    ...(open.length > 0
      ? ['', `Allow with --grant, or --grant ${open.map(({ kind }) => ASK_WORDS[kind]).join(' ')}.`]
      : []),
  ];
}

/** One thing asked for, on two lines. Its texts are printable already. */
export function describeAsk(ask: Ask): string[] {
  const { granted, grantedValues, news, kind, text, origin } = ask;
  const state = granted ? 'allowed' : grantedValues.length > 0 ? 'in part' : 'not yet';
  const partly = !granted && grantedValues.length > 0 ? [`allowed: ${grantedValues.join(', ')}`] : [];
  const isNew = news ? [`new${news.values.length > 0 ? `: ${news.values.join(', ')}` : ''}`] : [];
  const details = [origin, ...partly, ...isNew].map((part) => forTerminal(part, MAX_LINE)).join(' · ');
  return [
    `  ${state}  ${ASK_WORDS[kind].padEnd(12)}  ${forTerminal(text, MAX_LINE)}`,
    `${' '.repeat(25)}${details}`,
  ];
}
