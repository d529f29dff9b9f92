/**
 * `npm run readiness`: assesses the packages below and writes docs/readiness.jsonl and docs/readiness.html. Packages
 * that have a line already are left out, so it can be stopped and started again; delete the lines to begin anew.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { survey } from "../cli/survey-command.ts";
import type { ProjectFailure, ProjectSummary, Report } from "../report/report-data.ts";
import { renderHtml } from "../report/report-html.ts";
import { cacheDirectory, pythonEnvironment } from "../verify/python-environment.ts";
import { fetchSourceArchive } from "./source-archive.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const LINES = join(ROOT, "docs", "readiness.jsonl");
const PAGE = join(ROOT, "docs", "readiness.html");

/** Seconds for one package: the largest take minutes. */
const TIMEOUT = 3600;

/** What the project is tried on first, then further packages of many kinds. */
const PACKAGES = [
  ...["MarkupSafe==2.1.5", "Pillow==9.2.0", "aiohttp==3.9.5", "bitarray==2.9.2", "cbor2==5.6.5", "crcmod==1.7"],
  ...["greenlet==3.0.3", "kiwisolver==1.3.2", "matplotlib==3.5.1", "mmh3==4.1.0", "multidict==6.0.5"],
  ...["mwparserfromhell==0.6.6", "netifaces==0.11.0", "numpy==1.24.4", "posix_ipc==1.1.1", "psutil==5.9.8"],
  ...["psycopg2==2.9.9", "python-Levenshtein==0.12.2", "python-rapidjson==1.17", "regex==2023.12.25"],
  ...["setproctitle==1.3.3", "simplejson==3.19.2", "ujson==5.10.0", "websockets==12.0", "wrapt==1.16.0"],
  ...["xxhash==3.4.1", "zstandard==0.22.0"],
  ...["BTrees==5.2", "Brotli==1.1.0", "apsw==3.45.1.0", "blosc==1.11.1", "bsdiff4==1.2.4", "cchardet==2.1.7"],
  ...["cffi==1.16.0", "ciso8601==2.3.1", "coverage==7.4.4", "editdistance==0.8.1", "hiredis==2.3.2"],
  ...["immutables==0.20", "jellyfish==0.11.2", "line-profiler==4.1.2", "lz4==4.3.3", "mod-wsgi==5.0.0"],
  ...["msgpack==1.0.8", "mysqlclient==2.2.4", "persistent==5.2", "pyahocorasick==2.1.0", "pybase64==1.3.2"],
  ...["pycairo==1.26.0", "pycryptodome==3.20.0", "pycurl==7.45.3", "pygit2==1.14.1", "pyinstrument==4.6.2"],
  ...["pylibacl==0.7.0", "pylibmc==1.6.3", "pyodbc==5.1.0", "pyrsistent==0.20.0", "pysqlite3==0.5.2"],
  ...["python-ldap==3.4.4", "python-snappy==0.6.1", "pyxattr==0.8.1", "rcssmin==1.1.2", "rjsmin==1.2.2"],
  ...["tornado==6.4", "zope.interface==6.2", "zope.proxy==5.2"],
];

function say(text: string): void {
  process.stderr.write(text);
}

/** Lines of packages by the name that their directory has; later ones count. */
function readLines(): (ProjectSummary | ProjectFailure)[] {
  if (!existsSync(LINES)) return [];
  const lines = readFileSync(LINES, "utf8")
    .split("\n")
    .filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as ProjectSummary | ProjectFailure);
}

const environment = pythonEnvironment();
const list: string[] = [];
for (const requirement of PACKAGES) {
  try {
    list.push(basename(fetchSourceArchive(requirement, environment)));
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\n`);
  }
}
const listFile = join(cacheDirectory(), "packages", "readiness.list");
writeFileSync(listFile, `${list.join("\n")}\n`);
const result = await survey(
  listFile,
  { out: LINES, jobs: cpus().length, timeout: TIMEOUT, exclude: [], hpy: "0.9" },
  { print: () => {}, err: say, ...(process.stderr.isTTY ? { columns: process.stderr.columns } : {}) },
);
if (!result.ok) {
  say(`${result.message}\n`);
  process.exitCode = 1;
} else {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  const report: Report = { schema: 1, hpy: "0.9", projects: readLines() };
  writeFileSync(PAGE, renderHtml(report, [], version));
  say(`wrote ${PAGE}\n`);
}
