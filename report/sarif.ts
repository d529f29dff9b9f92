/** SARIF 2.1.0, the form in which code hosts and editors take findings: refusals of a plan, lint findings, checks. */
import { explain } from "../engine/explain.ts";
import type { Span } from "../syntax/source.ts";

/** A place in a file of the project. */
export interface SarifPlace {
  /** Relative to the root of the project, with slashes. */
  readonly path: string;
  /** 1-based. */
  readonly line: number;
  /** Byte offsets in the file; left out where only the line is known. */
  readonly span?: Span;
}

/** One result. `id` is what `explain` answers; ids that it does not know get a rule without a text. */
export interface SarifFinding extends SarifPlace {
  readonly id: string;
  readonly level: "error" | "warning" | "note";
  readonly message: string;
  /** The function, type or module that it is about; keeps the result's identity when lines move. */
  readonly unit?: string;
  /** The path that leads there, in order of execution. */
  readonly related?: readonly (SarifPlace & { readonly message: string })[];
  /** A repair: edits of the finding's file, by byte offsets. */
  readonly fix?: {
    readonly title: string;
    readonly edits: readonly (Span & { readonly text: string })[];
  } | null;
}

const SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";

/** A path as a relative URI reference: slashes stay, everything that a URI reserves is escaped. */
function uriOf(path: string): string {
  return path
    .split("/")
    .map((part) => encodeURIComponent(part))
    .join("/");
}

function locationOf(place: SarifPlace): object {
  const { span } = place;
  return {
    physicalLocation: {
      artifactLocation: { uri: uriOf(place.path), uriBaseId: "SRCROOT" },
      region: {
        startLine: Math.max(1, place.line),
        ...(span === undefined || span.end <= span.start
          ? {}
          : { byteOffset: span.start, byteLength: span.end - span.start }),
      },
    },
  };
}

/** The related places and the finding itself as the steps of one thread, which viewers walk through. */
function flowOf(finding: SarifFinding, related: readonly (SarifPlace & { readonly message: string })[]): object {
  const locations = [...related, finding].map((place) => ({
    location: { ...locationOf(place), message: { text: place.message } },
  }));
  return { codeFlows: [{ threadFlows: [{ locations }] }] };
}

function fixOf({ path, fix }: SarifFinding): object {
  if (fix === undefined || fix === null) return {};
  const replacements = fix.edits.map(({ start, end, text }) => ({
    deletedRegion: { byteOffset: start, byteLength: end - start },
    insertedContent: { text },
  }));
  const artifactLocation = { uri: uriOf(path), uriBaseId: "SRCROOT" };
  return { fixes: [{ description: { text: fix.title }, artifactChanges: [{ artifactLocation, replacements }] }] };
}

function ruleOf(id: string): object {
  const page = explain(id);
  if (page === null) return { id };
  return {
    id,
    shortDescription: { text: page.title },
    fullDescription: { text: page.text },
    help: { text: page.text, markdown: page.text },
    properties: { kind: page.kind },
  };
}

/** What stays the same when lines move: the rule, the file and the unit. */
function identityOf(finding: SarifFinding): string {
  return [finding.id, finding.path, finding.unit ?? ""].join("|");
}

/**
 * A SARIF log with one run. Results keep the order of the findings; rules are sorted by id.
 *
 * @param version of the program.
 * @returns JSON text that ends with a newline.
 */
export function renderSarif(findings: readonly SarifFinding[], version: string): string {
  const ids = [...new Set(findings.map((finding) => finding.id))].sort();
  const seen = new Map<string, number>();
  const results = findings.map((finding) => {
    const identity = identityOf(finding);
    const occurrence = (seen.get(identity) ?? 0) + 1;
    seen.set(identity, occurrence);
    const { unit, related } = finding;
    return {
      ruleId: finding.id,
      ruleIndex: ids.indexOf(finding.id),
      level: finding.level,
      message: { text: finding.message },
      locations: [
        {
          ...locationOf(finding),
          ...(unit === undefined ? {} : { logicalLocations: [{ name: unit, kind: "function" }] }),
        },
      ],
      ...(related === undefined || related.length === 0
        ? {}
        : {
            relatedLocations: related.map((place, id) => ({
              id,
              ...locationOf(place),
              message: { text: place.message },
            })),
            ...flowOf(finding, related),
          }),
      ...fixOf(finding),
      partialFingerprints: { "hpyMigrate/v1": `${identity}|${occurrence}` },
    };
  });
  const log = {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "hpy-migrate", version, rules: ids.map(ruleOf) } },
        columnKind: "utf16CodeUnits",
        originalUriBaseIds: { SRCROOT: { description: { text: "The root of the project." } } },
        results,
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}
