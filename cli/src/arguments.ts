// Long flags may be spelled with underscores (--max_decode_steps), and some have other names; commander sees one of each.

/** `flags` are the command's own long flags; only words that become one of them are changed, so values stay as typed. */
export function normalizeArguments(argv: string[], flags: Set<string>, aliases: Record<string, string>): string[] {
  const end = argv.indexOf('--');
  return argv.map((word, index) => {
    if (!word.startsWith('--') || (end >= 0 && index >= end)) return word;
    const equals = word.indexOf('=');
    const name = (equals < 0 ? word : word.slice(0, equals)).replaceAll('_', '-');
    const known = aliases[name] ?? name;
    if (!flags.has(known)) return word;
    return equals < 0 ? known : known + word.slice(equals);
  });
}
