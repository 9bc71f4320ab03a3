import type { L10n } from '../../../src/views/row';

/** English, with values put in as VS Code does it. */
export const l10n: L10n = {
  t: (message, ...values) => message.replace(/\{(\d+)\}/g, (_all, n) => String(values[Number(n)])),
};
