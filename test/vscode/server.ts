/** What the browser of the editor's test asks: VS Code itself, the extensions, and the files of a workspace. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, extname, join, normalize, sep } from "node:path";

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ttf": "font/ttf",
};

/** What the server hands out. */
export interface Site {
  /** Directory of VS Code for the browser. */
  readonly vscode: string;
  /** Directories of extensions by the name that they get in the address. */
  readonly extensions: Readonly<Record<string, string>>;
  /** Directory that the editor opens as its workspace, and writes to. */
  readonly workspace: string;
  /** Settings of the user. */
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface RunningSite {
  readonly url: string;
  /** Paths that were asked for and are not there. */
  readonly missing: readonly string[];
  close(): Promise<void>;
}

/** Starts the server on a free port of this machine. */
export async function serve(site: Site): Promise<RunningSite> {
  const missing: string[] = [];
  let origin = "";
  const server = createServer((request, response) => {
    answer(site, origin, request, response).catch((error: unknown) => {
      missing.push(`${request.method} ${request.url}: ${String(error)}`);
      response.writeHead(404).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // The name, unlike the address, has subdomains, which webviews live in.
  origin = `localhost:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${origin}/`,
    missing,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The file that a path of an address names, below a directory. Throws when it leads out of it. */
function below(directory: string, path: string): string {
  const file = normalize(join(directory, path));
  if (file !== normalize(directory) && !file.startsWith(normalize(directory) + sep))
    throw new Error(`${path} leads out`);
  return file;
}

async function answer(site: Site, origin: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = decodeURIComponent(new URL(request.url ?? "/", `http://${origin}`).pathname);
  const [, area = "", ...rest] = path.split("/");
  if (area === "") return send(response, ".html", workbench(site, origin));
  if (area === "code") return sendFile(response, below(site.vscode, rest.join("/")));
  if (area === "workspace") return workspace(below(site.workspace, rest.join("/")), request, response);
  const extension = site.extensions[rest[0] ?? ""];
  if (area === "extensions" && extension !== undefined) {
    return sendFile(response, below(extension, rest.slice(1).join("/")));
  }
  throw new Error("unknown address");
}

function send(response: ServerResponse, extension: string, body: string | Buffer): void {
  response.writeHead(200, {
    "content-type": MEDIA_TYPES[extension] ?? "application/octet-stream",
    // Webviews have an origin of their own, and their service worker is asked for there.
    "access-control-allow-origin": "*",
    "cache-control": "no-store",
  });
  response.end(body);
}

function sendFile(response: ServerResponse, file: string): void {
  send(response, extname(file), readFileSync(file));
}

/** The file system of the workspace: a directory is a JSON list of entries, a file its bytes; PUT writes, DELETE removes. */
async function workspace(file: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === "PUT") {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, Buffer.concat(pieces));
    return send(response, ".json", "{}");
  }
  if (request.method === "DELETE") {
    rmSync(file, { recursive: true });
    return send(response, ".json", "{}");
  }
  if (!existsSync(file)) {
    // A file that is not there is an answer like another: editors look for settings in every folder.
    return send(response, ".json", JSON.stringify({ kind: "none" }));
  }
  const { mtimeMs, size } = statSync(file);
  const entries = statSync(file).isDirectory()
    ? readdirSync(file, { withFileTypes: true }).map((entry) => [entry.name, entry.isDirectory()])
    : null;
  const content = entries === null ? readFileSync(file).toString("base64") : null;
  send(response, ".json", JSON.stringify({ kind: entries ? "directory" : "file", mtimeMs, size, entries, content }));
}

/** The page that starts VS Code with the extensions and the workspace. */
function workbench(site: Site, origin: string): string {
  const configuration = {
    additionalBuiltinExtensions: Object.keys(site.extensions).map((name) => ({
      scheme: "http",
      authority: origin,
      path: `/extensions/${name}`,
    })),
    productConfiguration: {
      enableTelemetry: false,
      webviewContentExternalBaseUrlTemplate: `http://{{uuid}}.${origin}/code/out/vs/workbench/contrib/webview/browser/pre/`,
      extensionsGallery: undefined,
    },
    configurationDefaults: {
      "security.workspace.trust.enabled": false,
      "telemetry.telemetryLevel": "off",
      "workbench.startupEditor": "none",
      "workbench.enableExperiments": false,
      ...site.settings,
    },
  };
  return `<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<title>Code</title>
<link data-name="vs/workbench/workbench.web.main" rel="stylesheet" href="/code/out/vs/workbench/workbench.web.main.css">
</head>
<body aria-label=""></body>
<script src="/code/out/vs/loader.js"></script>
<script src="/code/out/vs/webPackagePaths.js"></script>
<script>
for (const [name, path] of Object.entries(self.webPackagePaths)) {
  self.webPackagePaths[name] = new URL("/code/node_modules/" + name + "/" + path, location.origin).href;
}
require.config({
  baseUrl: new URL("/code/out", location.origin).href,
  paths: self.webPackagePaths,
  trustedTypesPolicy: trustedTypes.createPolicy("amdLoader", { createScriptURL: (value) => value }),
});
</script>
<script src="/code/out/vs/workbench/workbench.web.main.nls.js"></script>
<script src="/code/out/vs/workbench/workbench.web.main.js"></script>
<script>
require(["vs/workbench/workbench.web.main"], (main) => {
  const configuration = ${JSON.stringify(configuration)};
  configuration.additionalBuiltinExtensions = configuration.additionalBuiltinExtensions.map((uri) => main.URI.revive(uri));
  configuration.workspaceProvider = {
    workspace: { folderUri: main.URI.from({ scheme: "fixture", path: "/${WORKSPACE_NAME}" }) },
    open: async () => true,
    trusted: true,
  };
  main.create(document.body, configuration);
  self.runCommand = (name, ...parameters) => main.commands.executeCommand(name, ...parameters);
});
</script>
</html>
`;
}

/** Name of the workspace folder in the editor. */
const WORKSPACE_NAME = "extension";
