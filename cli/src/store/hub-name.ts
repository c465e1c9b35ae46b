// hf:OWNER/NAME[@REVISION][:FILE] names a file on the Hugging Face hub, or on a mirror that speaks its interface.
import { usageError } from '../errors.ts';

export interface HubName {
  repository: string;
  /** A branch, tag or commit; "main" where none is given. */
  revision: string;
  /** A file's path in the repository, or a part of one's name (Q4_K_M); null where the repository is to tell. */
  file: string | null;
}

export const isHubName = (source: string): boolean => source.startsWith('hf:');

/** Throws USAGE. */
export function parseHubName(source: string): HubName {
  const [, repository = '', revision, file] = /^hf:([\w.-]+\/[\w.-]+)(?:@([\w./-]+))?(?::([^:]+))?$/.exec(source) ?? [];
  const dots = (path: string) => path.split('/').some((part) => part === '' || part === '.' || part === '..');
  if (repository === '' || [repository, revision ?? 'main', file ?? 'f'].some(dots))
    throw usageError(
      `'${source}' is no name on the hub: expected hf:OWNER/NAME, hf:OWNER/NAME@REVISION or hf:OWNER/NAME:FILE`,
    );
  return { repository, revision: revision ?? 'main', file: file ?? null };
}

export const hubNameText = ({ repository, revision, file }: HubName): string =>
  `hf:${repository}${revision === 'main' ? '' : `@${revision}`}${file === null ? '' : `:${file}`}`;
