import uPlot from 'uplot';
import type { Frame } from '../../src/views/resources/resourceMessages';
import { type Columns, columnsOf, type Line, largestOf, linesOf } from './chartColumns';
import type { ChartSpec } from './chartSpecs';
import { t } from './texts';
import { theme } from './theme';

const HEIGHT = 116;
const AXIS_WIDTH = 58;
/** Room for a label of the time axis, in CSS pixels. */
const LABEL_WIDTH = 34;
const DASH = [5, 4];

/** The drawn part of a chart: lines on a canvas, and a mark at the time that is read. */
export class Plot {
  private readonly lines: Line[];
  private readonly uplot: uPlot;
  private top = 1;
  private end = 0;
  private readAt: number | undefined;

  /** @param windowMs how much time it shows */
  constructor(
    private readonly spec: ChartSpec,
    private readonly windowMs: number,
    private readonly place: HTMLElement,
  ) {
    this.lines = linesOf(spec);
    const empty: Columns = [[], ...this.lines.map(() => [])];
    this.uplot = new uPlot(this.options(), empty as uPlot.AlignedData, place);
    new ResizeObserver(() => this.fit()).observe(place);
  }

  draw(frames: readonly Frame[], readAt: number | undefined): void {
    const columns = columnsOf(frames, this.lines);
    this.top = this.spec.top(frames, largestOf(columns)) || 1;
    this.end = (frames.at(-1)?.at ?? 0) / 1000;
    this.readAt = readAt;
    this.uplot.setData(columns as uPlot.AlignedData);
  }

  /** Draws the same again, in the colours of now. */
  redraw(readAt = this.readAt): void {
    this.readAt = readAt;
    this.uplot.redraw();
  }

  /** The time (ms) at a pointer's place on the page; undefined beside the plot. */
  timeAt(clientX: number): number | undefined {
    const { left, width } = this.uplot.over.getBoundingClientRect();
    const x = clientX - left;
    return x < 0 || x > width ? undefined : this.uplot.posToVal(x, 'x') * 1000;
  }

  private fit(): void {
    const width = Math.floor(this.place.clientWidth);
    if (width > 0 && width !== this.uplot.width) {
      this.uplot.setSize({ width, height: HEIGHT });
    }
  }

  private options(): uPlot.Options {
    const seconds = this.windowMs / 1000;
    return {
      width: Math.max(this.place.clientWidth, 120),
      height: HEIGHT,
      padding: [8, 12, 0, 0],
      legend: { show: false },
      // The page has a cursor of its own, which keys move too.
      cursor: { show: false },
      scales: {
        x: { time: false, range: () => [this.end - seconds, this.end] },
        // A line at the very top is seen whole.
        y: { range: () => [0, this.top * 1.03] },
      },
      axes: [
        {
          ...axis(),
          size: 20,
          splits: ({ bbox }) => {
            const room = bbox.width / devicePixelRatio / LABEL_WIDTH;
            const parts = room >= 5 ? 5 : 1;
            return Array.from({ length: parts + 1 }, (_, part) => this.end - seconds * (1 - part / parts));
          },
          values: (_, splits) => splits.map((at) => this.ago(at)),
        },
        {
          ...axis(),
          size: AXIS_WIDTH,
          splits: () => [0, this.top / 2, this.top],
          values: (_, splits) => splits.map((value) => this.spec.format(value)),
        },
      ],
      series: [{}, ...this.lines.map(series)],
      hooks: { draw: [(uplot) => this.drawReadMark(uplot)] },
    };
  }

  private ago(at: number): string {
    const minutes = Math.round((this.end - at) / 60);
    return minutes === 0 ? t('now') : t('minutesAgo', minutes);
  }

  private drawReadMark(uplot: uPlot): void {
    if (this.readAt === undefined) {
      return;
    }
    const { ctx, bbox } = uplot;
    const x = Math.round(uplot.valToPos(this.readAt / 1000, 'x', true));
    ctx.save();
    ctx.strokeStyle = theme().colour('foreground');
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }
}

function axis(): uPlot.Axis {
  return {
    stroke: () => theme().label,
    font: theme().font,
    gap: 4,
    grid: { stroke: () => theme().grid, width: 1 },
    ticks: { show: false },
  };
}

function series({ source, colour, area }: Line): uPlot.Series {
  return {
    stroke: () => theme().colour(colour),
    width: theme().line,
    points: { show: false },
    spanGaps: false,
    ...(source === 'guest' && { dash: DASH }),
    ...(area && { fill: () => faded(theme().colour(colour)) }),
  };
}

/** The same colour, to be seen through. */
function faded(colour: string): string {
  return `color-mix(in srgb, ${colour} ${Math.round(theme().area * 100)}%, transparent)`;
}
