import { StringDecoder } from 'node:string_decoder';

/** A longer line is cut into pieces of this many characters, so that a line without end takes no memory. */
const LINE_MAX = 16_384;

/** Splits a stream of bytes into lines of text, without their newlines. */
export class LineSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';

  constructor(private readonly onLine: (line: string) => void) {}

  push(chunk: Buffer): void {
    const lines = (this.rest + this.decoder.write(chunk)).split(/\r?\n/);
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      this.onLine(line);
    }
    while (this.rest.length > LINE_MAX) {
      this.onLine(this.rest.slice(0, LINE_MAX));
      this.rest = this.rest.slice(LINE_MAX);
    }
  }

  end(): void {
    this.rest += this.decoder.end();
    if (this.rest !== '') {
      this.onLine(this.rest);
      this.rest = '';
    }
  }
}
