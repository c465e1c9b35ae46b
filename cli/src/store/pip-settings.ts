// Where this user's pip would look for packages: its configuration files and environment, read without it.
// Source: pip's documentation, topics "Configuration" and "pip download".
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface PipSettings {
  /** Index pages to look at, in order. */
  indexUrls: string[];
  /** Directories with package files, looked at first. */
  directories: string[];
  /** A file of certificates to trust beside the usual ones. */
  certificates: string | null;
}

const publicIndex = 'https://pypi.org/simple';

/** Later files win over earlier ones, [download] over [global], the environment over all of them. */
export async function readPipSettings(env: NodeJS.ProcessEnv = process.env): Promise<PipSettings> {
  const values = new Map<string, string>();
  for (const path of configurationFiles(env)) {
    const sections = parseConfiguration(await readFile(path, 'utf8').catch(() => ''));
    for (const name of ['global', 'download'])
      for (const [key, value] of sections.get(name) ?? []) values.set(key, value);
  }
  for (const [name, value] of Object.entries(env)) {
    const key = /^PIP_(.+)$/.exec(name)?.[1]?.toLowerCase().replaceAll('_', '-');
    if (key !== undefined && value) values.set(key, value);
  }
  const words = (key: string) => (values.get(key) ?? '').split(/\s+/).filter((word) => word !== '');
  const offline = /^(1|true|yes|on)$/i.test(values.get('no-index') ?? '');
  return {
    indexUrls: offline ? [] : [values.get('index-url') ?? publicIndex, ...words('extra-index-url')],
    directories: words('find-links')
      .map((place) => place.replace(/^file:\/\//, ''))
      .filter((place) => !/^[a-z+]+:\/\//i.test(place)),
    certificates: values.get('cert') ?? null,
  };
}

function configurationFiles(env: NodeJS.ProcessEnv): string[] {
  const named = env.PIP_CONFIG_FILE;
  if (named === '/dev/null') return [];
  const home = homedir();
  const shared = (env.XDG_CONFIG_DIRS || '/etc/xdg').split(':').map((directory) => join(directory, 'pip/pip.conf'));
  return [
    ...shared,
    '/etc/pip.conf',
    join(home, '.pip/pip.conf'),
    join(env.XDG_CONFIG_HOME || join(home, '.config'), 'pip/pip.conf'),
    ...(env.VIRTUAL_ENV ? [join(env.VIRTUAL_ENV, 'pip.conf')] : []),
    ...(named ? [named] : []),
  ];
}

/** As Python's configparser reads it: sections, "key = value" or "key: value", indented lines going on. */
function parseConfiguration(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | null = null;
  let key: string | null = null;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const heading = /^\[([^\]]+)\]/.exec(line)?.[1];
    const entry = /^([^\s=:][^=:]*?)\s*[=:]\s*(.*)$/.exec(line);
    if (heading !== undefined) {
      section = sections.get(heading) ?? new Map();
      sections.set(heading, section);
      key = null;
    } else if (/^\s/.test(line) && section !== null && key !== null) {
      section.set(key, `${section.get(key)}\n${line.trim()}`.trim());
    } else if (entry !== null && section !== null) {
      key = (entry[1] as string).toLowerCase().replaceAll('_', '-');
      section.set(key, entry[2] as string);
    }
  }
  return sections;
}
