// A memory limit that is taken down while text is generated: residents go, the text stays the same, and nobody is killed.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { executable } from '../cli/run-cli.ts';
import { cannotMakeGroups, type Group, runInGroup } from './memory-cgroup.ts';

const model = process.env.FLASH_SLIM_TEST_MODEL;
const reason = model ? cannotMakeGroups() : 'FLASH_SLIM_TEST_MODEL names no model';
const home = mkdtempSync(join(tmpdir(), 'flash-slim-lowered-'));
after(() => rmSync(home, { recursive: true }));

// Something is streamed under either, so a line tells that all is loaded.
const startBytes = 200e6;
const targetBytes = 165e6;
/** Above what the group holds at a moment: the kernel refuses less, and what grows meanwhile has to fit. */
const marginBytes = 4e6;

test('the limit of a running generation is lowered', { skip: reason ?? false, timeout: 300_000 }, async (t) => {
  const what = [
    '--model',
    model as string,
    '--prompt',
    'The lighthouse',
    '--context-length',
    '512',
    '--num-threads',
    '2',
  ];
  const how = [
    '--seed',
    '7',
    '--ignore-eos',
    '--max-decode-steps',
    '400',
    '--memory-budget',
    `${startBytes}`,
    '--json',
  ];
  const generate = (onStderr?: (text: string, group: Group) => void) =>
    runInGroup([executable, 'generate', ...what, ...how], {
      limitBytes: startBytes,
      env: { FLASH_SLIM_HOME: home },
      ...(onStderr && { onStderr }),
    });
  const undisturbed = await generate();
  assert.equal(undisturbed.code, 0, undisturbed.stderr);

  let limit = startBytes;
  let timer: NodeJS.Timeout | undefined;
  const lowered = await generate((text, group) => {
    if (timer !== undefined || !/kernel .*; reader/.test(text)) return;
    timer = setInterval(() => {
      const next = Math.max(targetBytes, group.usageBytes() + marginBytes);
      if (limit - next > 1e6 && group.setLimit(next)) limit = next;
    }, 50);
  });
  clearInterval(timer);
  assert.equal(lowered.code, 0, lowered.stderr);
  assert.equal(lowered.oomKills, 0);
  const plans = lowered.stderr.match(/^the memory limit fell to .*$/gm) ?? [];
  t.diagnostic(
    `limit ${startBytes / 1e6} -> ${(limit / 1e6).toFixed(1)} MB; ${plans.length} plans, the last: ${plans.at(-1)}`,
  );
  assert.ok(plans.length >= 1, lowered.stderr);
  assert.deepEqual(JSON.parse(lowered.stdout).token_ids, JSON.parse(undisturbed.stdout).token_ids);
});
