// The Hugging Face hub's interface, as much of it as finding one file takes: /api/models/NAME/revision/REVISION?blobs=true
// tells the commit, the files, their sizes and checksums; /NAME/resolve/COMMIT/FILE is the file.
// HF_ENDPOINT names a mirror, HF_TOKEN opens what is not public. Source: https://huggingface.co/docs/hub/api
import { formatBytes } from '@flash-slim/plan';
import { CliError } from '../errors.ts';
import type { Activity } from './activity.ts';
import { fetchDocument } from './document.ts';
import { RequestRefused } from './http-request.ts';
import { type HubName, hubNameText } from './hub-name.ts';
import type { RetryOptions } from './retry.ts';

export interface HubFile {
  /** Of one commit, so that the bytes behind it stay the same. */
  url: string;
  path: string;
  bytes: number | null;
  /** SHA-256 of the file where the hub stores it apart (every large file), else git's SHA-1 of the blob. */
  checksum: { kind: 'sha256' | 'git'; hex: string } | null;
  authorization: string | undefined;
}

interface Sibling {
  path: string;
  bytes: number | null;
  sha256: string | null;
  blobId: string | null;
}

const publicHub = 'https://huggingface.co';
const maxDescriptionBytes = 32 << 20;
/** Taken when a repository has several: the usual balance of size and quality, and what other tools take. */
const usual = /(^|[-._])q4_k_m[-._]/i;

/** Throws MODEL_AMBIGUOUS with the choices, MODEL_NOT_ON_HUB, HUB_ACCESS, DOWNLOAD_FAILED. */
export async function findOnHub(name: HubName, activity: Activity, retry: RetryOptions = {}): Promise<HubFile> {
  const endpoint = (process.env.HF_ENDPOINT || publicHub).replace(/\/+$/, '');
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint))
    throw new CliError('MODEL_URL_INVALID', `HF_ENDPOINT is '${endpoint}', which is not an http or https URL`);
  const token = process.env.HF_TOKEN || process.env.HUGGING_FACE_HUB_TOKEN;
  const authorization = token ? `Bearer ${token}` : undefined;
  const { commit, siblings } = await readRepository(name, endpoint, activity, { ...retry, authorization });
  const chosen = choose(name, siblings);
  const path = chosen.path.split('/').map(encodeURIComponent).join('/');
  const checksum =
    chosen.sha256 !== null
      ? ({ kind: 'sha256', hex: chosen.sha256 } as const)
      : chosen.blobId !== null
        ? ({ kind: 'git', hex: chosen.blobId } as const)
        : null;
  return {
    url: `${endpoint}/${name.repository}/resolve/${commit}/${path}`,
    path: chosen.path,
    bytes: chosen.bytes,
    checksum,
    authorization,
  };
}

async function readRepository(
  name: HubName,
  endpoint: string,
  activity: Activity,
  options: RetryOptions & { authorization: string | undefined },
): Promise<{ commit: string; siblings: Sibling[] }> {
  const url = `${endpoint}/api/models/${name.repository}/revision/${encodeURIComponent(name.revision)}?blobs=true`;
  let text: string;
  try {
    text = await fetchDocument(url, activity, {
      ...options,
      accept: 'application/json',
      maxBytes: maxDescriptionBytes,
    });
  } catch (error) {
    throw error instanceof RequestRefused ? refused(error, name, options.authorization !== undefined) : error;
  }
  try {
    const { sha, siblings } = JSON.parse(text) as { sha?: unknown; siblings?: unknown };
    if (typeof sha === 'string' && /^[\w.-]+$/.test(sha) && Array.isArray(siblings))
      return { commit: sha, siblings: siblings.flatMap(siblingOf) };
  } catch {
    // told below
  }
  throw new CliError('DOWNLOAD_FAILED', `${url} does not answer as a hub does: is HF_ENDPOINT right?`);
}

/** Nothing in the answer is believed but as text of a form and numbers of a range. */
function siblingOf(value: unknown): Sibling[] {
  const { rfilename, size, blobId, lfs } = (value ?? {}) as Record<string, unknown>;
  if (typeof rfilename !== 'string') return [];
  const { sha256, size: lfsSize } = (lfs ?? {}) as Record<string, unknown>;
  const count = [lfsSize, size].find((bytes) => Number.isSafeInteger(bytes) && (bytes as number) >= 0);
  const hex = (text: unknown, digits: number) =>
    typeof text === 'string' && new RegExp(`^[0-9a-f]{${digits}}$`).test(text) ? text : null;
  return [
    { path: rfilename, bytes: (count as number | undefined) ?? null, sha256: hex(sha256, 64), blobId: hex(blobId, 40) },
  ];
}

/** The hub answers 401 for what does not exist too, so as not to tell. */
export function refused({ status, message }: RequestRefused, name: HubName, hasToken: boolean): CliError {
  const what = hubNameText(name);
  if (status === 401 || status === 403) {
    const advice = hasToken
      ? 'the token in HF_TOKEN does not open it: accept the model’s terms on its page, or use another token'
      : 'there is no such model, or it is not public: set HF_TOKEN';
    return new CliError('HUB_ACCESS', `${what}: ${advice} (${message})`);
  }
  if (status === 404) return new CliError('MODEL_NOT_ON_HUB', `${what} is not on the hub (${message})`);
  return new CliError('DOWNLOAD_FAILED', message);
}

function choose(name: HubName, siblings: Sibling[]): Sibling {
  const what = hubNameText({ ...name, file: null });
  if (name.file !== null) {
    const exact = siblings.find(({ path }) => path === name.file);
    if (exact !== undefined) return exact;
  }
  // Not vision projectors, nor the pieces of a split file, which are no models by themselves.
  const ggufs = siblings.filter(({ path }) => /\.gguf$/i.test(path) && !/mmproj|-\d{5}-of-\d{5}\.gguf$/i.test(path));
  if (ggufs.length === 0) {
    const split = siblings.some(({ path }) => /-\d{5}-of-\d{5}\.gguf$/i.test(path));
    const instead = split
      ? 'only one that is split into several files, which are not read: join them with llama-gguf-split'
      : `${siblings.length} files and no GGUF among them`;
    throw new CliError('MODEL_NOT_ON_HUB', `${what} has ${instead}`);
  }
  const wanted = name.file?.toLowerCase() ?? null;
  const fitting = wanted === null ? ggufs : ggufs.filter(({ path }) => path.toLowerCase().includes(wanted));
  const [only, ...more] = fitting;
  if (only !== undefined && more.length === 0) return only;
  const preferred = fitting.filter(({ path }) => usual.test(path));
  if (wanted === null && preferred.length === 1) return preferred[0] as Sibling;
  const list = (fitting.length > 0 ? fitting : ggufs)
    .map(({ path, bytes }) => `${path}${bytes === null ? '' : ` (${formatBytes(bytes)})`}`)
    .join(', ');
  const problem = fitting.length === 0 ? `has no '${name.file}'` : `has ${fitting.length} files that may be meant`;
  throw new CliError('MODEL_AMBIGUOUS', `${what} ${problem}; name one of them after a colon: ${list}`);
}
