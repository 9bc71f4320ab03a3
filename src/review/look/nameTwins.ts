import { foldName } from '../dangers/foldName';

/** Among the guest's own paths: names that only case or Unicode tells apart. Only beside the wanted paths is compared. */
export class NameTwins {
  private readonly folded = new Map<string, Set<string>>();

  constructor(wanted: readonly string[], all: Iterable<string>) {
    const folders = new Set<string>();
    for (const path of wanted) {
      for (let end = path.lastIndexOf('/'); ; end = path.lastIndexOf('/', end - 1)) {
        folders.add(end < 0 ? '' : path.slice(0, end));
        if (end <= 0) {
          break;
        }
      }
    }
    for (const path of all) {
      const end = path.lastIndexOf('/');
      const folder = end < 0 ? '' : path.slice(0, end);
      if (folders.has(folder)) {
        const key = `${folder}/${foldName(path.slice(end + 1))}`;
        this.folded.set(key, (this.folded.get(key) ?? new Set()).add(path));
      }
    }
  }

  has(path: string): boolean {
    const names = path.split('/');
    return names.some((name, depth) => {
      const folder = names.slice(0, depth).join('/');
      return (this.folded.get(`${folder}/${foldName(name)}`)?.size ?? 0) > 1;
    });
  }
}
