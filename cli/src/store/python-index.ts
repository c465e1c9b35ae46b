// Finds a package's wheel the way pip does: in the directories and on the index pages that this user's pip settings name.
// Format: Python's simple repository API, as HTML (PEP 503) and as JSON (PEP 691).
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { CliError } from '../errors.ts';
import type { Activity } from './activity.ts';
import { fetchDocument } from './document.ts';
import { RequestRefused, withoutCredentials } from './http-request.ts';
import { type PipSettings, readPipSettings } from './pip-settings.ts';
import type { RetryOptions } from './retry.ts';

/** A file here, or a URL whose SHA-256 the index tells (or does not). */
export type Wheel = { path: string } | { url: string; sha256: string | null };

const maxPageBytes = 32 << 20;
const accept = 'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01';

/** PEP 503: how names are compared and written in URLs. */
const normalized = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, '-');

/** Throws DOWNLOAD_FAILED, which says where was looked. */
export async function findWheel(
  { name, version }: { name: string; version: string },
  activity: Activity,
  retry: RetryOptions = {},
): Promise<Wheel> {
  const settings = await readPipSettings();
  await trust(settings);
  const fits = (file: string) =>
    file.endsWith('.whl') && normalized(file).startsWith(`${normalized(`${name}-${version}`)}-`);
  for (const directory of settings.directories) {
    const file = (await readdir(directory).catch(() => [] as string[])).find(fits);
    if (file !== undefined) return { path: join(directory, file) };
  }
  const trouble: string[] = [];
  for (const index of settings.indexUrls) {
    const page = `${index.replace(/\/+$/, '')}/${normalized(name)}/`;
    try {
      const files = filesOf(await fetchDocument(page, activity, { ...retry, accept, maxBytes: maxPageBytes }), page);
      const file = files.find((candidate) => fits(candidate.filename));
      if (file !== undefined) return { url: file.url, sha256: file.sha256 };
      trouble.push(`${withoutCredentials(index)} has no wheel of that version`);
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error;
      trouble.push(error.message);
    }
  }
  const places = trouble.join('; ') || 'pip is set to use no index, and its directories have none';
  throw new CliError('DOWNLOAD_FAILED', `the Python package ${name} ${version} was not found: ${places}`);
}

/** An index of one's own often has a certificate of one's own. */
async function trust({ certificates }: PipSettings): Promise<void> {
  if (certificates === null || typeof setDefaultCACertificates !== 'function') return;
  const text = await readFile(certificates, 'utf8').catch(() => '');
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const known = new Set(getCACertificates());
  if (found.some((certificate) => !known.has(certificate))) setDefaultCACertificates([...known, ...found]);
}

interface IndexFile {
  filename: string;
  url: string;
  sha256: string | null;
}

/** The files that an index page lists; nothing on it is believed but as a link and a checksum. */
export function filesOf(text: string, page: string): IndexFile[] {
  return (text.trimStart().startsWith('{') ? jsonFiles(text, page) : htmlFiles(text, page)).filter(({ url }) =>
    /^https?:/.test(url),
  );
}

const sha256Of = (text: unknown): string | null =>
  typeof text === 'string' && /^[0-9a-f]{64}$/.test(text) ? text : null;

/** Keeps the user and password of the page for files of its own host. */
function absolute(link: string, page: string): string {
  if (!URL.canParse(link, page)) return '';
  const url = new URL(link, page);
  const from = new URL(page);
  if (url.origin === from.origin && url.username === '') {
    url.username = from.username;
    url.password = from.password;
  }
  return url.href;
}

function jsonFiles(text: string, page: string): IndexFile[] {
  let files: unknown;
  try {
    ({ files } = JSON.parse(text));
  } catch {
    return [];
  }
  if (!Array.isArray(files)) return [];
  return files.flatMap((file: { filename?: unknown; url?: unknown; hashes?: { sha256?: unknown } } | null) =>
    typeof file?.filename === 'string' && typeof file.url === 'string'
      ? [{ filename: file.filename, url: absolute(file.url, page), sha256: sha256Of(file.hashes?.sha256) }]
      : [],
  );
}

function htmlFiles(text: string, page: string): IndexFile[] {
  return [...text.matchAll(/<a\s[^>]*?href\s*=\s*["']([^"']+)["'][^>]*>([^<]*)</gi)].map(
    ([, href = '', label = '']) => {
      const [link = '', fragment = ''] = href.replaceAll('&amp;', '&').split('#');
      const sha256 = /^sha256=([0-9a-f]{64})$/.exec(fragment)?.[1];
      return { filename: label.trim(), url: absolute(link, page), sha256: sha256 ?? null };
    },
  );
}
