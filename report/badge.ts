/** The badge of a README: how much of an extension is HPy code, as an SVG without any reference to the outside. */

import { isAssessed, type Report } from "./report-data.ts";
import { type Standing, sumOfStandings } from "./standing.ts";
import { percent } from "./words.ts";

/** Average width of a character of 11 px Verdana, the font that badges are drawn with. */
const CHARACTER = 6.6;

interface Colour {
  /** Least share that gets the colour. */
  readonly from: number;
  readonly fill: string;
}

/** All have a contrast of at least 4.5 with white text. */
const COLOURS: readonly Colour[] = [
  { from: 1, fill: "#1a7f37" },
  { from: 0.5, fill: "#34701c" },
  { from: 0.01, fill: "#7d5c00" },
  { from: 0, fill: "#5f6670" },
];

/** Functions of all projects of a report. */
function standingOfReport(report: Report): Standing {
  return sumOfStandings(report.projects.filter(isAssessed).map((project) => project.assessment.standing));
}

/** SVG text of the badge. */
export function renderBadge(report: Report): string {
  const standing = standingOfReport(report);
  const done = standing.donePure + standing.doneBridged;
  const label = "HPy";
  const value = standing.functions === 0 ? "no C API" : percent(done, standing.functions);
  const share = standing.functions === 0 ? 1 : done / standing.functions;
  const fill = (COLOURS.find((colour) => share >= colour.from) as Colour).fill;
  const left = Math.round(label.length * CHARACTER) + 12;
  const right = Math.round(value.length * CHARACTER) + 12;
  const title =
    standing.functions === 0
      ? "HPy: no function uses the C API"
      : `HPy: ${done} of ${standing.functions} functions have moved`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="20" role="img" aria-label="${title}">
<title>${title}</title>
<clipPath id="r"><rect width="${left + right}" height="20" rx="3"/></clipPath>
<g clip-path="url(#r)"><rect width="${left}" height="20" fill="#444c56"/><rect x="${left}" width="${right}" height="20" fill="${fill}"/></g>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="${left / 2}" y="14">${label}</text>
<text x="${left + right / 2}" y="14">${value}</text>
</g>
</svg>
`;
}
