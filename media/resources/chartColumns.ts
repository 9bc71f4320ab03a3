import type { Frame } from '../../src/views/resources/resourceMessages';
import type { ChartSpec, Colour, Figure } from './chartSpecs';

/** Frames farther apart than this have a gap between them: the view was hidden, or the machine slept. */
export const GAP_MS = 4_000;

/** One line of a chart. */
export interface Line {
  source: 'host' | 'guest';
  colour: Colour;
  area: boolean;
  figure: Figure;
}

/** The lines that a chart draws; areas first, so that lines lie on top of them. */
export function linesOf({ rows }: ChartSpec): Line[] {
  const lines = rows.flatMap(({ drawn = {}, host, guest, colour, area = false }): Line[] => {
    if (drawn === 'none') {
      return [];
    }
    const figures = 'host' in drawn || 'guest' in drawn ? drawn : { host, guest };
    return (['host', 'guest'] as const).flatMap((source) => {
      const figure = figures[source];
      return figure ? [{ source, colour, area, figure }] : [];
    });
  });
  return [...lines.filter(({ area }) => area), ...lines.filter(({ area }) => !area)];
}

/** What uPlot draws: times in seconds, then a column for each line; null is a gap. */
export type Columns = [number[], ...(number | null)[][]];

export function columnsOf(frames: readonly Frame[], lines: readonly Line[]): Columns {
  const times: number[] = [];
  const columns: (number | null)[][] = lines.map(() => []);
  let before: number | undefined;
  for (const frame of frames) {
    if (before !== undefined && frame.at - before > GAP_MS) {
      times.push((before + frame.at) / 2000);
      for (const column of columns) {
        column.push(null);
      }
    }
    before = frame.at;
    times.push(frame.at / 1000);
    for (const [index, { figure }] of lines.entries()) {
      columns[index]?.push(figure(frame) ?? null);
    }
  }
  return [times, ...columns];
}

/** The largest figure of all, at least 0. */
export function largestOf([, ...columns]: Columns): number {
  return columns.reduce(
    (largest, column) => column.reduce<number>((max, y) => Math.max(max, y ?? 0), largest),
    0,
  );
}

/** The frame nearest to a time (ms); undefined if there is none. */
export function nearestFrame(frames: readonly Frame[], at: number): Frame | undefined {
  let nearest: Frame | undefined;
  for (const frame of frames) {
    if (!nearest || Math.abs(frame.at - at) <= Math.abs(nearest.at - at)) {
      nearest = frame;
    }
  }
  return nearest;
}
