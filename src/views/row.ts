/** The part of `vscode.l10n` that rows need; named so that the extraction tool finds its `t`. */
export interface L10n {
  t(message: string, ...values: (string | number)[]): string;
}

/** How one row of a tree looks. Plain text only: some of it comes from a repo or a guest. */
export interface Row {
  label: string;
  description?: string;
  /** Plain text, never Markdown. */
  tooltip?: string;
  /** A codicon and, if it should stand out, the id of a theme colour. */
  icon?: { id: string; color?: string };
  /** What `viewItem` is in menus' `when` clauses. */
  contextValue: string;
  expands: 'never' | 'collapsed' | 'expanded';
  /** What a click does beside selecting; the row itself is its argument. */
  command?: { id: string; title: string };
}
