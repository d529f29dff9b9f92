import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Starts the fixtures first: they take longest, and the other files fill the second worker meanwhile. */
class FixturesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isFixtures = (file: TestSpecification): boolean => file.moduleId.endsWith("/fixtures.test.ts");
    return [...sorted.filter(isFixtures), ...sorted.filter((file) => !isFixtures(file))];
  }
}

// Two workers and two concurrent tests: compilers and interpreters that the tests start use the same cores.
// A test that builds every step of a long series takes minutes on a busy machine; hangs of what it starts are cut off by it.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    maxWorkers: 2,
    maxConcurrency: 2,
    testTimeout: 900_000,
    hookTimeout: 600_000,
    sequence: { sequencer: FixturesFirst },
  },
});
