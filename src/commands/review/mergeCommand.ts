/**
 * A line for the user's shell. The branch's name is the guest's word, and git allows `;` and `$` in it: such a branch is
 * merged by its hash.
 */
export function mergeCommand({ ref, hash }: { ref: string; hash: string }): string {
  const short = ref.replace(/^refs\/heads\//, '');
  const isPlain = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,200}$/.test(short);
  return `git merge ${isPlain ? short : hash.replace(/[^0-9a-f]/g, '')}`;
}
