import * as vscode from 'vscode';
import { listed } from '../core/listed';
import { forLabel } from '../core/plainText';
import type { Ask, AskedThing } from '../settings/asks';
import { hostText } from './hostText';

/** Values that a sentence names; the others are counted, and the review lists them all. */
const NAMED = 12;

/** What agreeing opens, as one sentence. All of it from the repo is plain text. */
export function askText({ kind, values }: AskedThing, most = NAMED): string {
  const { t } = vscode.l10n;
  const list = named(values, most);
  switch (kind) {
    case 'network-hosts':
      return t('Reach over the network: {0}', list);
    case 'network-presets':
      return t('Reach the package hosts of: {0} (they are shown before they count)', list);
    case 'network-allowlist':
      return t('Have a network at all (the allowed hosts), where your settings say none');
    case 'network-full':
      return t('Reach everything that this computer’s containers reach: the internet, your local network');
    case 'forward-ports':
      return t('Open ports of the VM on 127.0.0.1 of this computer: {0}', list);
    case 'mount':
      return t('See the folder on this computer itself instead of a copy');
    case 'mount-write':
      return t('Write into the folder on this computer');
    case 'forward-agent':
      return t('Have your SSH agent sign in your name');
    case 'git-credentials':
      return t('Use your git credentials for: {0}', list);
    case 'environment':
      return t('Get these variables of your environment: {0}', list);
  }
}

/** Where it is asked for, and what of it is new. */
export function askOrigin({ origin, news }: Pick<Ask, 'origin' | 'news'>): string {
  const { t } = vscode.l10n;
  const place = forLabel(origin);
  if (!news) {
    return place;
  }
  return news.values.length === 0
    ? t('{0}, new', place)
    : t('{0}, new: {1}', place, named(news.values, NAMED));
}

/** Whether the sentence names all that agreeing to it opens, each in full. */
export function isToldInFull({ values }: AskedThing): boolean {
  return values.length <= NAMED && values.every((value) => hostText(value) === forLabel(value, 10_000));
}

function named(values: readonly string[], most: number): string {
  return listed(values.map(hostText), most, (shown, rest) => vscode.l10n.t('{0} and {1} more', shown, rest));
}
