import { forLabel } from '../core/plainText';

/** Characters of one host name: the longest would fill a dialog. */
const LONGEST = 80;

/** A host that a guest or a repo names. The end of the name says whose it is: it is never what is cut. */
export function hostText(host: string): string {
  const text = forLabel(host.length > LONGEST ? host.slice(-LONGEST) : host);
  return host.length > LONGEST ? `…${text}` : text;
}
