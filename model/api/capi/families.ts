/** Facts of the C API, all families together. */
import type { FactFamily, FactRow } from "../capi-facts.ts";
import { CONTAINERS_FACTS } from "./containers.ts";
import { DATE_AND_TIME_FACTS } from "./date-and-time.ts";
import { ERRORS_FACTS } from "./errors.ts";
import { FUNCTIONS_FACTS } from "./functions.ts";
import { NUMBERS_FACTS } from "./numbers.ts";
import { OBJECTS_FACTS } from "./objects.ts";
import { OTHER_RELEASES_FACTS } from "./other-releases.ts";
import { PARSING_FACTS } from "./parsing.ts";
import { RUNTIME_FACTS } from "./runtime.ts";
import { TEXT_FACTS } from "./text.ts";

/** A row together with the page that documents it; an empty source stands for the header. */
export interface CapiFact {
  readonly name: string;
  readonly source: string;
  readonly row: FactRow;
}

const FAMILIES: readonly FactFamily[] = [
  ...CONTAINERS_FACTS,
  ...DATE_AND_TIME_FACTS,
  ...ERRORS_FACTS,
  ...FUNCTIONS_FACTS,
  ...NUMBERS_FACTS,
  ...OBJECTS_FACTS,
  ...OTHER_RELEASES_FACTS,
  ...PARSING_FACTS,
  ...RUNTIME_FACTS,
  ...TEXT_FACTS,
];

export const CAPI_FACTS: readonly CapiFact[] = FAMILIES.flatMap((family) =>
  family.rows.map((row) => ({ name: row[0], source: family.source, row })),
);
