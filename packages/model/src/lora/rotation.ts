// Which order a weight cache's q and k are in: its graph says so, as an attribute of the attention operator. Walked to the
// first that has it, because decoding the whole graph would take 15 MB of the process that serves.
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { ModelError } from '../model-error.ts';

/** Fields of onnx.proto on the way: ModelProto.graph, GraphProto.node, NodeProto.attribute. */
const way = [7, 1, 5];
const nameField = 1;
const integerField = 3;

/** Whether neighbours rotate against each other (GGUF's order for llama) in any layer. Throws ModelError. */
export function neighboursRotate(graph: Uint8Array): boolean {
  try {
    return anyMessage(graph, way, (attribute) => {
      let name = '';
      let value = 0;
      eachField(attribute, (field, reader) => {
        if (field === nameField) name = reader.string();
        else if (field === integerField) value = Number(reader.int64());
        else return false;
        return true;
      });
      return name === 'rotary_interleaved' && value === 1;
    });
  } catch (cause) {
    throw new ModelError('MODEL_INVALID', `the weight cache's graph cannot be read (${(cause as Error).message})`);
  }
}

function anyMessage(bytes: Uint8Array, [field, ...rest]: number[], is: (message: Uint8Array) => boolean): boolean {
  if (field === undefined) return is(bytes);
  let found = false;
  eachField(bytes, (number, reader, type) => {
    if (number !== field || type !== WireType.LengthDelimited) return false;
    const inner = reader.bytes();
    found ||= anyMessage(inner, rest, is);
    return true;
  });
  return found;
}

/** `read` tells whether it has read the field; others are skipped. */
function eachField(bytes: Uint8Array, read: (field: number, reader: BinaryReader, type: WireType) => boolean): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (!read(field, reader, type)) reader.skip(type, field);
  }
}
