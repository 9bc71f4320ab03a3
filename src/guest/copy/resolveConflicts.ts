import type { ConflictAnswer, CopyNode, CopyQuestions, SkippedList } from './copyTree';

export type ThereType = 'file' | 'directory' | 'other';

/** What lies at the destination already. */
export interface Destination {
  /** `path` is relative to the destination's folder. Never follows a link: one is `other`. */
  look(path: string): Promise<ThereType | undefined>;
}

/** Asks for every name that is there already, and notes the answers in the nodes. */
export async function resolveConflicts(
  nodes: readonly CopyNode[],
  destination: Destination,
  questions: Pick<CopyQuestions, 'onConflict'>,
  skipped: SkippedList,
  folder = '',
): Promise<void> {
  const taken = new Set(nodes.map(({ placing }) => (placing.kind === 'skip' ? '' : placing.name)));
  for (const node of nodes) {
    if (node.placing.kind === 'skip') {
      continue;
    }
    const { name } = node.placing;
    const path = folder === '' ? name : `${folder}/${name}`;
    const there = await destination.look(path);
    if (there === undefined) {
      continue;
    }
    if (there === 'directory' && node.type === 'directory') {
      node.placing = { kind: 'merge', name };
      await resolveConflicts(node.children, destination, questions, skipped, path);
      continue;
    }
    const canReplace = there !== 'directory' && node.type !== 'directory';
    const answer: ConflictAnswer = await questions.onConflict({ path, canReplace });
    if (answer === 'keepBoth') {
      const free = await freeName(name, taken, (each) =>
        destination.look(folder === '' ? each : `${folder}/${each}`),
      );
      taken.add(free);
      node.placing = { kind: 'place', name: free, replaces: false };
    } else if (answer === 'overwrite' && canReplace) {
      node.placing = { kind: 'place', name, replaces: true };
    } else {
      node.placing = { kind: 'skip' };
      skipped.add(node.source, 'conflict');
    }
  }
}

/** `report.txt` → `report (2).txt`, the first that nothing has. */
async function freeName(
  name: string,
  taken: ReadonlySet<string>,
  look: (name: string) => Promise<ThereType | undefined>,
): Promise<string> {
  const dot = name.lastIndexOf('.');
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  for (let number = 2; ; number++) {
    const candidate = `${shortened(stem)} (${number})${extension}`;
    if (!taken.has(candidate) && (await look(candidate)) === undefined) {
      return candidate;
    }
  }
}

/** Room for the number: a name has 255 bytes at most. */
function shortened(stem: string): string {
  let short = stem;
  while (Buffer.byteLength(short) > 200) {
    short = short.slice(0, -1);
  }
  return short;
}
