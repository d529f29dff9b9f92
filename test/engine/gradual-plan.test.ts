import { join } from "node:path";
import { expect, it } from "vitest";
import { loadParser } from "../../cli/load-parser.ts";
import { readProject } from "../../cli/project.ts";
import { planGradually, planMigration } from "../../engine/engine.ts";
import type { ProjectInput, Step } from "../../engine/types.ts";

const FIXTURES = join(import.meta.dirname, "..", "..", "fixtures");

function read(fixture: string): ProjectInput {
  const project = readProject(join(FIXTURES, fixture), { exclude: [] });
  if (!project.ok) throw new Error(project.message);
  return project.value.input;
}

/** The project with a text replaced in every file. */
function edited({ files }: ProjectInput, from: string, to: string): ProjectInput {
  return { files: files.map(({ path, text }) => ({ path, text: text.replaceAll(from, to) })) };
}

it("pauses before each step, and has the steps so far", async () => {
  const parser = await loadParser();
  const input = read("types/constructors");
  const planning = planGradually(input, parser, { hpy: "0.9" });
  const seen: (readonly Step[])[] = [];
  let result = planning.next();
  for (; result.done !== true; result = planning.next()) seen.push([...result.value.steps]);
  const plan = result.value;
  expect(plan.steps.length).toBeGreaterThan(2);
  for (const steps of seen) expect(steps).toEqual(plan.steps.slice(0, steps.length));
  const lengths = new Set(seen.map((steps) => steps.length));
  expect(lengths.size).toBeGreaterThan(2);
});

it("may be left at any time, and then starts anew", async () => {
  const parser = await loadParser();
  const input = read("types/constructors");
  const left = planGradually(input, parser, { hpy: "0.9" });
  for (let i = 0; i < 4; i++) left.next();
  const plan = planMigration(input, parser, { hpy: "0.9" });
  expect(plan).toEqual(planMigration(input, await loadParser(), { hpy: "0.9" }));
});

it("gives the plan of a new parser after edits, by a parser that has planned other versions of the files", async () => {
  const parser = await loadParser();
  const input = read("types/constructors");
  const versions = [
    input,
    edited(input, "return NULL;", "return  NULL; /* why */"),
    edited(input, "\n}\n", "\n"),
    edited(input, "static PyMethodDef", "#define NOTHING\nstatic PyMethodDef"),
    input,
  ];
  for (const version of versions)
    expect(planMigration(version, parser, { hpy: "0.9" })).toEqual(
      planMigration(version, await loadParser(), { hpy: "0.9" }),
    );
});
