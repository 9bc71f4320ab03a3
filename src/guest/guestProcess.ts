import { Readable, Writable } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { BulkheadError, CancelledError } from '../core/errors';
import { exitStatusOf } from './command';
import type { ExitStatus, GuestProcess, PtySize } from './guest';
import type { OpenChannel, SessionExit } from './sharedConnection';
import type { SshConnection } from './sshConnection';
import { writesTo } from './writesTo';

/** Output that nobody reads is kept up to here, then dropped: an unread stderr must not stop the process. */
const UNREAD_STDERR_MAX = 1024 * 1024;
/** After both streams ended, how long to wait for the exit status. */
const STATUS_MS = 5_000;

/** Wraps an open session channel whose command or shell has been started. */
export function guestProcess({
  channel,
  connection,
  release,
  exit,
}: OpenChannel<ClientChannel> & { exit: SessionExit }): GuestProcess {
  const stdout = outputOf(channel, false);
  const stderr = outputOf(channel.stderr as Readable, true);
  const stdin = inputOf(channel, connection);
  let status: ExitStatus | undefined = exit.status && exitStatusOf(...exit.status);
  let finish: (error?: Error) => void = () => undefined;

  const exited = new Promise<ExitStatus>((resolve, reject) => {
    finish = (error) => {
      release();
      // The input's other end is gone; a pending write would wait for ever.
      stdin.destroy();
      channel.close();
      if (status && !error) {
        resolve(status);
      } else {
        reject(error ?? new BulkheadError('The process in the VM ended without an exit status.'));
      }
    };
    channel.on('exit', (code: unknown, signal: unknown) => {
      status = exitStatusOf(code, signal);
    });
    const closed = new Promise<void>((done) => channel.once('close', () => done()));
    // A stream that ends because the connection broke may lack its last bytes.
    let whole = true;
    for (const source of [channel, channel.stderr]) {
      source.once('end', () => {
        whole &&= connection.isOpen;
      });
    }
    void Promise.all([ended(channel, stdout), ended(channel.stderr as Readable, stderr)]).then(async () => {
      if (!status && whole) {
        await Promise.race([closed, statusArrives(channel)]);
      }
      finish(whole ? undefined : connection.lost);
    });
  });
  // Whoever wants the status awaits it; a process that is only disposed must not crash the host's.
  exited.catch(() => undefined);

  return {
    stdin,
    stdout,
    stderr,
    exited,
    resize: (size: PtySize) => {
      const rows = Math.max(1, Math.floor(size.rows));
      channel.setWindow(rows, Math.max(1, Math.floor(size.columns)), 0, 0);
    },
    signal: (name) => channel.signal(name),
    dispose: () => {
      if (channel.writable) {
        channel.signal('TERM');
      }
      finish(new CancelledError('The process in the VM was let go'));
      stdout.destroy();
      stderr.destroy();
    },
  };
}

function statusArrives(channel: ClientChannel): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, STATUS_MS);
    channel.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** A plain readable over one of the channel's streams, with the channel's backpressure. */
function outputOf(source: Readable, dropUnread: boolean): Readable {
  const output: Readable = new Readable({
    read: () => void source.resume(),
    destroy: (error, callback) => {
      // What is left must still be drained, or the channel never closes.
      source.resume();
      callback(error);
    },
  });
  source.on('data', (chunk: Buffer) => {
    const unread = dropUnread && output.readableFlowing === null;
    if (output.destroyed || (unread && output.readableLength > UNREAD_STDERR_MAX)) {
      return;
    }
    if (!output.push(chunk) && !unread) {
      source.pause();
    }
  });
  source.on('end', () => output.push(null));
  return output;
}

/** Resolves once the stream has ended for its reader, or for the channel if it has no reader. */
function ended(source: Readable, output: Readable): Promise<void> {
  return new Promise((resolve) => {
    output.once('end', resolve);
    output.once('close', resolve);
    source.once('end', () => {
      if (output.destroyed || output.readableFlowing === null) {
        resolve();
      }
    });
  });
}

/** Standard input: waits for the SSH window and for the transport, and ends with EOF. */
function inputOf(channel: ClientChannel, connection: SshConnection): Writable {
  return new Writable({ highWaterMark: 256 * 1024, ...writesTo(channel, connection) });
}
