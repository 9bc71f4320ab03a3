import type { Colour } from './chartSpecs';

export interface Theme {
  colour(name: Colour): string;
  /** Grid lines. */
  grid: string;
  /** Axis labels. */
  label: string;
  font: string;
  /** Width of a line in CSS pixels: wider in high contrast. */
  line: number;
  /** How much of an area's colour is seen. */
  area: number;
}

let current: Theme | undefined;

/** The colours that VS Code gives the page now. */
export function theme(): Theme {
  current ??= read();
  return current;
}

/** Calls `listener` after the colours have changed. */
export function onThemeChange(listener: () => void): void {
  const changed = () => {
    current = undefined;
    listener();
  };
  const observer = new MutationObserver(changed);
  // The kind of theme is a class of the body; its colours are variables on the root element.
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
}

/** True if the user wants less movement, by VS Code's setting or the system's. */
export function reducedMotion(): boolean {
  return (
    document.body.classList.contains('vscode-reduce-motion') ||
    matchMedia('(prefers-reduced-motion: reduce)').matches
  );
}

function read(): Theme {
  const style = getComputedStyle(document.body);
  const variable = (name: string, fallback: string) => style.getPropertyValue(name).trim() || fallback;
  const foreground = variable('--vscode-foreground', '#888');
  const highContrast = document.body.classList.contains('vscode-high-contrast');
  return {
    colour: (name) => (name === 'foreground' ? foreground : variable(`--vscode-charts-${name}`, foreground)),
    grid: `color-mix(in srgb, ${foreground} 18%, transparent)`,
    label: variable('--vscode-descriptionForeground', foreground),
    font: `11px ${variable('--vscode-font-family', 'sans-serif')}`,
    line: highContrast ? 2 : 1.5,
    area: highContrast ? 0.35 : 0.25,
  };
}
