import { type Command, InvalidArgumentError } from 'commander';
import type { PortForward } from '../app';
import { CancelledError, EXIT } from '../core/errors';
import { forTerminal } from '../core/plainText';
import type { ListeningPort } from '../guest/guestWatch';
import { type CommonOptions, findRunning, type Run, type Session, withCommonOptions } from './session';

interface Wish {
  guestPort: number;
  localPort?: number;
}

type PortsOptions = CommonOptions & { follow?: true; forward?: Wish[] };

/** `ports`: what listens in the guest, and its ways to this host. */
export function addPortsCommand(program: Command, run: Run): void {
  withCommonOptions(program.command('ports'))
    .description('list the TCP ports that something in the guest listens on, or forward them to this host')
    .argument('<id>', 'the machine, or a unique beginning of its id')
    .option('-f, --follow', 'tell each change until Ctrl-C')
    .option(
      '--forward <port[:local]>',
      'forward a port to 127.0.0.1 until Ctrl-C; can be given several times',
      (text: string, wishes: Wish[] = []) => [...wishes, parseWish(text)],
    )
    .action((id: string, options: PortsOptions) =>
      run(options, async (session) => {
        const machine = await findRunning(session, id);
        if (options.forward) {
          return forward(session, machine.id, options.forward);
        }
        return options.follow ? follow(session, machine.id) : list(session, machine.id);
      }),
    );
}

async function list(session: Session, id: string): Promise<number> {
  session.output.list(await session.app.ports(id, { signal: session.signal }), {
    header: ['PORT', 'ADDRESS', 'PID', 'PROCESS'],
    row: ({ port, address, process }) => [
      String(port),
      address,
      process ? String(process.pid) : '-',
      process?.name ?? '-',
    ],
    empty: 'Nothing in the machine listens on a TCP port.',
  });
  return EXIT.done;
}

/** With `--json` the whole list at each change; for people only what changed. */
async function follow(session: Session, id: string): Promise<number> {
  const { app, output, signal } = session;
  let before: string[] = [];
  await new Promise<never>((_, reject) => {
    const watch = app.watchPorts(id, {
      onPorts: (ports) => {
        const now = ports.map(describe);
        const lines = [
          ...before.filter((line) => !now.includes(line)).map((line) => `- ${line}`),
          ...now.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
        ];
        before = now;
        output.result({ id, ports }, lines);
      },
      onEnd: reject,
    });
    onAbort(signal, () => {
      watch.dispose();
      reject(new CancelledError());
    });
  });
  return EXIT.done;
}

async function forward(session: Session, id: string, wishes: Wish[]): Promise<number> {
  const { app, output, signal } = session;
  const forwards: PortForward[] = [];
  try {
    for (const { guestPort, localPort } of wishes) {
      const made = await app.forwardPort(id, guestPort, {
        signal,
        ...(localPort !== undefined && { localPort }),
      });
      forwards.push(made);
      const address = `127.0.0.1:${made.localPort}`;
      output.result({ id, guestPort, localPort: made.localPort, address }, [
        `${address} is port ${guestPort} of ${id}`,
      ]);
    }
    const ended = Promise.race(forwards.map(({ closed }) => closed));
    const cancelled = new Promise<never>((_, reject) => {
      onAbort(signal, () => reject(new CancelledError()));
    });
    throw (await Promise.race([ended, cancelled])) ?? new CancelledError();
  } finally {
    for (const made of forwards) {
      made.dispose();
    }
  }
}

function onAbort(signal: AbortSignal, then: () => void): void {
  if (signal.aborted) {
    then();
  } else {
    signal.addEventListener('abort', then, { once: true });
  }
}

function describe({ port, address, process }: ListeningPort): string {
  const who = process ? `  ${process.name} (pid ${process.pid})` : '';
  return forTerminal(`${String(port).padEnd(5)}  ${address.padEnd(8)}${who}`).trimEnd();
}

function parseWish(text: string): Wish {
  const [, guest = '', local] = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(text) ?? [];
  const guestPort = Number(guest);
  const localPort = local === undefined ? undefined : Number(local);
  if ([guestPort, localPort ?? 1].some((port) => port < 1 || port > 65_535)) {
    throw new InvalidArgumentError('Give the guest’s port, or guest:local, as in 3000 or 3000:8080.');
  }
  return localPort === undefined ? { guestPort } : { guestPort, localPort };
}
