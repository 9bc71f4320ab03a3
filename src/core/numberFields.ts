import { BulkheadError } from './errors';

/**
 * Reads a line of words with one space between them, strictly: what the small programs in the VM and around it say of
 * themselves. Every method throws a BulkheadError at the first word that is not what was asked for.
 */
export class NumberFields {
  private readonly words: string[];
  private at = 0;

  /** `who` is the start of the error's sentence. */
  constructor(
    line: string,
    private readonly who: string,
  ) {
    this.words = line.split(' ');
  }

  word(pattern: RegExp): string {
    const word = this.words[this.at++] ?? '';
    if (!pattern.test(word)) {
      throw new BulkheadError(`${this.who} sent something that is not its format`);
    }
    return word;
  }

  /** A decimal number from 0 to `max` (default: 15 digits, which a double holds exactly). */
  number(max = 999_999_999_999_999): number {
    const value = Number(this.word(/^\d{1,15}$/));
    if (value > max) {
      throw new BulkheadError(`${this.who} sent a number that can't be`);
    }
    return value;
  }

  numbers(count: number): number[] {
    return Array.from({ length: count }, () => this.number());
  }

  /** Nothing may follow. */
  end(): void {
    if (this.at !== this.words.length) {
      throw new BulkheadError(`${this.who} sent something that is not its format`);
    }
  }
}
