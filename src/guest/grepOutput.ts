import type { RawMatch } from './fileMatch';

/** Linux's PATH_MAX; the longest line that is read whole; digits of a line number. */
const PATH_MAX = 4096;
const TEXT_MAX = 64 * 1024;
const DIGITS_MAX = 10;

/** What `MATCH_COLOR` makes grep and git put around a match. */
const MATCH_BEGIN = '\x1b[1m';
const MATCH_END = '\x1b[m';

/** GREP_COLORS for `grep --color=always`: only matches are marked, without erase sequences. */
export const GREP_COLORS = 'ne:mt=1:ms=1:mc=1:sl=:cx=:fn=:ln=:bn=:se=';

/** The same for git: options that go before `grep`. */
export const GIT_COLORS = [
  ...['filename', 'function', 'lineNumber', 'column', 'separator', 'selected', 'context'],
].flatMap((slot) => ['-c', `color.grep.${slot}=`]);

/** Where one field ends and what the next is. */
type Field = 'path' | 'line' | 'text';

/**
 * Reads `path NUL line (':' or NUL) text LF`, as `grep -Z -n` and `git grep -z -n` print it, or, with `plain`, the
 * `path ':' line ':' text LF` of busybox. Matches are marked with `GREP_COLORS`. What does not fit is dropped up to
 * the next newline and counted.
 */
export class GrepOutput {
  private field: Field = 'path';
  private bytes: number[] = [];
  private path = '';
  private line = '';
  /** The text was longer than what is kept. */
  private cut = false;
  private lost = false;
  skipped = 0;

  constructor(private readonly plain: boolean) {}

  push(chunk: Buffer): RawMatch[] {
    return this.plain ? this.pushPlain(chunk) : this.pushFields(chunk);
  }

  private pushFields(chunk: Buffer): RawMatch[] {
    const matches: RawMatch[] = [];
    for (const byte of chunk) {
      if (this.lost) {
        if (byte === 10) {
          this.reset();
        }
      } else if (this.field === 'path') {
        this.readPath(byte);
      } else if (this.field === 'line') {
        this.readLine(byte);
      } else if (byte === 10) {
        matches.push(toMatch(this.path, this.line, Buffer.from(this.bytes).toString()));
        this.reset();
      } else if (this.bytes.length < TEXT_MAX) {
        this.bytes.push(byte);
      }
    }
    return matches;
  }

  private readPath(byte: number): void {
    if (byte === 0) {
      this.path = Buffer.from(this.bytes).toString();
      this.bytes = [];
      this.field = 'line';
    } else if (this.bytes.length >= PATH_MAX) {
      this.lose(byte);
    } else {
      this.bytes.push(byte);
    }
  }

  private readLine(byte: number): void {
    if (byte >= 48 && byte <= 57 && this.bytes.length < DIGITS_MAX) {
      this.bytes.push(byte);
    } else if ((byte === 0 || byte === 58) && this.bytes.length > 0) {
      this.line = Buffer.from(this.bytes).toString();
      this.bytes = [];
      this.field = 'text';
    } else {
      this.lose(byte);
    }
  }

  /** A path that itself contains `:<digits>:` is read wrong; such a row leads to a file that is not there. */
  private pushPlain(chunk: Buffer): RawMatch[] {
    const matches: RawMatch[] = [];
    for (const byte of chunk) {
      if (byte !== 10) {
        if (this.bytes.length < TEXT_MAX) {
          this.bytes.push(byte);
        } else {
          this.cut = true;
        }
        continue;
      }
      const [, path, line, text] =
        /^(\.\/.*?):(\d{1,10}):(.*)$/s.exec(Buffer.from(this.bytes).toString()) ?? [];
      // Without `-I` binary files come too: what has control characters is not a line of text.
      if (path !== undefined && line !== undefined && text !== undefined && !this.cut && isText(text)) {
        matches.push(toMatch(path, line, text));
      } else {
        this.skipped++;
      }
      this.reset();
    }
    return matches;
  }

  private lose(byte: number): void {
    this.skipped++;
    this.lost = true;
    if (byte === 10) {
      this.reset();
    }
  }

  private reset(): void {
    this.field = 'path';
    this.bytes = [];
    this.lost = false;
    this.cut = false;
  }
}

function toMatch(path: string, line: string, marked: string): RawMatch {
  const start = marked.indexOf(MATCH_BEGIN);
  const end = start < 0 ? -1 : marked.indexOf(MATCH_END, start);
  const text = marked.replaceAll(MATCH_BEGIN, '').replaceAll(MATCH_END, '');
  return {
    path,
    line: Number(line),
    text,
    ...(end >= 0 && { range: { start, end: end - MATCH_BEGIN.length } }),
  };
}

function isText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
  return !/[\u0000-\u0008\u000e-\u001a\u001c-\u001f\ufffd]/.test(text);
}
