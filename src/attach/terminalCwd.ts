/** A sequence that is longer is not a path: Linux's PATH_MAX, percent-encoded. */
const SEQUENCE_MAX = 12_400;
const PATH_MAX = 4096;
const BEGIN = '\x1b]';
/** OSC 7 (`file://host/path`), VS Code's 633 and iTerm's 1337. */
const KINDS = [/^7;file:\/\/[^/]*(\/.*)$/s, /^633;P;Cwd=(\/.*)$/s, /^1337;CurrentDir=(\/.*)$/s];

/**
 * The folder that a shell says it is in, read from its output. The guest can say anything: what comes out is an
 * absolute path and nothing more is known of it.
 */
export class TerminalCwd {
  private rest = '';

  /** `current` is where the shell starts. */
  constructor(private current: string | undefined) {}

  get path(): string | undefined {
    return this.current;
  }

  push(output: string): void {
    let text = this.rest + output;
    this.rest = '';
    for (let at = text.indexOf(BEGIN); at >= 0; at = text.indexOf(BEGIN)) {
      text = text.slice(at + BEGIN.length);
      const end = endOf(text);
      if (!end) {
        if (text.length < SEQUENCE_MAX) {
          this.rest = BEGIN + text;
        }
        return;
      }
      this.read(text.slice(0, end.at));
      text = text.slice(end.at + end.length);
    }
    // The sequence's first character may be the last of this piece.
    this.rest = text.endsWith('\x1b') ? '\x1b' : '';
  }

  private read(sequence: string): void {
    for (const [index, kind] of KINDS.entries()) {
      const path = kind.exec(sequence)?.[1];
      if (path !== undefined) {
        const plain = index === 0 ? decode(path) : path.replace(/\\x([0-9a-f]{2})/g, unescapeHex);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: no folder that a person means has them
        if (plain.length <= PATH_MAX && !/[\u0000-\u001f\u007f]/.test(plain)) {
          this.current = plain;
        }
        return;
      }
    }
  }
}

/** BEL or ESC \ ends a sequence; a bare ESC that something else follows breaks it off. */
function endOf(text: string): { at: number; length: number } | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are the ends
  const found = /\x07|\x1b(\\|(?=[^\\]))/.exec(text);
  return found ? { at: found.index, length: found[0] === '\x1b' ? 0 : found[0].length } : undefined;
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function unescapeHex(_all: string, hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
}

/**
 * Makes bash say its folder before each prompt, unless the image's own start-up files set the variable; other
 * shells take no notice.
 */
export const CWD_ENV = { PROMPT_COMMAND: String.raw`printf '\033]7;file://%s\033\\' "$PWD"` };
