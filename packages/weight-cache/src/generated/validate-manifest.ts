// Generated from schema/manifest.schema.json by `npm run generate`; do not edit.
// biome-ignore-all lint: generated
// biome-ignore-all format: generated
// biome-ignore-all assist: generated
// @ts-nocheck
"use strict";
export const validate = validate20;
export default validate20;
const schema31 = {"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://flash-slim.dev/schema/manifest.schema.json","title":"Manifest of a weight cache","description":"What lies where in a weight cache, and what it sums to. Sizes and offsets in bytes, offsets from the beginning of the file.","type":"object","additionalProperties":false,"required":["format","layout_version","model","chat_template","chunks","tokenizer","graph"],"properties":{"format":{"const":"flash-slim weight cache"},"layout_version":{"description":"As in the file's header.","const":1},"model":{"type":"object","additionalProperties":false,"required":["digest","file_bytes","config"],"properties":{"digest":{"description":"SHA-256 of the model's files that the cache was built from, one after the other.","$ref":"#/$defs/digest"},"file_bytes":{"description":"Size of those files together.","$ref":"#/$defs/count"},"config":{"$ref":"#/$defs/modelConfig"}}},"quantization":{"description":"What quantizing at import lost; absent where weights keep the model's own bits.","type":"object","additionalProperties":false,"required":["relative_rms_error","max_error","tensors"],"properties":{"relative_rms_error":{"$ref":"#/$defs/error"},"max_error":{"$ref":"#/$defs/error"},"tensors":{"type":"array","minItems":1,"maxItems":1048576,"items":{"type":"object","additionalProperties":false,"required":["name","from","to","relative_rms_error","max_error"],"properties":{"name":{"type":"string"},"from":{"description":"How the model's file holds the values.","enum":["F32","F16","BF16"]},"to":{"$ref":"#/$defs/kind"},"relative_rms_error":{"description":"Root of the mean squared difference, as a share of the weights' own root mean square.","$ref":"#/$defs/error"},"max_error":{"description":"Largest difference of a weight.","$ref":"#/$defs/error"}}}}}},"chat_template":{"description":"Jinja source; null where the model has none.","type":["string","null"]},"chunks":{"description":"In order of use, which is the order in the file.","type":"array","minItems":1,"maxItems":1048576,"items":{"$ref":"#/$defs/chunk"}},"tokenizer":{"$ref":"#/$defs/section"},"graph":{"description":"Serialized ONNX ModelProto.","$ref":"#/$defs/section"}},"$defs":{"count":{"type":"integer","minimum":0,"maximum":9007199254740991},"error":{"type":"number","minimum":0},"kind":{"description":"How the values are stored.","enum":["F32","F16","BF16","Q8_0","Q4_0","Q4_1","Q5_0","Q5_1","Q4_K","Q5_K","Q6_K","Q4_N","Q4_NZ","Q8_N","Q8_NZ"]},"digest":{"type":"string","pattern":"^sha256:[0-9a-f]{64}$"},"modelConfig":{"description":"The facts about the model that sizes follow from.","type":"object","additionalProperties":false,"required":["architecture","name","layers","hiddenSize","feedForwardSize","heads","kvHeads","headSize","vocabularySize","maxContextLength","tiedHead"],"properties":{"architecture":{"type":"string"},"name":{"type":"string"},"layers":{"type":"integer","minimum":1,"maximum":65536},"hiddenSize":{"type":"integer","minimum":1,"maximum":16777216},"feedForwardSize":{"type":"integer","minimum":1,"maximum":16777216},"heads":{"type":"integer","minimum":1,"maximum":65536},"kvHeads":{"type":"integer","minimum":1,"maximum":65536},"headSize":{"type":"integer","minimum":1,"maximum":65536},"vocabularySize":{"type":"integer","minimum":1,"maximum":16777216},"maxContextLength":{"description":"Positions the model was trained for.","type":"integer","minimum":1,"maximum":1073741824},"tiedHead":{"description":"The output head uses the embedding's bytes.","type":"boolean"},"experts":{"description":"Of a mixture of experts; missing otherwise.","type":"object","additionalProperties":false,"required":["count","used","feedForwardSize","sharedFeedForwardSize"],"properties":{"count":{"type":"integer","minimum":1,"maximum":65536},"used":{"description":"Experts that a token goes through.","type":"integer","minimum":1,"maximum":65536},"feedForwardSize":{"description":"Of one expert.","type":"integer","minimum":1,"maximum":16777216},"sharedFeedForwardSize":{"description":"Of the expert that every token goes through; 0: there is none.","type":"integer","minimum":0,"maximum":16777216}}}}},"section":{"type":"object","additionalProperties":false,"required":["offset","bytes","sha256"],"properties":{"offset":{"type":"integer","minimum":4096,"maximum":9007199254740991,"multipleOf":4096},"bytes":{"$ref":"#/$defs/count"},"sha256":{"type":"string","pattern":"^[0-9a-f]{64}$"}}},"chunk":{"type":"object","additionalProperties":false,"required":["weights_id","name","op","gathered","head","kind","rows","columns","offset","bytes","row_blocks","row_block_bytes","unit_row_blocks","unit_crc32c","tensors","arrangement"],"properties":{"weights_id":{"description":"The number that the graph's operator carries.","type":"integer","minimum":0,"maximum":1048576},"name":{"description":"For people: \"layer 3 gate_up\".","type":"string"},"op":{"description":"StreamMatMul multiplies with the whole chunk; GatherRows reads single rows.","enum":["StreamMatMul","GatherRows"]},"gathered":{"description":"Single rows are read: each row block is a unit of its own.","type":"boolean"},"head":{"description":"The output head, read only where logits are wanted.","type":"boolean"},"kind":{"$ref":"#/$defs/kind"},"rows":{"description":"Sum of the tensors' rows.","type":"integer","minimum":1,"maximum":2147483648},"columns":{"type":"integer","minimum":32,"maximum":16777216,"multipleOf":32},"offset":{"type":"integer","minimum":4096,"maximum":9007199254740991,"multipleOf":4096},"bytes":{"description":"row_blocks * row_block_bytes.","type":"integer","minimum":1,"maximum":9007199254740991},"row_blocks":{"description":"Row blocks of 8 rows.","type":"integer","minimum":1,"maximum":2147483648},"row_block_bytes":{"type":"integer","minimum":1,"maximum":67108864},"unit_row_blocks":{"description":"Row blocks that one checksum covers.","type":"integer","minimum":1,"maximum":2147483648},"unit_crc32c":{"description":"crc32c (Castagnoli) of each unit, in order; the last may be shorter.","type":"array","minItems":1,"items":{"type":"integer","minimum":0,"maximum":4294967295}},"tensors":{"description":"Names of the model's tensors that the chunk is made of.","type":"array","minItems":1,"maxItems":64,"items":{"type":"string"}},"arrangement":{"description":"Rows one tensor after the other, or row blocks of two tensors (gate, up) taking turns.","enum":["concatenated","row-blocks-alternating"]},"experts":{"description":"Row blocks are those of so many experts, in whole units; a pass uses only some. Missing: always all.","type":"integer","minimum":1,"maximum":65536}}}}};
const schema32 = {"type":"string","pattern":"^sha256:[0-9a-f]{64}$"};
const schema33 = {"type":"integer","minimum":0,"maximum":9007199254740991};
const schema34 = {"description":"The facts about the model that sizes follow from.","type":"object","additionalProperties":false,"required":["architecture","name","layers","hiddenSize","feedForwardSize","heads","kvHeads","headSize","vocabularySize","maxContextLength","tiedHead"],"properties":{"architecture":{"type":"string"},"name":{"type":"string"},"layers":{"type":"integer","minimum":1,"maximum":65536},"hiddenSize":{"type":"integer","minimum":1,"maximum":16777216},"feedForwardSize":{"type":"integer","minimum":1,"maximum":16777216},"heads":{"type":"integer","minimum":1,"maximum":65536},"kvHeads":{"type":"integer","minimum":1,"maximum":65536},"headSize":{"type":"integer","minimum":1,"maximum":65536},"vocabularySize":{"type":"integer","minimum":1,"maximum":16777216},"maxContextLength":{"description":"Positions the model was trained for.","type":"integer","minimum":1,"maximum":1073741824},"tiedHead":{"description":"The output head uses the embedding's bytes.","type":"boolean"},"experts":{"description":"Of a mixture of experts; missing otherwise.","type":"object","additionalProperties":false,"required":["count","used","feedForwardSize","sharedFeedForwardSize"],"properties":{"count":{"type":"integer","minimum":1,"maximum":65536},"used":{"description":"Experts that a token goes through.","type":"integer","minimum":1,"maximum":65536},"feedForwardSize":{"description":"Of one expert.","type":"integer","minimum":1,"maximum":16777216},"sharedFeedForwardSize":{"description":"Of the expert that every token goes through; 0: there is none.","type":"integer","minimum":0,"maximum":16777216}}}}};
const schema35 = {"type":"number","minimum":0};
const schema37 = {"description":"How the values are stored.","enum":["F32","F16","BF16","Q8_0","Q4_0","Q4_1","Q5_0","Q5_1","Q4_K","Q5_K","Q6_K","Q4_N","Q4_NZ","Q8_N","Q8_NZ"]};
const pattern4 = new RegExp("^sha256:[0-9a-f]{64}$", "u");
const func1 = Object.prototype.hasOwnProperty;
const schema40 = {"type":"object","additionalProperties":false,"required":["weights_id","name","op","gathered","head","kind","rows","columns","offset","bytes","row_blocks","row_block_bytes","unit_row_blocks","unit_crc32c","tensors","arrangement"],"properties":{"weights_id":{"description":"The number that the graph's operator carries.","type":"integer","minimum":0,"maximum":1048576},"name":{"description":"For people: \"layer 3 gate_up\".","type":"string"},"op":{"description":"StreamMatMul multiplies with the whole chunk; GatherRows reads single rows.","enum":["StreamMatMul","GatherRows"]},"gathered":{"description":"Single rows are read: each row block is a unit of its own.","type":"boolean"},"head":{"description":"The output head, read only where logits are wanted.","type":"boolean"},"kind":{"$ref":"#/$defs/kind"},"rows":{"description":"Sum of the tensors' rows.","type":"integer","minimum":1,"maximum":2147483648},"columns":{"type":"integer","minimum":32,"maximum":16777216,"multipleOf":32},"offset":{"type":"integer","minimum":4096,"maximum":9007199254740991,"multipleOf":4096},"bytes":{"description":"row_blocks * row_block_bytes.","type":"integer","minimum":1,"maximum":9007199254740991},"row_blocks":{"description":"Row blocks of 8 rows.","type":"integer","minimum":1,"maximum":2147483648},"row_block_bytes":{"type":"integer","minimum":1,"maximum":67108864},"unit_row_blocks":{"description":"Row blocks that one checksum covers.","type":"integer","minimum":1,"maximum":2147483648},"unit_crc32c":{"description":"crc32c (Castagnoli) of each unit, in order; the last may be shorter.","type":"array","minItems":1,"items":{"type":"integer","minimum":0,"maximum":4294967295}},"tensors":{"description":"Names of the model's tensors that the chunk is made of.","type":"array","minItems":1,"maxItems":64,"items":{"type":"string"}},"arrangement":{"description":"Rows one tensor after the other, or row blocks of two tensors (gate, up) taking turns.","enum":["concatenated","row-blocks-alternating"]},"experts":{"description":"Row blocks are those of so many experts, in whole units; a pass uses only some. Missing: always all.","type":"integer","minimum":1,"maximum":65536}}};

function validate21(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
let vErrors = null;
let errors = 0;
const evaluated0 = validate21.evaluated;
if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
if(errors === 0){
if(data && typeof data == "object" && !Array.isArray(data)){
let missing0;
if(((((((((((((((((data.weights_id === undefined) && (missing0 = "weights_id")) || ((data.name === undefined) && (missing0 = "name"))) || ((data.op === undefined) && (missing0 = "op"))) || ((data.gathered === undefined) && (missing0 = "gathered"))) || ((data.head === undefined) && (missing0 = "head"))) || ((data.kind === undefined) && (missing0 = "kind"))) || ((data.rows === undefined) && (missing0 = "rows"))) || ((data.columns === undefined) && (missing0 = "columns"))) || ((data.offset === undefined) && (missing0 = "offset"))) || ((data.bytes === undefined) && (missing0 = "bytes"))) || ((data.row_blocks === undefined) && (missing0 = "row_blocks"))) || ((data.row_block_bytes === undefined) && (missing0 = "row_block_bytes"))) || ((data.unit_row_blocks === undefined) && (missing0 = "unit_row_blocks"))) || ((data.unit_crc32c === undefined) && (missing0 = "unit_crc32c"))) || ((data.tensors === undefined) && (missing0 = "tensors"))) || ((data.arrangement === undefined) && (missing0 = "arrangement"))){
validate21.errors = [{instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
const _errs1 = errors;
for(const key0 in data){
if(!(func1.call(schema40.properties, key0))){
validate21.errors = [{instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs1 === errors){
if(data.weights_id !== undefined){
let data0 = data.weights_id;
const _errs2 = errors;
if(!(((typeof data0 == "number") && (!(data0 % 1) && !isNaN(data0))) && (isFinite(data0)))){
validate21.errors = [{instancePath:instancePath+"/weights_id",schemaPath:"#/properties/weights_id/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs2){
if((typeof data0 == "number") && (isFinite(data0))){
if(data0 > 1048576 || isNaN(data0)){
validate21.errors = [{instancePath:instancePath+"/weights_id",schemaPath:"#/properties/weights_id/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1048576},message:"must be <= 1048576"}];
return false;
}
else {
if(data0 < 0 || isNaN(data0)){
validate21.errors = [{instancePath:instancePath+"/weights_id",schemaPath:"#/properties/weights_id/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid0 = _errs2 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.name !== undefined){
const _errs4 = errors;
if(typeof data.name !== "string"){
validate21.errors = [{instancePath:instancePath+"/name",schemaPath:"#/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid0 = _errs4 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.op !== undefined){
let data2 = data.op;
const _errs6 = errors;
if(!((data2 === "StreamMatMul") || (data2 === "GatherRows"))){
validate21.errors = [{instancePath:instancePath+"/op",schemaPath:"#/properties/op/enum",keyword:"enum",params:{allowedValues: schema40.properties.op.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid0 = _errs6 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.gathered !== undefined){
const _errs7 = errors;
if(typeof data.gathered !== "boolean"){
validate21.errors = [{instancePath:instancePath+"/gathered",schemaPath:"#/properties/gathered/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid0 = _errs7 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.head !== undefined){
const _errs9 = errors;
if(typeof data.head !== "boolean"){
validate21.errors = [{instancePath:instancePath+"/head",schemaPath:"#/properties/head/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid0 = _errs9 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.kind !== undefined){
let data5 = data.kind;
const _errs11 = errors;
if(!(((((((((((((((data5 === "F32") || (data5 === "F16")) || (data5 === "BF16")) || (data5 === "Q8_0")) || (data5 === "Q4_0")) || (data5 === "Q4_1")) || (data5 === "Q5_0")) || (data5 === "Q5_1")) || (data5 === "Q4_K")) || (data5 === "Q5_K")) || (data5 === "Q6_K")) || (data5 === "Q4_N")) || (data5 === "Q4_NZ")) || (data5 === "Q8_N")) || (data5 === "Q8_NZ"))){
validate21.errors = [{instancePath:instancePath+"/kind",schemaPath:"#/$defs/kind/enum",keyword:"enum",params:{allowedValues: schema37.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid0 = _errs11 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.rows !== undefined){
let data6 = data.rows;
const _errs13 = errors;
if(!(((typeof data6 == "number") && (!(data6 % 1) && !isNaN(data6))) && (isFinite(data6)))){
validate21.errors = [{instancePath:instancePath+"/rows",schemaPath:"#/properties/rows/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs13){
if((typeof data6 == "number") && (isFinite(data6))){
if(data6 > 2147483648 || isNaN(data6)){
validate21.errors = [{instancePath:instancePath+"/rows",schemaPath:"#/properties/rows/maximum",keyword:"maximum",params:{comparison: "<=", limit: 2147483648},message:"must be <= 2147483648"}];
return false;
}
else {
if(data6 < 1 || isNaN(data6)){
validate21.errors = [{instancePath:instancePath+"/rows",schemaPath:"#/properties/rows/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid0 = _errs13 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.columns !== undefined){
let data7 = data.columns;
const _errs15 = errors;
if(!(((typeof data7 == "number") && (!(data7 % 1) && !isNaN(data7))) && (isFinite(data7)))){
validate21.errors = [{instancePath:instancePath+"/columns",schemaPath:"#/properties/columns/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs15){
if((typeof data7 == "number") && (isFinite(data7))){
if(data7 > 16777216 || isNaN(data7)){
validate21.errors = [{instancePath:instancePath+"/columns",schemaPath:"#/properties/columns/maximum",keyword:"maximum",params:{comparison: "<=", limit: 16777216},message:"must be <= 16777216"}];
return false;
}
else {
if(data7 < 32 || isNaN(data7)){
validate21.errors = [{instancePath:instancePath+"/columns",schemaPath:"#/properties/columns/minimum",keyword:"minimum",params:{comparison: ">=", limit: 32},message:"must be >= 32"}];
return false;
}
else {
let res0;
if((32 === 0 || (res0 = data7/32, res0 !== parseInt(res0)))){
validate21.errors = [{instancePath:instancePath+"/columns",schemaPath:"#/properties/columns/multipleOf",keyword:"multipleOf",params:{multipleOf: 32},message:"must be multiple of 32"}];
return false;
}
}
}
}
}
var valid0 = _errs15 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.offset !== undefined){
let data8 = data.offset;
const _errs17 = errors;
if(!(((typeof data8 == "number") && (!(data8 % 1) && !isNaN(data8))) && (isFinite(data8)))){
validate21.errors = [{instancePath:instancePath+"/offset",schemaPath:"#/properties/offset/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs17){
if((typeof data8 == "number") && (isFinite(data8))){
if(data8 > 9007199254740991 || isNaN(data8)){
validate21.errors = [{instancePath:instancePath+"/offset",schemaPath:"#/properties/offset/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data8 < 4096 || isNaN(data8)){
validate21.errors = [{instancePath:instancePath+"/offset",schemaPath:"#/properties/offset/minimum",keyword:"minimum",params:{comparison: ">=", limit: 4096},message:"must be >= 4096"}];
return false;
}
else {
let res1;
if((4096 === 0 || (res1 = data8/4096, res1 !== parseInt(res1)))){
validate21.errors = [{instancePath:instancePath+"/offset",schemaPath:"#/properties/offset/multipleOf",keyword:"multipleOf",params:{multipleOf: 4096},message:"must be multiple of 4096"}];
return false;
}
}
}
}
}
var valid0 = _errs17 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.bytes !== undefined){
let data9 = data.bytes;
const _errs19 = errors;
if(!(((typeof data9 == "number") && (!(data9 % 1) && !isNaN(data9))) && (isFinite(data9)))){
validate21.errors = [{instancePath:instancePath+"/bytes",schemaPath:"#/properties/bytes/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs19){
if((typeof data9 == "number") && (isFinite(data9))){
if(data9 > 9007199254740991 || isNaN(data9)){
validate21.errors = [{instancePath:instancePath+"/bytes",schemaPath:"#/properties/bytes/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data9 < 1 || isNaN(data9)){
validate21.errors = [{instancePath:instancePath+"/bytes",schemaPath:"#/properties/bytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid0 = _errs19 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.row_blocks !== undefined){
let data10 = data.row_blocks;
const _errs21 = errors;
if(!(((typeof data10 == "number") && (!(data10 % 1) && !isNaN(data10))) && (isFinite(data10)))){
validate21.errors = [{instancePath:instancePath+"/row_blocks",schemaPath:"#/properties/row_blocks/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs21){
if((typeof data10 == "number") && (isFinite(data10))){
if(data10 > 2147483648 || isNaN(data10)){
validate21.errors = [{instancePath:instancePath+"/row_blocks",schemaPath:"#/properties/row_blocks/maximum",keyword:"maximum",params:{comparison: "<=", limit: 2147483648},message:"must be <= 2147483648"}];
return false;
}
else {
if(data10 < 1 || isNaN(data10)){
validate21.errors = [{instancePath:instancePath+"/row_blocks",schemaPath:"#/properties/row_blocks/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid0 = _errs21 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.row_block_bytes !== undefined){
let data11 = data.row_block_bytes;
const _errs23 = errors;
if(!(((typeof data11 == "number") && (!(data11 % 1) && !isNaN(data11))) && (isFinite(data11)))){
validate21.errors = [{instancePath:instancePath+"/row_block_bytes",schemaPath:"#/properties/row_block_bytes/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs23){
if((typeof data11 == "number") && (isFinite(data11))){
if(data11 > 67108864 || isNaN(data11)){
validate21.errors = [{instancePath:instancePath+"/row_block_bytes",schemaPath:"#/properties/row_block_bytes/maximum",keyword:"maximum",params:{comparison: "<=", limit: 67108864},message:"must be <= 67108864"}];
return false;
}
else {
if(data11 < 1 || isNaN(data11)){
validate21.errors = [{instancePath:instancePath+"/row_block_bytes",schemaPath:"#/properties/row_block_bytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid0 = _errs23 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.unit_row_blocks !== undefined){
let data12 = data.unit_row_blocks;
const _errs25 = errors;
if(!(((typeof data12 == "number") && (!(data12 % 1) && !isNaN(data12))) && (isFinite(data12)))){
validate21.errors = [{instancePath:instancePath+"/unit_row_blocks",schemaPath:"#/properties/unit_row_blocks/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs25){
if((typeof data12 == "number") && (isFinite(data12))){
if(data12 > 2147483648 || isNaN(data12)){
validate21.errors = [{instancePath:instancePath+"/unit_row_blocks",schemaPath:"#/properties/unit_row_blocks/maximum",keyword:"maximum",params:{comparison: "<=", limit: 2147483648},message:"must be <= 2147483648"}];
return false;
}
else {
if(data12 < 1 || isNaN(data12)){
validate21.errors = [{instancePath:instancePath+"/unit_row_blocks",schemaPath:"#/properties/unit_row_blocks/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid0 = _errs25 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.unit_crc32c !== undefined){
let data13 = data.unit_crc32c;
const _errs27 = errors;
if(errors === _errs27){
if(Array.isArray(data13)){
if(data13.length < 1){
validate21.errors = [{instancePath:instancePath+"/unit_crc32c",schemaPath:"#/properties/unit_crc32c/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid2 = true;
const len0 = data13.length;
for(let i0=0; i0<len0; i0++){
let data14 = data13[i0];
const _errs29 = errors;
if(!(((typeof data14 == "number") && (!(data14 % 1) && !isNaN(data14))) && (isFinite(data14)))){
validate21.errors = [{instancePath:instancePath+"/unit_crc32c/" + i0,schemaPath:"#/properties/unit_crc32c/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs29){
if((typeof data14 == "number") && (isFinite(data14))){
if(data14 > 4294967295 || isNaN(data14)){
validate21.errors = [{instancePath:instancePath+"/unit_crc32c/" + i0,schemaPath:"#/properties/unit_crc32c/items/maximum",keyword:"maximum",params:{comparison: "<=", limit: 4294967295},message:"must be <= 4294967295"}];
return false;
}
else {
if(data14 < 0 || isNaN(data14)){
validate21.errors = [{instancePath:instancePath+"/unit_crc32c/" + i0,schemaPath:"#/properties/unit_crc32c/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid2 = _errs29 === errors;
if(!valid2){
break;
}
}
}
}
else {
validate21.errors = [{instancePath:instancePath+"/unit_crc32c",schemaPath:"#/properties/unit_crc32c/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid0 = _errs27 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.tensors !== undefined){
let data15 = data.tensors;
const _errs31 = errors;
if(errors === _errs31){
if(Array.isArray(data15)){
if(data15.length > 64){
validate21.errors = [{instancePath:instancePath+"/tensors",schemaPath:"#/properties/tensors/maxItems",keyword:"maxItems",params:{limit: 64},message:"must NOT have more than 64 items"}];
return false;
}
else {
if(data15.length < 1){
validate21.errors = [{instancePath:instancePath+"/tensors",schemaPath:"#/properties/tensors/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid3 = true;
const len1 = data15.length;
for(let i1=0; i1<len1; i1++){
const _errs33 = errors;
if(typeof data15[i1] !== "string"){
validate21.errors = [{instancePath:instancePath+"/tensors/" + i1,schemaPath:"#/properties/tensors/items/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid3 = _errs33 === errors;
if(!valid3){
break;
}
}
}
}
}
else {
validate21.errors = [{instancePath:instancePath+"/tensors",schemaPath:"#/properties/tensors/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid0 = _errs31 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.arrangement !== undefined){
let data17 = data.arrangement;
const _errs35 = errors;
if(!((data17 === "concatenated") || (data17 === "row-blocks-alternating"))){
validate21.errors = [{instancePath:instancePath+"/arrangement",schemaPath:"#/properties/arrangement/enum",keyword:"enum",params:{allowedValues: schema40.properties.arrangement.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid0 = _errs35 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.experts !== undefined){
let data18 = data.experts;
const _errs36 = errors;
if(!(((typeof data18 == "number") && (!(data18 % 1) && !isNaN(data18))) && (isFinite(data18)))){
validate21.errors = [{instancePath:instancePath+"/experts",schemaPath:"#/properties/experts/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs36){
if((typeof data18 == "number") && (isFinite(data18))){
if(data18 > 65536 || isNaN(data18)){
validate21.errors = [{instancePath:instancePath+"/experts",schemaPath:"#/properties/experts/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65536},message:"must be <= 65536"}];
return false;
}
else {
if(data18 < 1 || isNaN(data18)){
validate21.errors = [{instancePath:instancePath+"/experts",schemaPath:"#/properties/experts/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid0 = _errs36 === errors;
}
else {
var valid0 = true;
}
}
}
}
}
}
}
}
}
}
}
}
}
}
}
}
}
}
}
}
else {
validate21.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate21.errors = vErrors;
return errors === 0;
}
validate21.evaluated = {"props":true,"dynamicProps":false,"dynamicItems":false};

const schema42 = {"type":"object","additionalProperties":false,"required":["offset","bytes","sha256"],"properties":{"offset":{"type":"integer","minimum":4096,"maximum":9007199254740991,"multipleOf":4096},"bytes":{"$ref":"#/$defs/count"},"sha256":{"type":"string","pattern":"^[0-9a-f]{64}$"}}};
const pattern5 = new RegExp("^[0-9a-f]{64}$", "u");

function validate23(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
let vErrors = null;
let errors = 0;
const evaluated0 = validate23.evaluated;
if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
if(errors === 0){
if(data && typeof data == "object" && !Array.isArray(data)){
let missing0;
if((((data.offset === undefined) && (missing0 = "offset")) || ((data.bytes === undefined) && (missing0 = "bytes"))) || ((data.sha256 === undefined) && (missing0 = "sha256"))){
validate23.errors = [{instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
const _errs1 = errors;
for(const key0 in data){
if(!(((key0 === "offset") || (key0 === "bytes")) || (key0 === "sha256"))){
validate23.errors = [{instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs1 === errors){
if(data.offset !== undefined){
let data0 = data.offset;
const _errs2 = errors;
if(!(((typeof data0 == "number") && (!(data0 % 1) && !isNaN(data0))) && (isFinite(data0)))){
validate23.errors = [{instancePath:instancePath+"/offset",schemaPath:"#/properties/offset/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs2){
if((typeof data0 == "number") && (isFinite(data0))){
if(data0 > 9007199254740991 || isNaN(data0)){
validate23.errors = [{instancePath:instancePath+"/offset",schemaPath:"#/properties/offset/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data0 < 4096 || isNaN(data0)){
validate23.errors = [{instancePath:instancePath+"/offset",schemaPath:"#/properties/offset/minimum",keyword:"minimum",params:{comparison: ">=", limit: 4096},message:"must be >= 4096"}];
return false;
}
else {
let res0;
if((4096 === 0 || (res0 = data0/4096, res0 !== parseInt(res0)))){
validate23.errors = [{instancePath:instancePath+"/offset",schemaPath:"#/properties/offset/multipleOf",keyword:"multipleOf",params:{multipleOf: 4096},message:"must be multiple of 4096"}];
return false;
}
}
}
}
}
var valid0 = _errs2 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.bytes !== undefined){
let data1 = data.bytes;
const _errs4 = errors;
const _errs5 = errors;
if(!(((typeof data1 == "number") && (!(data1 % 1) && !isNaN(data1))) && (isFinite(data1)))){
validate23.errors = [{instancePath:instancePath+"/bytes",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs5){
if((typeof data1 == "number") && (isFinite(data1))){
if(data1 > 9007199254740991 || isNaN(data1)){
validate23.errors = [{instancePath:instancePath+"/bytes",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data1 < 0 || isNaN(data1)){
validate23.errors = [{instancePath:instancePath+"/bytes",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid0 = _errs4 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.sha256 !== undefined){
let data2 = data.sha256;
const _errs7 = errors;
if(errors === _errs7){
if(typeof data2 === "string"){
if(!pattern5.test(data2)){
validate23.errors = [{instancePath:instancePath+"/sha256",schemaPath:"#/properties/sha256/pattern",keyword:"pattern",params:{pattern: "^[0-9a-f]{64}$"},message:"must match pattern \""+"^[0-9a-f]{64}$"+"\""}];
return false;
}
}
else {
validate23.errors = [{instancePath:instancePath+"/sha256",schemaPath:"#/properties/sha256/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid0 = _errs7 === errors;
}
else {
var valid0 = true;
}
}
}
}
}
}
else {
validate23.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate23.errors = vErrors;
return errors === 0;
}
validate23.evaluated = {"props":true,"dynamicProps":false,"dynamicItems":false};


function validate20(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
/*# sourceURL="https://flash-slim.dev/schema/manifest.schema.json" */;
let vErrors = null;
let errors = 0;
const evaluated0 = validate20.evaluated;
if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
if(errors === 0){
if(data && typeof data == "object" && !Array.isArray(data)){
let missing0;
if((((((((data.format === undefined) && (missing0 = "format")) || ((data.layout_version === undefined) && (missing0 = "layout_version"))) || ((data.model === undefined) && (missing0 = "model"))) || ((data.chat_template === undefined) && (missing0 = "chat_template"))) || ((data.chunks === undefined) && (missing0 = "chunks"))) || ((data.tokenizer === undefined) && (missing0 = "tokenizer"))) || ((data.graph === undefined) && (missing0 = "graph"))){
validate20.errors = [{instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
const _errs1 = errors;
for(const key0 in data){
if(!((((((((key0 === "format") || (key0 === "layout_version")) || (key0 === "model")) || (key0 === "quantization")) || (key0 === "chat_template")) || (key0 === "chunks")) || (key0 === "tokenizer")) || (key0 === "graph"))){
validate20.errors = [{instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs1 === errors){
if(data.format !== undefined){
const _errs2 = errors;
if("flash-slim weight cache" !== data.format){
validate20.errors = [{instancePath:instancePath+"/format",schemaPath:"#/properties/format/const",keyword:"const",params:{allowedValue: "flash-slim weight cache"},message:"must be equal to constant"}];
return false;
}
var valid0 = _errs2 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.layout_version !== undefined){
const _errs3 = errors;
if(1 !== data.layout_version){
validate20.errors = [{instancePath:instancePath+"/layout_version",schemaPath:"#/properties/layout_version/const",keyword:"const",params:{allowedValue: 1},message:"must be equal to constant"}];
return false;
}
var valid0 = _errs3 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.model !== undefined){
let data2 = data.model;
const _errs4 = errors;
if(errors === _errs4){
if(data2 && typeof data2 == "object" && !Array.isArray(data2)){
let missing1;
if((((data2.digest === undefined) && (missing1 = "digest")) || ((data2.file_bytes === undefined) && (missing1 = "file_bytes"))) || ((data2.config === undefined) && (missing1 = "config"))){
validate20.errors = [{instancePath:instancePath+"/model",schemaPath:"#/properties/model/required",keyword:"required",params:{missingProperty: missing1},message:"must have required property '"+missing1+"'"}];
return false;
}
else {
const _errs6 = errors;
for(const key1 in data2){
if(!(((key1 === "digest") || (key1 === "file_bytes")) || (key1 === "config"))){
validate20.errors = [{instancePath:instancePath+"/model",schemaPath:"#/properties/model/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs6 === errors){
if(data2.digest !== undefined){
let data3 = data2.digest;
const _errs7 = errors;
const _errs8 = errors;
if(errors === _errs8){
if(typeof data3 === "string"){
if(!pattern4.test(data3)){
validate20.errors = [{instancePath:instancePath+"/model/digest",schemaPath:"#/$defs/digest/pattern",keyword:"pattern",params:{pattern: "^sha256:[0-9a-f]{64}$"},message:"must match pattern \""+"^sha256:[0-9a-f]{64}$"+"\""}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/model/digest",schemaPath:"#/$defs/digest/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid1 = _errs7 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data2.file_bytes !== undefined){
let data4 = data2.file_bytes;
const _errs10 = errors;
const _errs11 = errors;
if(!(((typeof data4 == "number") && (!(data4 % 1) && !isNaN(data4))) && (isFinite(data4)))){
validate20.errors = [{instancePath:instancePath+"/model/file_bytes",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs11){
if((typeof data4 == "number") && (isFinite(data4))){
if(data4 > 9007199254740991 || isNaN(data4)){
validate20.errors = [{instancePath:instancePath+"/model/file_bytes",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data4 < 0 || isNaN(data4)){
validate20.errors = [{instancePath:instancePath+"/model/file_bytes",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid1 = _errs10 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data2.config !== undefined){
let data5 = data2.config;
const _errs13 = errors;
const _errs14 = errors;
if(errors === _errs14){
if(data5 && typeof data5 == "object" && !Array.isArray(data5)){
let missing2;
if((((((((((((data5.architecture === undefined) && (missing2 = "architecture")) || ((data5.name === undefined) && (missing2 = "name"))) || ((data5.layers === undefined) && (missing2 = "layers"))) || ((data5.hiddenSize === undefined) && (missing2 = "hiddenSize"))) || ((data5.feedForwardSize === undefined) && (missing2 = "feedForwardSize"))) || ((data5.heads === undefined) && (missing2 = "heads"))) || ((data5.kvHeads === undefined) && (missing2 = "kvHeads"))) || ((data5.headSize === undefined) && (missing2 = "headSize"))) || ((data5.vocabularySize === undefined) && (missing2 = "vocabularySize"))) || ((data5.maxContextLength === undefined) && (missing2 = "maxContextLength"))) || ((data5.tiedHead === undefined) && (missing2 = "tiedHead"))){
validate20.errors = [{instancePath:instancePath+"/model/config",schemaPath:"#/$defs/modelConfig/required",keyword:"required",params:{missingProperty: missing2},message:"must have required property '"+missing2+"'"}];
return false;
}
else {
const _errs16 = errors;
for(const key2 in data5){
if(!(func1.call(schema34.properties, key2))){
validate20.errors = [{instancePath:instancePath+"/model/config",schemaPath:"#/$defs/modelConfig/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key2},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs16 === errors){
if(data5.architecture !== undefined){
const _errs17 = errors;
if(typeof data5.architecture !== "string"){
validate20.errors = [{instancePath:instancePath+"/model/config/architecture",schemaPath:"#/$defs/modelConfig/properties/architecture/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid5 = _errs17 === errors;
}
else {
var valid5 = true;
}
if(valid5){
if(data5.name !== undefined){
const _errs19 = errors;
if(typeof data5.name !== "string"){
validate20.errors = [{instancePath:instancePath+"/model/config/name",schemaPath:"#/$defs/modelConfig/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid5 = _errs19 === errors;
}
else {
var valid5 = true;
}
if(valid5){
if(data5.layers !== undefined){
let data8 = data5.layers;
const _errs21 = errors;
if(!(((typeof data8 == "number") && (!(data8 % 1) && !isNaN(data8))) && (isFinite(data8)))){
validate20.errors = [{instancePath:instancePath+"/model/config/layers",schemaPath:"#/$defs/modelConfig/properties/layers/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs21){
if((typeof data8 == "number") && (isFinite(data8))){
if(data8 > 65536 || isNaN(data8)){
validate20.errors = [{instancePath:instancePath+"/model/config/layers",schemaPath:"#/$defs/modelConfig/properties/layers/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65536},message:"must be <= 65536"}];
return false;
}
else {
if(data8 < 1 || isNaN(data8)){
validate20.errors = [{instancePath:instancePath+"/model/config/layers",schemaPath:"#/$defs/modelConfig/properties/layers/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid5 = _errs21 === errors;
}
else {
var valid5 = true;
}
if(valid5){
if(data5.hiddenSize !== undefined){
let data9 = data5.hiddenSize;
const _errs23 = errors;
if(!(((typeof data9 == "number") && (!(data9 % 1) && !isNaN(data9))) && (isFinite(data9)))){
validate20.errors = [{instancePath:instancePath+"/model/config/hiddenSize",schemaPath:"#/$defs/modelConfig/properties/hiddenSize/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs23){
if((typeof data9 == "number") && (isFinite(data9))){
if(data9 > 16777216 || isNaN(data9)){
validate20.errors = [{instancePath:instancePath+"/model/config/hiddenSize",schemaPath:"#/$defs/modelConfig/properties/hiddenSize/maximum",keyword:"maximum",params:{comparison: "<=", limit: 16777216},message:"must be <= 16777216"}];
return false;
}
else {
if(data9 < 1 || isNaN(data9)){
validate20.errors = [{instancePath:instancePath+"/model/config/hiddenSize",schemaPath:"#/$defs/modelConfig/properties/hiddenSize/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid5 = _errs23 === errors;
}
else {
var valid5 = true;
}
if(valid5){
if(data5.feedForwardSize !== undefined){
let data10 = data5.feedForwardSize;
const _errs25 = errors;
if(!(((typeof data10 == "number") && (!(data10 % 1) && !isNaN(data10))) && (isFinite(data10)))){
validate20.errors = [{instancePath:instancePath+"/model/config/feedForwardSize",schemaPath:"#/$defs/modelConfig/properties/feedForwardSize/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs25){
if((typeof data10 == "number") && (isFinite(data10))){
if(data10 > 16777216 || isNaN(data10)){
validate20.errors = [{instancePath:instancePath+"/model/config/feedForwardSize",schemaPath:"#/$defs/modelConfig/properties/feedForwardSize/maximum",keyword:"maximum",params:{comparison: "<=", limit: 16777216},message:"must be <= 16777216"}];
return false;
}
else {
if(data10 < 1 || isNaN(data10)){
validate20.errors = [{instancePath:instancePath+"/model/config/feedForwardSize",schemaPath:"#/$defs/modelConfig/properties/feedForwardSize/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid5 = _errs25 === errors;
}
else {
var valid5 = true;
}
if(valid5){
if(data5.heads !== undefined){
let data11 = data5.heads;
const _errs27 = errors;
if(!(((typeof data11 == "number") && (!(data11 % 1) && !isNaN(data11))) && (isFinite(data11)))){
validate20.errors = [{instancePath:instancePath+"/model/config/heads",schemaPath:"#/$defs/modelConfig/properties/heads/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs27){
if((typeof data11 == "number") && (isFinite(data11))){
if(data11 > 65536 || isNaN(data11)){
validate20.errors = [{instancePath:instancePath+"/model/config/heads",schemaPath:"#/$defs/modelConfig/properties/heads/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65536},message:"must be <= 65536"}];
return false;
}
else {
if(data11 < 1 || isNaN(data11)){
validate20.errors = [{instancePath:instancePath+"/model/config/heads",schemaPath:"#/$defs/modelConfig/properties/heads/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid5 = _errs27 === errors;
}
else {
var valid5 = true;
}
if(valid5){
if(data5.kvHeads !== undefined){
let data12 = data5.kvHeads;
const _errs29 = errors;
if(!(((typeof data12 == "number") && (!(data12 % 1) && !isNaN(data12))) && (isFinite(data12)))){
validate20.errors = [{instancePath:instancePath+"/model/config/kvHeads",schemaPath:"#/$defs/modelConfig/properties/kvHeads/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs29){
if((typeof data12 == "number") && (isFinite(data12))){
if(data12 > 65536 || isNaN(data12)){
validate20.errors = [{instancePath:instancePath+"/model/config/kvHeads",schemaPath:"#/$defs/modelConfig/properties/kvHeads/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65536},message:"must be <= 65536"}];
return false;
}
else {
if(data12 < 1 || isNaN(data12)){
validate20.errors = [{instancePath:instancePath+"/model/config/kvHeads",schemaPath:"#/$defs/modelConfig/properties/kvHeads/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid5 = _errs29 === errors;
}
else {
var valid5 = true;
}
if(valid5){
if(data5.headSize !== undefined){
let data13 = data5.headSize;
const _errs31 = errors;
if(!(((typeof data13 == "number") && (!(data13 % 1) && !isNaN(data13))) && (isFinite(data13)))){
validate20.errors = [{instancePath:instancePath+"/model/config/headSize",schemaPath:"#/$defs/modelConfig/properties/headSize/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs31){
if((typeof data13 == "number") && (isFinite(data13))){
if(data13 > 65536 || isNaN(data13)){
validate20.errors = [{instancePath:instancePath+"/model/config/headSize",schemaPath:"#/$defs/modelConfig/properties/headSize/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65536},message:"must be <= 65536"}];
return false;
}
else {
if(data13 < 1 || isNaN(data13)){
validate20.errors = [{instancePath:instancePath+"/model/config/headSize",schemaPath:"#/$defs/modelConfig/properties/headSize/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid5 = _errs31 === errors;
}
else {
var valid5 = true;
}
if(valid5){
if(data5.vocabularySize !== undefined){
let data14 = data5.vocabularySize;
const _errs33 = errors;
if(!(((typeof data14 == "number") && (!(data14 % 1) && !isNaN(data14))) && (isFinite(data14)))){
validate20.errors = [{instancePath:instancePath+"/model/config/vocabularySize",schemaPath:"#/$defs/modelConfig/properties/vocabularySize/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs33){
if((typeof data14 == "number") && (isFinite(data14))){
if(data14 > 16777216 || isNaN(data14)){
validate20.errors = [{instancePath:instancePath+"/model/config/vocabularySize",schemaPath:"#/$defs/modelConfig/properties/vocabularySize/maximum",keyword:"maximum",params:{comparison: "<=", limit: 16777216},message:"must be <= 16777216"}];
return false;
}
else {
if(data14 < 1 || isNaN(data14)){
validate20.errors = [{instancePath:instancePath+"/model/config/vocabularySize",schemaPath:"#/$defs/modelConfig/properties/vocabularySize/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid5 = _errs33 === errors;
}
else {
var valid5 = true;
}
if(valid5){
if(data5.maxContextLength !== undefined){
let data15 = data5.maxContextLength;
const _errs35 = errors;
if(!(((typeof data15 == "number") && (!(data15 % 1) && !isNaN(data15))) && (isFinite(data15)))){
validate20.errors = [{instancePath:instancePath+"/model/config/maxContextLength",schemaPath:"#/$defs/modelConfig/properties/maxContextLength/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs35){
if((typeof data15 == "number") && (isFinite(data15))){
if(data15 > 1073741824 || isNaN(data15)){
validate20.errors = [{instancePath:instancePath+"/model/config/maxContextLength",schemaPath:"#/$defs/modelConfig/properties/maxContextLength/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1073741824},message:"must be <= 1073741824"}];
return false;
}
else {
if(data15 < 1 || isNaN(data15)){
validate20.errors = [{instancePath:instancePath+"/model/config/maxContextLength",schemaPath:"#/$defs/modelConfig/properties/maxContextLength/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid5 = _errs35 === errors;
}
else {
var valid5 = true;
}
if(valid5){
if(data5.tiedHead !== undefined){
const _errs37 = errors;
if(typeof data5.tiedHead !== "boolean"){
validate20.errors = [{instancePath:instancePath+"/model/config/tiedHead",schemaPath:"#/$defs/modelConfig/properties/tiedHead/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid5 = _errs37 === errors;
}
else {
var valid5 = true;
}
if(valid5){
if(data5.experts !== undefined){
let data17 = data5.experts;
const _errs39 = errors;
if(errors === _errs39){
if(data17 && typeof data17 == "object" && !Array.isArray(data17)){
let missing3;
if(((((data17.count === undefined) && (missing3 = "count")) || ((data17.used === undefined) && (missing3 = "used"))) || ((data17.feedForwardSize === undefined) && (missing3 = "feedForwardSize"))) || ((data17.sharedFeedForwardSize === undefined) && (missing3 = "sharedFeedForwardSize"))){
validate20.errors = [{instancePath:instancePath+"/model/config/experts",schemaPath:"#/$defs/modelConfig/properties/experts/required",keyword:"required",params:{missingProperty: missing3},message:"must have required property '"+missing3+"'"}];
return false;
}
else {
const _errs41 = errors;
for(const key3 in data17){
if(!((((key3 === "count") || (key3 === "used")) || (key3 === "feedForwardSize")) || (key3 === "sharedFeedForwardSize"))){
validate20.errors = [{instancePath:instancePath+"/model/config/experts",schemaPath:"#/$defs/modelConfig/properties/experts/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key3},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs41 === errors){
if(data17.count !== undefined){
let data18 = data17.count;
const _errs42 = errors;
if(!(((typeof data18 == "number") && (!(data18 % 1) && !isNaN(data18))) && (isFinite(data18)))){
validate20.errors = [{instancePath:instancePath+"/model/config/experts/count",schemaPath:"#/$defs/modelConfig/properties/experts/properties/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs42){
if((typeof data18 == "number") && (isFinite(data18))){
if(data18 > 65536 || isNaN(data18)){
validate20.errors = [{instancePath:instancePath+"/model/config/experts/count",schemaPath:"#/$defs/modelConfig/properties/experts/properties/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65536},message:"must be <= 65536"}];
return false;
}
else {
if(data18 < 1 || isNaN(data18)){
validate20.errors = [{instancePath:instancePath+"/model/config/experts/count",schemaPath:"#/$defs/modelConfig/properties/experts/properties/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid6 = _errs42 === errors;
}
else {
var valid6 = true;
}
if(valid6){
if(data17.used !== undefined){
let data19 = data17.used;
const _errs44 = errors;
if(!(((typeof data19 == "number") && (!(data19 % 1) && !isNaN(data19))) && (isFinite(data19)))){
validate20.errors = [{instancePath:instancePath+"/model/config/experts/used",schemaPath:"#/$defs/modelConfig/properties/experts/properties/used/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs44){
if((typeof data19 == "number") && (isFinite(data19))){
if(data19 > 65536 || isNaN(data19)){
validate20.errors = [{instancePath:instancePath+"/model/config/experts/used",schemaPath:"#/$defs/modelConfig/properties/experts/properties/used/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65536},message:"must be <= 65536"}];
return false;
}
else {
if(data19 < 1 || isNaN(data19)){
validate20.errors = [{instancePath:instancePath+"/model/config/experts/used",schemaPath:"#/$defs/modelConfig/properties/experts/properties/used/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid6 = _errs44 === errors;
}
else {
var valid6 = true;
}
if(valid6){
if(data17.feedForwardSize !== undefined){
let data20 = data17.feedForwardSize;
const _errs46 = errors;
if(!(((typeof data20 == "number") && (!(data20 % 1) && !isNaN(data20))) && (isFinite(data20)))){
validate20.errors = [{instancePath:instancePath+"/model/config/experts/feedForwardSize",schemaPath:"#/$defs/modelConfig/properties/experts/properties/feedForwardSize/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs46){
if((typeof data20 == "number") && (isFinite(data20))){
if(data20 > 16777216 || isNaN(data20)){
validate20.errors = [{instancePath:instancePath+"/model/config/experts/feedForwardSize",schemaPath:"#/$defs/modelConfig/properties/experts/properties/feedForwardSize/maximum",keyword:"maximum",params:{comparison: "<=", limit: 16777216},message:"must be <= 16777216"}];
return false;
}
else {
if(data20 < 1 || isNaN(data20)){
validate20.errors = [{instancePath:instancePath+"/model/config/experts/feedForwardSize",schemaPath:"#/$defs/modelConfig/properties/experts/properties/feedForwardSize/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid6 = _errs46 === errors;
}
else {
var valid6 = true;
}
if(valid6){
if(data17.sharedFeedForwardSize !== undefined){
let data21 = data17.sharedFeedForwardSize;
const _errs48 = errors;
if(!(((typeof data21 == "number") && (!(data21 % 1) && !isNaN(data21))) && (isFinite(data21)))){
validate20.errors = [{instancePath:instancePath+"/model/config/experts/sharedFeedForwardSize",schemaPath:"#/$defs/modelConfig/properties/experts/properties/sharedFeedForwardSize/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs48){
if((typeof data21 == "number") && (isFinite(data21))){
if(data21 > 16777216 || isNaN(data21)){
validate20.errors = [{instancePath:instancePath+"/model/config/experts/sharedFeedForwardSize",schemaPath:"#/$defs/modelConfig/properties/experts/properties/sharedFeedForwardSize/maximum",keyword:"maximum",params:{comparison: "<=", limit: 16777216},message:"must be <= 16777216"}];
return false;
}
else {
if(data21 < 0 || isNaN(data21)){
validate20.errors = [{instancePath:instancePath+"/model/config/experts/sharedFeedForwardSize",schemaPath:"#/$defs/modelConfig/properties/experts/properties/sharedFeedForwardSize/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid6 = _errs48 === errors;
}
else {
var valid6 = true;
}
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/model/config/experts",schemaPath:"#/$defs/modelConfig/properties/experts/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid5 = _errs39 === errors;
}
else {
var valid5 = true;
}
}
}
}
}
}
}
}
}
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/model/config",schemaPath:"#/$defs/modelConfig/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid1 = _errs13 === errors;
}
else {
var valid1 = true;
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/model",schemaPath:"#/properties/model/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs4 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.quantization !== undefined){
let data22 = data.quantization;
const _errs50 = errors;
if(errors === _errs50){
if(data22 && typeof data22 == "object" && !Array.isArray(data22)){
let missing4;
if((((data22.relative_rms_error === undefined) && (missing4 = "relative_rms_error")) || ((data22.max_error === undefined) && (missing4 = "max_error"))) || ((data22.tensors === undefined) && (missing4 = "tensors"))){
validate20.errors = [{instancePath:instancePath+"/quantization",schemaPath:"#/properties/quantization/required",keyword:"required",params:{missingProperty: missing4},message:"must have required property '"+missing4+"'"}];
return false;
}
else {
const _errs52 = errors;
for(const key4 in data22){
if(!(((key4 === "relative_rms_error") || (key4 === "max_error")) || (key4 === "tensors"))){
validate20.errors = [{instancePath:instancePath+"/quantization",schemaPath:"#/properties/quantization/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key4},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs52 === errors){
if(data22.relative_rms_error !== undefined){
let data23 = data22.relative_rms_error;
const _errs53 = errors;
const _errs54 = errors;
if(errors === _errs54){
if((typeof data23 == "number") && (isFinite(data23))){
if(data23 < 0 || isNaN(data23)){
validate20.errors = [{instancePath:instancePath+"/quantization/relative_rms_error",schemaPath:"#/$defs/error/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/quantization/relative_rms_error",schemaPath:"#/$defs/error/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid7 = _errs53 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data22.max_error !== undefined){
let data24 = data22.max_error;
const _errs56 = errors;
const _errs57 = errors;
if(errors === _errs57){
if((typeof data24 == "number") && (isFinite(data24))){
if(data24 < 0 || isNaN(data24)){
validate20.errors = [{instancePath:instancePath+"/quantization/max_error",schemaPath:"#/$defs/error/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/quantization/max_error",schemaPath:"#/$defs/error/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid7 = _errs56 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data22.tensors !== undefined){
let data25 = data22.tensors;
const _errs59 = errors;
if(errors === _errs59){
if(Array.isArray(data25)){
if(data25.length > 1048576){
validate20.errors = [{instancePath:instancePath+"/quantization/tensors",schemaPath:"#/properties/quantization/properties/tensors/maxItems",keyword:"maxItems",params:{limit: 1048576},message:"must NOT have more than 1048576 items"}];
return false;
}
else {
if(data25.length < 1){
validate20.errors = [{instancePath:instancePath+"/quantization/tensors",schemaPath:"#/properties/quantization/properties/tensors/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid10 = true;
const len0 = data25.length;
for(let i0=0; i0<len0; i0++){
let data26 = data25[i0];
const _errs61 = errors;
if(errors === _errs61){
if(data26 && typeof data26 == "object" && !Array.isArray(data26)){
let missing5;
if((((((data26.name === undefined) && (missing5 = "name")) || ((data26.from === undefined) && (missing5 = "from"))) || ((data26.to === undefined) && (missing5 = "to"))) || ((data26.relative_rms_error === undefined) && (missing5 = "relative_rms_error"))) || ((data26.max_error === undefined) && (missing5 = "max_error"))){
validate20.errors = [{instancePath:instancePath+"/quantization/tensors/" + i0,schemaPath:"#/properties/quantization/properties/tensors/items/required",keyword:"required",params:{missingProperty: missing5},message:"must have required property '"+missing5+"'"}];
return false;
}
else {
const _errs63 = errors;
for(const key5 in data26){
if(!(((((key5 === "name") || (key5 === "from")) || (key5 === "to")) || (key5 === "relative_rms_error")) || (key5 === "max_error"))){
validate20.errors = [{instancePath:instancePath+"/quantization/tensors/" + i0,schemaPath:"#/properties/quantization/properties/tensors/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key5},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs63 === errors){
if(data26.name !== undefined){
const _errs64 = errors;
if(typeof data26.name !== "string"){
validate20.errors = [{instancePath:instancePath+"/quantization/tensors/" + i0+"/name",schemaPath:"#/properties/quantization/properties/tensors/items/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid11 = _errs64 === errors;
}
else {
var valid11 = true;
}
if(valid11){
if(data26.from !== undefined){
let data28 = data26.from;
const _errs66 = errors;
if(!(((data28 === "F32") || (data28 === "F16")) || (data28 === "BF16"))){
validate20.errors = [{instancePath:instancePath+"/quantization/tensors/" + i0+"/from",schemaPath:"#/properties/quantization/properties/tensors/items/properties/from/enum",keyword:"enum",params:{allowedValues: schema31.properties.quantization.properties.tensors.items.properties.from.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid11 = _errs66 === errors;
}
else {
var valid11 = true;
}
if(valid11){
if(data26.to !== undefined){
let data29 = data26.to;
const _errs67 = errors;
if(!(((((((((((((((data29 === "F32") || (data29 === "F16")) || (data29 === "BF16")) || (data29 === "Q8_0")) || (data29 === "Q4_0")) || (data29 === "Q4_1")) || (data29 === "Q5_0")) || (data29 === "Q5_1")) || (data29 === "Q4_K")) || (data29 === "Q5_K")) || (data29 === "Q6_K")) || (data29 === "Q4_N")) || (data29 === "Q4_NZ")) || (data29 === "Q8_N")) || (data29 === "Q8_NZ"))){
validate20.errors = [{instancePath:instancePath+"/quantization/tensors/" + i0+"/to",schemaPath:"#/$defs/kind/enum",keyword:"enum",params:{allowedValues: schema37.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid11 = _errs67 === errors;
}
else {
var valid11 = true;
}
if(valid11){
if(data26.relative_rms_error !== undefined){
let data30 = data26.relative_rms_error;
const _errs69 = errors;
const _errs70 = errors;
if(errors === _errs70){
if((typeof data30 == "number") && (isFinite(data30))){
if(data30 < 0 || isNaN(data30)){
validate20.errors = [{instancePath:instancePath+"/quantization/tensors/" + i0+"/relative_rms_error",schemaPath:"#/$defs/error/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/quantization/tensors/" + i0+"/relative_rms_error",schemaPath:"#/$defs/error/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid11 = _errs69 === errors;
}
else {
var valid11 = true;
}
if(valid11){
if(data26.max_error !== undefined){
let data31 = data26.max_error;
const _errs72 = errors;
const _errs73 = errors;
if(errors === _errs73){
if((typeof data31 == "number") && (isFinite(data31))){
if(data31 < 0 || isNaN(data31)){
validate20.errors = [{instancePath:instancePath+"/quantization/tensors/" + i0+"/max_error",schemaPath:"#/$defs/error/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/quantization/tensors/" + i0+"/max_error",schemaPath:"#/$defs/error/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid11 = _errs72 === errors;
}
else {
var valid11 = true;
}
}
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/quantization/tensors/" + i0,schemaPath:"#/properties/quantization/properties/tensors/items/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid10 = _errs61 === errors;
if(!valid10){
break;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/quantization/tensors",schemaPath:"#/properties/quantization/properties/tensors/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid7 = _errs59 === errors;
}
else {
var valid7 = true;
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/quantization",schemaPath:"#/properties/quantization/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs50 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.chat_template !== undefined){
let data32 = data.chat_template;
const _errs75 = errors;
if((typeof data32 !== "string") && (data32 !== null)){
validate20.errors = [{instancePath:instancePath+"/chat_template",schemaPath:"#/properties/chat_template/type",keyword:"type",params:{type: schema31.properties.chat_template.type},message:"must be string,null"}];
return false;
}
var valid0 = _errs75 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.chunks !== undefined){
let data33 = data.chunks;
const _errs77 = errors;
if(errors === _errs77){
if(Array.isArray(data33)){
if(data33.length > 1048576){
validate20.errors = [{instancePath:instancePath+"/chunks",schemaPath:"#/properties/chunks/maxItems",keyword:"maxItems",params:{limit: 1048576},message:"must NOT have more than 1048576 items"}];
return false;
}
else {
if(data33.length < 1){
validate20.errors = [{instancePath:instancePath+"/chunks",schemaPath:"#/properties/chunks/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid15 = true;
const len1 = data33.length;
for(let i1=0; i1<len1; i1++){
const _errs79 = errors;
if(!(validate21(data33[i1], {instancePath:instancePath+"/chunks/" + i1,parentData:data33,parentDataProperty:i1,rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate21.errors : vErrors.concat(validate21.errors);
errors = vErrors.length;
}
var valid15 = _errs79 === errors;
if(!valid15){
break;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/chunks",schemaPath:"#/properties/chunks/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid0 = _errs77 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.tokenizer !== undefined){
const _errs80 = errors;
if(!(validate23(data.tokenizer, {instancePath:instancePath+"/tokenizer",parentData:data,parentDataProperty:"tokenizer",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate23.errors : vErrors.concat(validate23.errors);
errors = vErrors.length;
}
var valid0 = _errs80 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.graph !== undefined){
const _errs81 = errors;
if(!(validate23(data.graph, {instancePath:instancePath+"/graph",parentData:data,parentDataProperty:"graph",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate23.errors : vErrors.concat(validate23.errors);
errors = vErrors.length;
}
var valid0 = _errs81 === errors;
}
else {
var valid0 = true;
}
}
}
}
}
}
}
}
}
}
}
else {
validate20.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate20.errors = vErrors;
return errors === 0;
}
validate20.evaluated = {"props":true,"dynamicProps":false,"dynamicItems":false};
