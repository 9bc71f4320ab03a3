import type { Command } from 'commander';
import { BulkheadError, EXIT } from '../core/errors';
import type { MachineInfo } from '../machine/hypervisor';
import {
  NETWORK_PRESETS,
  type NetworkPolicy,
  type NetworkRequest,
  type NetworkRow,
  type NetworkRule,
} from '../network/networkService';
import { formatBytes, formatTable, jsonLine } from './format';
import { allowPresetHosts } from './netPresets';
import { type CommonOptions, findRunning, type Run, type Session, withCommonOptions } from './session';

interface NetOptions extends CommonOptions {
  allow?: string[];
  revoke?: string[];
  preset?: string[];
  yes?: true;
  once?: true;
  workspace?: true;
  log?: true;
  follow?: true;
}

const collect = (value: string, before: string[] = []) => [...before, value];

/** `net`: what a machine may reach, and what it asked for. */
export function addNetCommand(program: Command, run: Run): void {
  withCommonOptions(program.command('net'))
    .description('show or switch what the machine may reach, and what it asked for')
    .argument('<id>', 'the machine, or a unique beginning of its id')
    .argument(
      '[mode]',
      'none (nothing), allowlist (the hosts that were allowed) or full (everything this host’s containers reach)',
    )
    .option('--allow <host>', 'allow example.org, *.example.org or example.org:8443; several times', collect)
    .option('--revoke <host>', 'take a host back, its open connections included; several times', collect)
    .option(
      '--preset <tool>',
      `allow the hosts (ports 80 and 443) that a tool in the VM fetches from: ${NETWORK_PRESETS.join(', ')}`,
      collect,
    )
    .option('--yes', 'with --preset: without a question in a terminal')
    .option('--once', 'with --allow: for ten minutes only')
    .option('--workspace', 'with --allow: write it into the folder’s .bulkhead.json')
    .option('--log', 'what the machine asked for, allowed and denied')
    .option('-f, --follow', 'with --log: each request as it comes, until Ctrl-C')
    .action((id: string, mode: string | undefined, options: NetOptions) =>
      run(options, (session) => net(session, id, mode, options)),
    );
}

async function net(
  session: Session,
  idOrPrefix: string,
  mode: string | undefined,
  options: NetOptions,
): Promise<number> {
  const { app, signal } = session;
  const modes = await app.networkModes();
  const wanted = modes.find((each) => each === mode);
  if (mode !== undefined && wanted === undefined) {
    throw usage(`net: there is no mode ${mode}`, `Use ${modes.join(', ')}.`);
  }
  const presets = (options.preset ?? []).map((name) => {
    const preset = NETWORK_PRESETS.find((each) => each === name);
    if (preset === undefined) {
      throw usage(`net: there is no preset ${name}`, `Use ${NETWORK_PRESETS.join(', ')}.`);
    }
    return preset;
  });
  if ((options.once || options.workspace) && !options.allow) {
    throw usage('net: --once and --workspace go with --allow', 'Name a host: --allow example.org.');
  }
  if (options.yes && !options.preset) {
    throw usage('net: --yes goes with --preset', 'Name a tool: --preset npm.');
  }
  if (options.once && options.workspace) {
    throw usage('net: --once and --workspace exclude each other', 'Leave one of them out.');
  }
  const machine = await app.find(idOrPrefix, { signal });
  if (wanted !== undefined) {
    await app.setNetwork(machine.id, wanted, { signal });
  }
  const scope = options.once ? 'once' : options.workspace ? 'workspace' : 'machine';
  for (const host of options.allow ?? []) {
    await app.allowHost(machine.id, host, scope, { signal });
  }
  for (const preset of presets) {
    await allowPresetHosts(session, machine.id, preset, { yes: options.yes === true });
  }
  for (const host of options.revoke ?? []) {
    await app.revokeHost(machine.id, host, { signal });
  }
  if (options.log) {
    return options.follow ? follow(session, machine) : log(session, machine);
  }
  const policy = await app.networkPolicy(machine.id, { signal });
  session.output.result(
    {
      id: machine.id,
      network: policy.mode,
      rules: policy.rules,
      ...(policy.named && { named: policy.named }),
    },
    describePolicy(machine.id, policy),
  );
  return EXIT.done;
}

function describePolicy(id: string, policy: NetworkPolicy): string[] {
  const waiting = (policy.named ?? []).map(
    ({ preset, hosts }) =>
      `${preset} names ${hosts.join(', ')}: not allowed (\`bulkhead net ${id} --preset ${preset}\`)`,
  );
  return [...describeRules(id, policy), ...waiting];
}

function describeRules(id: string, { mode, rules }: NetworkPolicy): string[] {
  const title = `${id}: network ${mode}`;
  if (rules.length === 0) {
    return mode === 'allowlist'
      ? [`${title}, no host is allowed yet`, `  bulkhead net ${id} --allow example.org`]
      : [title];
  }
  const idle = mode === 'allowlist' ? '' : ` (the hosts below count in the mode allowlist)`;
  return [
    `${title}${idle}`,
    ...formatTable(
      ['HOST', 'FROM'],
      rules.map((rule) => [rule.host, whence(rule)]),
    ),
  ];
}

function whence({ from, until }: NetworkRule): string {
  return until === undefined ? from : `${from}, until ${new Date(until).toISOString()}`;
}

async function log(session: Session, machine: MachineInfo): Promise<number> {
  const rows = await session.app.networkRows(machine.id, { signal: session.signal });
  session.output.list<NetworkRow>(rows, {
    header: ['LAST', 'HOST', 'COUNT', 'DENIED', 'RECEIVED', ''],
    row: (row) => [
      new Date(row.lastAt).toISOString(),
      `${row.host}:${row.port}`,
      String(row.count),
      String(row.deniedCount),
      formatBytes(row.receivedBytes),
      verdict(row),
    ],
    empty: `${machine.id} has asked for nothing.`,
  });
  return EXIT.done;
}

async function follow(session: Session, { id }: MachineInfo): Promise<number> {
  await findRunning(session, id);
  const { app, signal, output, terminal } = session;
  await new Promise<void>((resolve, reject) => {
    const watch = app.watchNetwork(id, {
      onRows: () => undefined,
      onRequest: (request) =>
        output.json
          ? terminal.stdout.write(`${jsonLine(request)}\n`)
          : output.result(request, [requestLine(request)]),
      onEnd: reject,
    });
    const stop = () => {
      watch.dispose();
      resolve();
    };
    if (signal.aborted) {
      stop();
    }
    signal.addEventListener('abort', stop, { once: true });
  });
  return EXIT.cancelled;
}

function requestLine(request: NetworkRequest): string {
  const what = `${request.method} ${request.host}:${request.port}`;
  return `${new Date(request.at).toISOString()}  ${verdict(request)}  ${what}  ${formatBytes(request.receivedBytes)}`;
}

function verdict({ allowed, reason }: Pick<NetworkRow, 'allowed' | 'reason'>): string {
  return allowed
    ? 'allowed'
    : reason === 'failed' || reason === 'unresolved'
      ? reason
      : `denied (${reason ?? '?'})`;
}

function usage(message: string, next: string): BulkheadError {
  return new BulkheadError(message, { kind: 'usage', next });
}
