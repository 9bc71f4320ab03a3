/** What the page can ask for. */
export type PageMessage =
  | { type: 'ready' | 'again' | 'cancel' | 'copy' }
  | { type: 'act'; finding: string; action: number };

/** A message of the page, or undefined for anything else. */
export function pageMessage(value: unknown): PageMessage | undefined {
  if (typeof value !== 'object' || value === null || !('type' in value)) {
    return undefined;
  }
  const { type } = value;
  if (type === 'ready' || type === 'again' || type === 'cancel' || type === 'copy') {
    return { type };
  }
  if (
    type === 'act' &&
    'finding' in value &&
    typeof value.finding === 'string' &&
    'action' in value &&
    typeof value.action === 'number' &&
    Number.isInteger(value.action)
  ) {
    return { type, finding: value.finding, action: value.action };
  }
  return undefined;
}
