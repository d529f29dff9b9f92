/** Bundles the report page's script and style, so that the report needs neither files nor packages to draw it. */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const PAGE = join(dirname(fileURLToPath(import.meta.url)), "..", "page");

/** Where the bundle lies, from the root of the repository. */
export const PAGE_BUNDLE = "report/page.generated.ts";

async function bundle(entry: string): Promise<string> {
  const result = await build({
    entryPoints: [join(PAGE, entry)],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: ["es2022"],
    charset: "ascii",
    legalComments: "none",
    banner: entry.endsWith(".ts")
      ? { js: "/* Contains d3 (ISC, Mike Bostock) and fflate (MIT, Arjun Barrett). */" }
      : {},
  });
  // A script element ends at the first such text, wherever it stands.
  return (result.outputFiles[0]?.text ?? "").trim().replaceAll("</script", "<\\/script");
}

function hash(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

/** Text of the generated module. */
export async function generatePage(): Promise<string> {
  const script = await bundle("main.ts");
  const style = await bundle("page.css");
  const constant = (name: string, about: string, value: string): string =>
    `/** ${about} */\nexport const ${name} =\n  ${JSON.stringify(value)};\n`;
  return [
    "// Made by tools/generate-page.ts from page/; do not edit.\n",
    constant("PAGE_SCRIPT", "Script of the report page, minified.", script),
    constant("PAGE_SCRIPT_HASH", "What a content security policy calls the script.", hash(script)),
    constant("PAGE_STYLE", "Style of the report page, minified.", style),
    constant("PAGE_STYLE_HASH", "What a content security policy calls the style.", hash(style)),
  ].join("\n");
}
