/** Where the house writes what it does. The CLI's goes to stderr, the editor's to its log channel. */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/**
 * Makes text from a guest, an image or a repo safe to show: no terminal escapes, no control characters
 * but newline and tab, nothing that changes the direction of writing, at most `limit` characters.
 */
export function printable(text: string, limit = 10_000): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return (
    cut
      // CSI and OSC sequences whole, then any control character that is left.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
      .replace(/\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?/g, '')
      .replace(/(?![\n\t])[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, '')
  );
}
