let texts: Record<string, string> = {};

/** The translated texts, which the extension sends (a page has no `vscode.l10n`). */
export function setTexts(translated: Record<string, string>): void {
  texts = translated;
}

/** The text with this key, `{0}`, `{1}`… replaced. */
export function t(key: string, ...values: (string | number)[]): string {
  return (texts[key] ?? key).replace(/\{(\d)\}/g, (_, index: string) => String(values[Number(index)] ?? ''));
}
