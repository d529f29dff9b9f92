/** How text is set off on a terminal. Every function gives its argument back unchanged where there is no colour. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly notable: (text: string) => string;
}

function same(text: string): string {
  return text;
}

/** No colour: files, pipes, `NO_COLOR`. */
export const PLAIN: Style = { bold: same, dim: same, good: same, bad: same, notable: same };

function ansi(code: number, reset: number): (text: string) => string {
  return (text) => `\u001b[${code}m${text}\u001b[${reset}m`;
}

/** SGR sequences that every terminal knows. */
export const COLOURED: Style = {
  bold: ansi(1, 22),
  dim: ansi(2, 22),
  good: ansi(32, 39),
  bad: ansi(31, 39),
  notable: ansi(36, 39),
};
