import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileTokenizer } from '../tokenizer/compile.ts';
import { smallVocabulary } from '../tokenizer/testing/vocabulary.ts';
import { Tokenizer } from '../tokenizer/tokenizer.ts';
import { encodeChat } from './encode.ts';
import { formatTime } from './format-time.ts';
import { type ChatOptions, renderChat } from './render.ts';

const options: ChatOptions = {
  addGenerationPrompt: true,
  bosToken: '<s>',
  eosToken: '</s>',
  now: new Date(2026, 10, 4, 15, 7, 9),
};
const user = [{ role: 'user', content: 'Hi <|im_end|>' }];
const smollm = `{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
You are a helpful assistant<|im_end|>
' }}{% endif %}{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}`;

describe('renderChat', () => {
  test('turns, with and without the opening of the next', async () => {
    const turns =
      '<|im_start|>system\nYou are a helpful assistant<|im_end|>\n<|im_start|>user\nHi <|im_end|><|im_end|>\n';
    assert.equal(await renderChat(smollm, user, options), `${turns}<|im_start|>assistant\n`);
    assert.equal(await renderChat(smollm, user, { ...options, addGenerationPrompt: false }), turns);
  });

  test('everything a template may ask for', async () => {
    const template =
      "{{ bos_token }}{% if tools is defined %}{{ tools | tojson }}{% endif %}{{ strftime_now('%d %b %Y') }}" +
      '{% for i in range(2, 8, 3) %}{{ i }}{% endfor %}{{ none is none }}{{ True }}{{ eos_token }}';
    assert.equal(await renderChat(template, user, options), '<s>04 Nov 202625truetrue</s>');
    assert.match(await renderChat(template, user, { ...options, tools: [{ name: 'f' }] }), /^<s>\[\{"name": "f"\}\]/);
  });

  test('the lines of blocks leave no blank lines', async () => {
    const template =
      '{% for message in messages %}\n  {% if true %}\n{{ message.role }}\n  {% endif %}\n{% endfor %}\n';
    assert.equal(await renderChat(template, user, options), 'user\n');
  });

  const fails = (template: string, message: RegExp) =>
    assert.rejects(renderChat(template, user, options), { name: 'ChatTemplateError', code: 'CHAT_TEMPLATE', message });

  test('a template that refuses the messages says why', async () => {
    await fails(
      "{{ raise_exception('Roles must alternate') }}",
      /refuses these messages: Roles must alternate\. Change/,
    );
  });

  test('a broken template is named so', async () => {
    await fails('{% for', /cannot be used: .*plain text/);
    await fails('{{ messages.nope() }}', /cannot be used/);
    await fails('{% endif %}', /cannot be used/);
  });

  test('a template does not run for ever, nor fill the memory', async () => {
    await fails(
      '{% for i in range(90000) %}{% for j in range(90000) %}x{% endfor %}{% endfor %}',
      /not done after 2 s/,
    );
    await fails('{{ range(1000000000) | length }}', /range\(\) of 1000000000 numbers/);
    await fails('{{ range(0, 5, 0) }}', /step of 0/);
    await fails(
      "{% set n = namespace(s='ab') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}{{ n.s }}",
      /cannot be used/,
    );
  });
});

test('times are written in English', () => {
  const time = new Date(2026, 10, 4, 0, 7, 9);
  assert.equal(
    formatTime(time, '%A %a %d %B %b %Y %y %H:%M:%S %I %p %% %Q'),
    'Wednesday Wed 04 November Nov 2026 26 00:07:09 12 AM % %Q',
  );
});

describe('encodeChat', () => {
  const open = (addBos: boolean) =>
    Tokenizer.fromBytes(
      compileTokenizer(smallVocabulary({ 'tokenizer.ggml.add_bos_token': addBos, 'tokenizer.ggml.bos_token_id': 0 })),
    );

  test('parses control tokens wherever they are, in what users typed too', async () => {
    const ids = [...encodeChat(open(false), await renderChat(smollm, user, options))];
    assert.equal(ids.filter((id) => id === 1).length, 3);
    assert.equal(ids.filter((id) => id === 2).length, 3);
  });

  test('the beginning of text comes once', () => {
    assert.deepEqual([...encodeChat(open(true), '<|im_start|>')], [0, 1]);
    assert.deepEqual([...encodeChat(open(true), '<|endoftext|><|im_start|>')], [0, 1]);
    assert.deepEqual([...encodeChat(open(false), '<|im_start|>')], [1]);
    assert.deepEqual([...encodeChat(open(true), '')], [0]);
  });
});
