// Generated from schema/cmt.schema.json by `npm run generate`; do not edit.
// biome-ignore-all lint: generated
// biome-ignore-all format: generated
// biome-ignore-all assist: generated
// @ts-nocheck
"use strict";
export const validate = validate20;
export default validate20;
const schema31 = {"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://flash-slim.dev/schema/cmt.schema.json","title":"weight_chunks_metadata_table.json (CMT)","description":"Which weights one pass reads, in what order, where they lie in the weight cache, what they sum to, and how long each is computed with. Sizes and offsets in bytes, times in milliseconds.","type":"object","additionalProperties":false,"required":["metadata","weight_chunks","units"],"properties":{"metadata":{"type":"object","additionalProperties":false,"required":["version","model","model_digest","model_config","weight_cache","weight_cache_digest","layout","chunk_count_by_mode","total_aligned_size_by_mode","max_aligned_size","weight_chunk_buffer_size","tokenizer_bytes","graph_bytes","tokens_per_pass_by_mode","other_compute_time_by_mode","measured_with"],"properties":{"version":{"description":"Version of this format.","const":"1.0"},"model":{"description":"The model's own name, for people.","type":"string"},"model_digest":{"description":"SHA-256 of the model file.","$ref":"#/$defs/digest"},"model_config":{"$ref":"#/$defs/modelConfig"},"weight_cache":{"description":"File name of the weight cache, beside this file.","type":"string","pattern":"^[^/\\u0000]+$"},"weight_cache_digest":{"description":"SHA-256 of the weight cache's manifest: the cache that the offsets belong to.","$ref":"#/$defs/digest"},"layout":{"description":"Arrangement of the weights within row blocks.","const":"8x4"},"chunk_count_by_mode":{"description":"Rows per mode.","$ref":"#/$defs/countByMode"},"total_aligned_size_by_mode":{"description":"Sum of aligned_size per mode, bytes.","$ref":"#/$defs/countByMode"},"max_aligned_size":{"description":"Largest aligned_size of any mode, bytes.","$ref":"#/$defs/count"},"weight_chunk_buffer_size":{"description":"Bytes of a buffer that holds any chunk whole; equals max_aligned_size.","$ref":"#/$defs/count"},"tokenizer_bytes":{"description":"Bytes of the compiled tokenizer, which is read in place.","$ref":"#/$defs/count"},"graph_bytes":{"description":"Bytes of the ONNX graph without its large weights.","$ref":"#/$defs/count"},"tokens_per_pass_by_mode":{"description":"Tokens of the passes that the times were measured with.","type":"object","additionalProperties":false,"required":["PREFILL","DECODE"],"properties":{"PREFILL":{"type":"integer","minimum":1,"maximum":1048576},"DECODE":{"type":"integer","minimum":1,"maximum":1048576}}},"other_compute_time_by_mode":{"description":"Milliseconds per pass outside the streamed products: attention, norms, sampling.","type":"object","additionalProperties":false,"required":["PREFILL","DECODE"],"properties":{"PREFILL":{"$ref":"#/$defs/milliseconds"},"DECODE":{"$ref":"#/$defs/milliseconds"}}},"measured_with":{"type":"object","additionalProperties":false,"required":["kernel","threads"],"properties":{"kernel":{"description":"Kernel the times were measured with.","type":"string"},"threads":{"description":"Compute threads the times were measured with.","type":"integer","minimum":1,"maximum":4096}}}}},"weight_chunks":{"description":"Per mode, the chunks in order of access.","type":"object","additionalProperties":false,"required":["PREFILL","DECODE"],"properties":{"PREFILL":{"type":"array","maxItems":65536,"items":{"$ref":"#/$defs/row"}},"DECODE":{"type":"array","maxItems":65536,"items":{"$ref":"#/$defs/row"}}}},"units":{"description":"The checksums that a group's checksum is composed of, once per chunk.","type":"array","maxItems":65536,"items":{"type":"object","additionalProperties":false,"required":["weights_id","head","gathered","row_blocks","row_block_bytes","unit_row_blocks","paired","crc32c"],"properties":{"weights_id":{"$ref":"#/$defs/weightsId"},"head":{"description":"The output head: only passes that want logits read it.","type":"boolean"},"gathered":{"description":"Single rows are read from it (embedding): one unit per row block.","type":"boolean"},"row_blocks":{"description":"Row blocks (8 rows each) of the chunk.","type":"integer","minimum":1,"maximum":268435456},"row_block_bytes":{"description":"Bytes of one row block.","type":"integer","minimum":1,"maximum":1099511627776},"unit_row_blocks":{"description":"Row blocks under one checksum; the last unit may be shorter.","type":"integer","minimum":1,"maximum":268435456},"paired":{"description":"Row blocks come in pairs (gate, up) that a group must not part.","type":"boolean"},"experts":{"description":"Row blocks are those of so many experts, in whole units; a pass uses only some. Missing: always all.","type":"integer","minimum":1,"maximum":65536},"crc32c":{"description":"crc32c of each unit, in order.","type":"array","minItems":1,"maxItems":4194304,"items":{"$ref":"#/$defs/crc32c"}}}}}},"$defs":{"count":{"type":"integer","minimum":0,"maximum":9007199254740991},"countByMode":{"type":"object","additionalProperties":false,"required":["PREFILL","DECODE"],"properties":{"PREFILL":{"$ref":"#/$defs/count"},"DECODE":{"$ref":"#/$defs/count"}}},"milliseconds":{"type":"number","minimum":0,"maximum":1000000000},"digest":{"type":"string","pattern":"^sha256:[0-9a-f]{64}$"},"crc32c":{"description":"crc32c (Castagnoli), 8 hex digits.","type":"string","pattern":"^[0-9a-f]{8}$"},"weightsId":{"description":"The number that the graph's operator carries.","type":"integer","minimum":0,"maximum":1048576},"modelConfig":{"description":"The facts about the model that sizes follow from.","type":"object","additionalProperties":false,"required":["architecture","name","layers","hiddenSize","feedForwardSize","heads","kvHeads","headSize","vocabularySize","maxContextLength","tiedHead"],"properties":{"architecture":{"type":"string"},"name":{"type":"string"},"layers":{"type":"integer","minimum":1,"maximum":65536},"hiddenSize":{"type":"integer","minimum":1,"maximum":16777216},"feedForwardSize":{"type":"integer","minimum":1,"maximum":16777216},"heads":{"type":"integer","minimum":1,"maximum":65536},"kvHeads":{"type":"integer","minimum":1,"maximum":65536},"headSize":{"type":"integer","minimum":1,"maximum":65536},"vocabularySize":{"type":"integer","minimum":1,"maximum":16777216},"maxContextLength":{"description":"Positions the model was trained for.","type":"integer","minimum":1,"maximum":1073741824},"tiedHead":{"description":"The output head uses the embedding's bytes.","type":"boolean"},"experts":{"description":"Of a mixture of experts; missing otherwise.","type":"object","additionalProperties":false,"required":["count","used","feedForwardSize","sharedFeedForwardSize"],"properties":{"count":{"type":"integer","minimum":1,"maximum":65536},"used":{"description":"Experts that a token goes through.","type":"integer","minimum":1,"maximum":65536},"feedForwardSize":{"description":"Of one expert.","type":"integer","minimum":1,"maximum":16777216},"sharedFeedForwardSize":{"description":"Of the expert that every token goes through; 0: there is none.","type":"integer","minimum":0,"maximum":16777216}}}}},"row":{"type":"object","additionalProperties":false,"required":["chunk_index","aligned_offset","aligned_size","origin_offset","origin_size","offset_adjust","weights_id","managed_buffer_index","prefetch_mode","prefetch_mode_str","op","tensors","layout","kind","rows","columns","avg_compute_time","crc32c"],"properties":{"chunk_index":{"description":"Position in the mode's order of access.","$ref":"#/$defs/count"},"aligned_offset":{"description":"Byte offset in the weight cache, rounded down to 4096.","type":"integer","minimum":0,"maximum":9007199254740991,"multipleOf":4096},"aligned_size":{"description":"Bytes from aligned_offset, rounded up to 4096.","type":"integer","minimum":4096,"maximum":9007199254740991,"multipleOf":4096},"origin_offset":{"description":"Byte offset of the chunk's own bytes.","$ref":"#/$defs/count"},"origin_size":{"description":"The chunk's own bytes.","type":"integer","minimum":1,"maximum":9007199254740991},"offset_adjust":{"description":"origin_offset - aligned_offset, bytes.","type":"integer","minimum":0,"maximum":4095},"weights_id":{"$ref":"#/$defs/weightsId"},"managed_buffer_index":{"description":"The slot that a double-buffered plan would use: chunk_index modulo 2.","type":"integer","minimum":0,"maximum":1},"prefetch_mode":{"description":"0 PREFILL, 1 DECODE.","type":"integer","minimum":0,"maximum":1},"prefetch_mode_str":{"enum":["PREFILL","DECODE"]},"op":{"description":"StreamMatMul multiplies with the whole chunk; GatherRows reads single rows.","enum":["StreamMatMul","GatherRows"]},"tensors":{"description":"Names of the model's tensors that the chunk is made of.","type":"array","minItems":1,"maxItems":256,"items":{"type":"string"}},"layout":{"const":"8x4"},"kind":{"description":"How the values are stored.","enum":["F32","F16","BF16","Q8_0","Q4_0","Q4_1","Q5_0","Q5_1","Q4_K","Q5_K","Q6_K","Q4_N","Q4_NZ","Q8_N","Q8_NZ"]},"rows":{"type":"integer","minimum":1,"maximum":2147483648},"columns":{"type":"integer","minimum":32,"maximum":16777216,"multipleOf":32},"avg_compute_time":{"description":"Milliseconds of compute per pass, waiting excluded.","$ref":"#/$defs/milliseconds"},"crc32c":{"description":"crc32c of the whole chunk.","$ref":"#/$defs/crc32c"}}}}};
const schema32 = {"type":"string","pattern":"^sha256:[0-9a-f]{64}$"};
const schema33 = {"description":"The facts about the model that sizes follow from.","type":"object","additionalProperties":false,"required":["architecture","name","layers","hiddenSize","feedForwardSize","heads","kvHeads","headSize","vocabularySize","maxContextLength","tiedHead"],"properties":{"architecture":{"type":"string"},"name":{"type":"string"},"layers":{"type":"integer","minimum":1,"maximum":65536},"hiddenSize":{"type":"integer","minimum":1,"maximum":16777216},"feedForwardSize":{"type":"integer","minimum":1,"maximum":16777216},"heads":{"type":"integer","minimum":1,"maximum":65536},"kvHeads":{"type":"integer","minimum":1,"maximum":65536},"headSize":{"type":"integer","minimum":1,"maximum":65536},"vocabularySize":{"type":"integer","minimum":1,"maximum":16777216},"maxContextLength":{"description":"Positions the model was trained for.","type":"integer","minimum":1,"maximum":1073741824},"tiedHead":{"description":"The output head uses the embedding's bytes.","type":"boolean"},"experts":{"description":"Of a mixture of experts; missing otherwise.","type":"object","additionalProperties":false,"required":["count","used","feedForwardSize","sharedFeedForwardSize"],"properties":{"count":{"type":"integer","minimum":1,"maximum":65536},"used":{"description":"Experts that a token goes through.","type":"integer","minimum":1,"maximum":65536},"feedForwardSize":{"description":"Of one expert.","type":"integer","minimum":1,"maximum":16777216},"sharedFeedForwardSize":{"description":"Of the expert that every token goes through; 0: there is none.","type":"integer","minimum":0,"maximum":16777216}}}}};
const schema36 = {"type":"integer","minimum":0,"maximum":9007199254740991};
const schema42 = {"type":"number","minimum":0,"maximum":1000000000};
const schema47 = {"description":"The number that the graph's operator carries.","type":"integer","minimum":0,"maximum":1048576};
const schema49 = {"description":"crc32c (Castagnoli), 8 hex digits.","type":"string","pattern":"^[0-9a-f]{8}$"};
const func1 = Object.prototype.hasOwnProperty;
const pattern4 = new RegExp("^sha256:[0-9a-f]{64}$", "u");
const pattern5 = new RegExp("^[^/\\u0000]+$", "u");
const pattern7 = new RegExp("^[0-9a-f]{8}$", "u");
const schema35 = {"type":"object","additionalProperties":false,"required":["PREFILL","DECODE"],"properties":{"PREFILL":{"$ref":"#/$defs/count"},"DECODE":{"$ref":"#/$defs/count"}}};

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
if(((data.PREFILL === undefined) && (missing0 = "PREFILL")) || ((data.DECODE === undefined) && (missing0 = "DECODE"))){
validate21.errors = [{instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
const _errs1 = errors;
for(const key0 in data){
if(!((key0 === "PREFILL") || (key0 === "DECODE"))){
validate21.errors = [{instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs1 === errors){
if(data.PREFILL !== undefined){
let data0 = data.PREFILL;
const _errs2 = errors;
const _errs3 = errors;
if(!(((typeof data0 == "number") && (!(data0 % 1) && !isNaN(data0))) && (isFinite(data0)))){
validate21.errors = [{instancePath:instancePath+"/PREFILL",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs3){
if((typeof data0 == "number") && (isFinite(data0))){
if(data0 > 9007199254740991 || isNaN(data0)){
validate21.errors = [{instancePath:instancePath+"/PREFILL",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data0 < 0 || isNaN(data0)){
validate21.errors = [{instancePath:instancePath+"/PREFILL",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
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
if(data.DECODE !== undefined){
let data1 = data.DECODE;
const _errs5 = errors;
const _errs6 = errors;
if(!(((typeof data1 == "number") && (!(data1 % 1) && !isNaN(data1))) && (isFinite(data1)))){
validate21.errors = [{instancePath:instancePath+"/DECODE",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs6){
if((typeof data1 == "number") && (isFinite(data1))){
if(data1 > 9007199254740991 || isNaN(data1)){
validate21.errors = [{instancePath:instancePath+"/DECODE",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data1 < 0 || isNaN(data1)){
validate21.errors = [{instancePath:instancePath+"/DECODE",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid0 = _errs5 === errors;
}
else {
var valid0 = true;
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

const schema44 = {"type":"object","additionalProperties":false,"required":["chunk_index","aligned_offset","aligned_size","origin_offset","origin_size","offset_adjust","weights_id","managed_buffer_index","prefetch_mode","prefetch_mode_str","op","tensors","layout","kind","rows","columns","avg_compute_time","crc32c"],"properties":{"chunk_index":{"description":"Position in the mode's order of access.","$ref":"#/$defs/count"},"aligned_offset":{"description":"Byte offset in the weight cache, rounded down to 4096.","type":"integer","minimum":0,"maximum":9007199254740991,"multipleOf":4096},"aligned_size":{"description":"Bytes from aligned_offset, rounded up to 4096.","type":"integer","minimum":4096,"maximum":9007199254740991,"multipleOf":4096},"origin_offset":{"description":"Byte offset of the chunk's own bytes.","$ref":"#/$defs/count"},"origin_size":{"description":"The chunk's own bytes.","type":"integer","minimum":1,"maximum":9007199254740991},"offset_adjust":{"description":"origin_offset - aligned_offset, bytes.","type":"integer","minimum":0,"maximum":4095},"weights_id":{"$ref":"#/$defs/weightsId"},"managed_buffer_index":{"description":"The slot that a double-buffered plan would use: chunk_index modulo 2.","type":"integer","minimum":0,"maximum":1},"prefetch_mode":{"description":"0 PREFILL, 1 DECODE.","type":"integer","minimum":0,"maximum":1},"prefetch_mode_str":{"enum":["PREFILL","DECODE"]},"op":{"description":"StreamMatMul multiplies with the whole chunk; GatherRows reads single rows.","enum":["StreamMatMul","GatherRows"]},"tensors":{"description":"Names of the model's tensors that the chunk is made of.","type":"array","minItems":1,"maxItems":256,"items":{"type":"string"}},"layout":{"const":"8x4"},"kind":{"description":"How the values are stored.","enum":["F32","F16","BF16","Q8_0","Q4_0","Q4_1","Q5_0","Q5_1","Q4_K","Q5_K","Q6_K","Q4_N","Q4_NZ","Q8_N","Q8_NZ"]},"rows":{"type":"integer","minimum":1,"maximum":2147483648},"columns":{"type":"integer","minimum":32,"maximum":16777216,"multipleOf":32},"avg_compute_time":{"description":"Milliseconds of compute per pass, waiting excluded.","$ref":"#/$defs/milliseconds"},"crc32c":{"description":"crc32c of the whole chunk.","$ref":"#/$defs/crc32c"}}};

function validate24(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
let vErrors = null;
let errors = 0;
const evaluated0 = validate24.evaluated;
if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
if(errors === 0){
if(data && typeof data == "object" && !Array.isArray(data)){
let missing0;
if(((((((((((((((((((data.chunk_index === undefined) && (missing0 = "chunk_index")) || ((data.aligned_offset === undefined) && (missing0 = "aligned_offset"))) || ((data.aligned_size === undefined) && (missing0 = "aligned_size"))) || ((data.origin_offset === undefined) && (missing0 = "origin_offset"))) || ((data.origin_size === undefined) && (missing0 = "origin_size"))) || ((data.offset_adjust === undefined) && (missing0 = "offset_adjust"))) || ((data.weights_id === undefined) && (missing0 = "weights_id"))) || ((data.managed_buffer_index === undefined) && (missing0 = "managed_buffer_index"))) || ((data.prefetch_mode === undefined) && (missing0 = "prefetch_mode"))) || ((data.prefetch_mode_str === undefined) && (missing0 = "prefetch_mode_str"))) || ((data.op === undefined) && (missing0 = "op"))) || ((data.tensors === undefined) && (missing0 = "tensors"))) || ((data.layout === undefined) && (missing0 = "layout"))) || ((data.kind === undefined) && (missing0 = "kind"))) || ((data.rows === undefined) && (missing0 = "rows"))) || ((data.columns === undefined) && (missing0 = "columns"))) || ((data.avg_compute_time === undefined) && (missing0 = "avg_compute_time"))) || ((data.crc32c === undefined) && (missing0 = "crc32c"))){
validate24.errors = [{instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
const _errs1 = errors;
for(const key0 in data){
if(!(func1.call(schema44.properties, key0))){
validate24.errors = [{instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs1 === errors){
if(data.chunk_index !== undefined){
let data0 = data.chunk_index;
const _errs2 = errors;
const _errs3 = errors;
if(!(((typeof data0 == "number") && (!(data0 % 1) && !isNaN(data0))) && (isFinite(data0)))){
validate24.errors = [{instancePath:instancePath+"/chunk_index",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs3){
if((typeof data0 == "number") && (isFinite(data0))){
if(data0 > 9007199254740991 || isNaN(data0)){
validate24.errors = [{instancePath:instancePath+"/chunk_index",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data0 < 0 || isNaN(data0)){
validate24.errors = [{instancePath:instancePath+"/chunk_index",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
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
if(data.aligned_offset !== undefined){
let data1 = data.aligned_offset;
const _errs5 = errors;
if(!(((typeof data1 == "number") && (!(data1 % 1) && !isNaN(data1))) && (isFinite(data1)))){
validate24.errors = [{instancePath:instancePath+"/aligned_offset",schemaPath:"#/properties/aligned_offset/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs5){
if((typeof data1 == "number") && (isFinite(data1))){
if(data1 > 9007199254740991 || isNaN(data1)){
validate24.errors = [{instancePath:instancePath+"/aligned_offset",schemaPath:"#/properties/aligned_offset/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data1 < 0 || isNaN(data1)){
validate24.errors = [{instancePath:instancePath+"/aligned_offset",schemaPath:"#/properties/aligned_offset/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
else {
let res0;
if((4096 === 0 || (res0 = data1/4096, res0 !== parseInt(res0)))){
validate24.errors = [{instancePath:instancePath+"/aligned_offset",schemaPath:"#/properties/aligned_offset/multipleOf",keyword:"multipleOf",params:{multipleOf: 4096},message:"must be multiple of 4096"}];
return false;
}
}
}
}
}
var valid0 = _errs5 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.aligned_size !== undefined){
let data2 = data.aligned_size;
const _errs7 = errors;
if(!(((typeof data2 == "number") && (!(data2 % 1) && !isNaN(data2))) && (isFinite(data2)))){
validate24.errors = [{instancePath:instancePath+"/aligned_size",schemaPath:"#/properties/aligned_size/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs7){
if((typeof data2 == "number") && (isFinite(data2))){
if(data2 > 9007199254740991 || isNaN(data2)){
validate24.errors = [{instancePath:instancePath+"/aligned_size",schemaPath:"#/properties/aligned_size/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data2 < 4096 || isNaN(data2)){
validate24.errors = [{instancePath:instancePath+"/aligned_size",schemaPath:"#/properties/aligned_size/minimum",keyword:"minimum",params:{comparison: ">=", limit: 4096},message:"must be >= 4096"}];
return false;
}
else {
let res1;
if((4096 === 0 || (res1 = data2/4096, res1 !== parseInt(res1)))){
validate24.errors = [{instancePath:instancePath+"/aligned_size",schemaPath:"#/properties/aligned_size/multipleOf",keyword:"multipleOf",params:{multipleOf: 4096},message:"must be multiple of 4096"}];
return false;
}
}
}
}
}
var valid0 = _errs7 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.origin_offset !== undefined){
let data3 = data.origin_offset;
const _errs9 = errors;
const _errs10 = errors;
if(!(((typeof data3 == "number") && (!(data3 % 1) && !isNaN(data3))) && (isFinite(data3)))){
validate24.errors = [{instancePath:instancePath+"/origin_offset",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs10){
if((typeof data3 == "number") && (isFinite(data3))){
if(data3 > 9007199254740991 || isNaN(data3)){
validate24.errors = [{instancePath:instancePath+"/origin_offset",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data3 < 0 || isNaN(data3)){
validate24.errors = [{instancePath:instancePath+"/origin_offset",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid0 = _errs9 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.origin_size !== undefined){
let data4 = data.origin_size;
const _errs12 = errors;
if(!(((typeof data4 == "number") && (!(data4 % 1) && !isNaN(data4))) && (isFinite(data4)))){
validate24.errors = [{instancePath:instancePath+"/origin_size",schemaPath:"#/properties/origin_size/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs12){
if((typeof data4 == "number") && (isFinite(data4))){
if(data4 > 9007199254740991 || isNaN(data4)){
validate24.errors = [{instancePath:instancePath+"/origin_size",schemaPath:"#/properties/origin_size/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data4 < 1 || isNaN(data4)){
validate24.errors = [{instancePath:instancePath+"/origin_size",schemaPath:"#/properties/origin_size/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid0 = _errs12 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.offset_adjust !== undefined){
let data5 = data.offset_adjust;
const _errs14 = errors;
if(!(((typeof data5 == "number") && (!(data5 % 1) && !isNaN(data5))) && (isFinite(data5)))){
validate24.errors = [{instancePath:instancePath+"/offset_adjust",schemaPath:"#/properties/offset_adjust/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs14){
if((typeof data5 == "number") && (isFinite(data5))){
if(data5 > 4095 || isNaN(data5)){
validate24.errors = [{instancePath:instancePath+"/offset_adjust",schemaPath:"#/properties/offset_adjust/maximum",keyword:"maximum",params:{comparison: "<=", limit: 4095},message:"must be <= 4095"}];
return false;
}
else {
if(data5 < 0 || isNaN(data5)){
validate24.errors = [{instancePath:instancePath+"/offset_adjust",schemaPath:"#/properties/offset_adjust/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid0 = _errs14 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.weights_id !== undefined){
let data6 = data.weights_id;
const _errs16 = errors;
const _errs17 = errors;
if(!(((typeof data6 == "number") && (!(data6 % 1) && !isNaN(data6))) && (isFinite(data6)))){
validate24.errors = [{instancePath:instancePath+"/weights_id",schemaPath:"#/$defs/weightsId/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs17){
if((typeof data6 == "number") && (isFinite(data6))){
if(data6 > 1048576 || isNaN(data6)){
validate24.errors = [{instancePath:instancePath+"/weights_id",schemaPath:"#/$defs/weightsId/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1048576},message:"must be <= 1048576"}];
return false;
}
else {
if(data6 < 0 || isNaN(data6)){
validate24.errors = [{instancePath:instancePath+"/weights_id",schemaPath:"#/$defs/weightsId/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid0 = _errs16 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.managed_buffer_index !== undefined){
let data7 = data.managed_buffer_index;
const _errs19 = errors;
if(!(((typeof data7 == "number") && (!(data7 % 1) && !isNaN(data7))) && (isFinite(data7)))){
validate24.errors = [{instancePath:instancePath+"/managed_buffer_index",schemaPath:"#/properties/managed_buffer_index/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs19){
if((typeof data7 == "number") && (isFinite(data7))){
if(data7 > 1 || isNaN(data7)){
validate24.errors = [{instancePath:instancePath+"/managed_buffer_index",schemaPath:"#/properties/managed_buffer_index/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1},message:"must be <= 1"}];
return false;
}
else {
if(data7 < 0 || isNaN(data7)){
validate24.errors = [{instancePath:instancePath+"/managed_buffer_index",schemaPath:"#/properties/managed_buffer_index/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
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
if(data.prefetch_mode !== undefined){
let data8 = data.prefetch_mode;
const _errs21 = errors;
if(!(((typeof data8 == "number") && (!(data8 % 1) && !isNaN(data8))) && (isFinite(data8)))){
validate24.errors = [{instancePath:instancePath+"/prefetch_mode",schemaPath:"#/properties/prefetch_mode/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs21){
if((typeof data8 == "number") && (isFinite(data8))){
if(data8 > 1 || isNaN(data8)){
validate24.errors = [{instancePath:instancePath+"/prefetch_mode",schemaPath:"#/properties/prefetch_mode/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1},message:"must be <= 1"}];
return false;
}
else {
if(data8 < 0 || isNaN(data8)){
validate24.errors = [{instancePath:instancePath+"/prefetch_mode",schemaPath:"#/properties/prefetch_mode/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
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
if(data.prefetch_mode_str !== undefined){
let data9 = data.prefetch_mode_str;
const _errs23 = errors;
if(!((data9 === "PREFILL") || (data9 === "DECODE"))){
validate24.errors = [{instancePath:instancePath+"/prefetch_mode_str",schemaPath:"#/properties/prefetch_mode_str/enum",keyword:"enum",params:{allowedValues: schema44.properties.prefetch_mode_str.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid0 = _errs23 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.op !== undefined){
let data10 = data.op;
const _errs24 = errors;
if(!((data10 === "StreamMatMul") || (data10 === "GatherRows"))){
validate24.errors = [{instancePath:instancePath+"/op",schemaPath:"#/properties/op/enum",keyword:"enum",params:{allowedValues: schema44.properties.op.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid0 = _errs24 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.tensors !== undefined){
let data11 = data.tensors;
const _errs25 = errors;
if(errors === _errs25){
if(Array.isArray(data11)){
if(data11.length > 256){
validate24.errors = [{instancePath:instancePath+"/tensors",schemaPath:"#/properties/tensors/maxItems",keyword:"maxItems",params:{limit: 256},message:"must NOT have more than 256 items"}];
return false;
}
else {
if(data11.length < 1){
validate24.errors = [{instancePath:instancePath+"/tensors",schemaPath:"#/properties/tensors/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid4 = true;
const len0 = data11.length;
for(let i0=0; i0<len0; i0++){
const _errs27 = errors;
if(typeof data11[i0] !== "string"){
validate24.errors = [{instancePath:instancePath+"/tensors/" + i0,schemaPath:"#/properties/tensors/items/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid4 = _errs27 === errors;
if(!valid4){
break;
}
}
}
}
}
else {
validate24.errors = [{instancePath:instancePath+"/tensors",schemaPath:"#/properties/tensors/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid0 = _errs25 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.layout !== undefined){
const _errs29 = errors;
if("8x4" !== data.layout){
validate24.errors = [{instancePath:instancePath+"/layout",schemaPath:"#/properties/layout/const",keyword:"const",params:{allowedValue: "8x4"},message:"must be equal to constant"}];
return false;
}
var valid0 = _errs29 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.kind !== undefined){
let data14 = data.kind;
const _errs30 = errors;
if(!(((((((((((((((data14 === "F32") || (data14 === "F16")) || (data14 === "BF16")) || (data14 === "Q8_0")) || (data14 === "Q4_0")) || (data14 === "Q4_1")) || (data14 === "Q5_0")) || (data14 === "Q5_1")) || (data14 === "Q4_K")) || (data14 === "Q5_K")) || (data14 === "Q6_K")) || (data14 === "Q4_N")) || (data14 === "Q4_NZ")) || (data14 === "Q8_N")) || (data14 === "Q8_NZ"))){
validate24.errors = [{instancePath:instancePath+"/kind",schemaPath:"#/properties/kind/enum",keyword:"enum",params:{allowedValues: schema44.properties.kind.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid0 = _errs30 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.rows !== undefined){
let data15 = data.rows;
const _errs31 = errors;
if(!(((typeof data15 == "number") && (!(data15 % 1) && !isNaN(data15))) && (isFinite(data15)))){
validate24.errors = [{instancePath:instancePath+"/rows",schemaPath:"#/properties/rows/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs31){
if((typeof data15 == "number") && (isFinite(data15))){
if(data15 > 2147483648 || isNaN(data15)){
validate24.errors = [{instancePath:instancePath+"/rows",schemaPath:"#/properties/rows/maximum",keyword:"maximum",params:{comparison: "<=", limit: 2147483648},message:"must be <= 2147483648"}];
return false;
}
else {
if(data15 < 1 || isNaN(data15)){
validate24.errors = [{instancePath:instancePath+"/rows",schemaPath:"#/properties/rows/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid0 = _errs31 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.columns !== undefined){
let data16 = data.columns;
const _errs33 = errors;
if(!(((typeof data16 == "number") && (!(data16 % 1) && !isNaN(data16))) && (isFinite(data16)))){
validate24.errors = [{instancePath:instancePath+"/columns",schemaPath:"#/properties/columns/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs33){
if((typeof data16 == "number") && (isFinite(data16))){
if(data16 > 16777216 || isNaN(data16)){
validate24.errors = [{instancePath:instancePath+"/columns",schemaPath:"#/properties/columns/maximum",keyword:"maximum",params:{comparison: "<=", limit: 16777216},message:"must be <= 16777216"}];
return false;
}
else {
if(data16 < 32 || isNaN(data16)){
validate24.errors = [{instancePath:instancePath+"/columns",schemaPath:"#/properties/columns/minimum",keyword:"minimum",params:{comparison: ">=", limit: 32},message:"must be >= 32"}];
return false;
}
else {
let res2;
if((32 === 0 || (res2 = data16/32, res2 !== parseInt(res2)))){
validate24.errors = [{instancePath:instancePath+"/columns",schemaPath:"#/properties/columns/multipleOf",keyword:"multipleOf",params:{multipleOf: 32},message:"must be multiple of 32"}];
return false;
}
}
}
}
}
var valid0 = _errs33 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.avg_compute_time !== undefined){
let data17 = data.avg_compute_time;
const _errs35 = errors;
const _errs36 = errors;
if(errors === _errs36){
if((typeof data17 == "number") && (isFinite(data17))){
if(data17 > 1000000000 || isNaN(data17)){
validate24.errors = [{instancePath:instancePath+"/avg_compute_time",schemaPath:"#/$defs/milliseconds/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000000},message:"must be <= 1000000000"}];
return false;
}
else {
if(data17 < 0 || isNaN(data17)){
validate24.errors = [{instancePath:instancePath+"/avg_compute_time",schemaPath:"#/$defs/milliseconds/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
else {
validate24.errors = [{instancePath:instancePath+"/avg_compute_time",schemaPath:"#/$defs/milliseconds/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid0 = _errs35 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.crc32c !== undefined){
let data18 = data.crc32c;
const _errs38 = errors;
const _errs39 = errors;
if(errors === _errs39){
if(typeof data18 === "string"){
if(!pattern7.test(data18)){
validate24.errors = [{instancePath:instancePath+"/crc32c",schemaPath:"#/$defs/crc32c/pattern",keyword:"pattern",params:{pattern: "^[0-9a-f]{8}$"},message:"must match pattern \""+"^[0-9a-f]{8}$"+"\""}];
return false;
}
}
else {
validate24.errors = [{instancePath:instancePath+"/crc32c",schemaPath:"#/$defs/crc32c/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid0 = _errs38 === errors;
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
}
else {
validate24.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate24.errors = vErrors;
return errors === 0;
}
validate24.evaluated = {"props":true,"dynamicProps":false,"dynamicItems":false};


function validate20(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
/*# sourceURL="https://flash-slim.dev/schema/cmt.schema.json" */;
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
if((((data.metadata === undefined) && (missing0 = "metadata")) || ((data.weight_chunks === undefined) && (missing0 = "weight_chunks"))) || ((data.units === undefined) && (missing0 = "units"))){
validate20.errors = [{instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
const _errs1 = errors;
for(const key0 in data){
if(!(((key0 === "metadata") || (key0 === "weight_chunks")) || (key0 === "units"))){
validate20.errors = [{instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs1 === errors){
if(data.metadata !== undefined){
let data0 = data.metadata;
const _errs2 = errors;
if(errors === _errs2){
if(data0 && typeof data0 == "object" && !Array.isArray(data0)){
let missing1;
if(((((((((((((((((data0.version === undefined) && (missing1 = "version")) || ((data0.model === undefined) && (missing1 = "model"))) || ((data0.model_digest === undefined) && (missing1 = "model_digest"))) || ((data0.model_config === undefined) && (missing1 = "model_config"))) || ((data0.weight_cache === undefined) && (missing1 = "weight_cache"))) || ((data0.weight_cache_digest === undefined) && (missing1 = "weight_cache_digest"))) || ((data0.layout === undefined) && (missing1 = "layout"))) || ((data0.chunk_count_by_mode === undefined) && (missing1 = "chunk_count_by_mode"))) || ((data0.total_aligned_size_by_mode === undefined) && (missing1 = "total_aligned_size_by_mode"))) || ((data0.max_aligned_size === undefined) && (missing1 = "max_aligned_size"))) || ((data0.weight_chunk_buffer_size === undefined) && (missing1 = "weight_chunk_buffer_size"))) || ((data0.tokenizer_bytes === undefined) && (missing1 = "tokenizer_bytes"))) || ((data0.graph_bytes === undefined) && (missing1 = "graph_bytes"))) || ((data0.tokens_per_pass_by_mode === undefined) && (missing1 = "tokens_per_pass_by_mode"))) || ((data0.other_compute_time_by_mode === undefined) && (missing1 = "other_compute_time_by_mode"))) || ((data0.measured_with === undefined) && (missing1 = "measured_with"))){
validate20.errors = [{instancePath:instancePath+"/metadata",schemaPath:"#/properties/metadata/required",keyword:"required",params:{missingProperty: missing1},message:"must have required property '"+missing1+"'"}];
return false;
}
else {
const _errs4 = errors;
for(const key1 in data0){
if(!(func1.call(schema31.properties.metadata.properties, key1))){
validate20.errors = [{instancePath:instancePath+"/metadata",schemaPath:"#/properties/metadata/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs4 === errors){
if(data0.version !== undefined){
const _errs5 = errors;
if("1.0" !== data0.version){
validate20.errors = [{instancePath:instancePath+"/metadata/version",schemaPath:"#/properties/metadata/properties/version/const",keyword:"const",params:{allowedValue: "1.0"},message:"must be equal to constant"}];
return false;
}
var valid1 = _errs5 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.model !== undefined){
const _errs6 = errors;
if(typeof data0.model !== "string"){
validate20.errors = [{instancePath:instancePath+"/metadata/model",schemaPath:"#/properties/metadata/properties/model/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid1 = _errs6 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.model_digest !== undefined){
let data3 = data0.model_digest;
const _errs8 = errors;
const _errs9 = errors;
if(errors === _errs9){
if(typeof data3 === "string"){
if(!pattern4.test(data3)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_digest",schemaPath:"#/$defs/digest/pattern",keyword:"pattern",params:{pattern: "^sha256:[0-9a-f]{64}$"},message:"must match pattern \""+"^sha256:[0-9a-f]{64}$"+"\""}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/metadata/model_digest",schemaPath:"#/$defs/digest/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid1 = _errs8 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.model_config !== undefined){
let data4 = data0.model_config;
const _errs11 = errors;
const _errs12 = errors;
if(errors === _errs12){
if(data4 && typeof data4 == "object" && !Array.isArray(data4)){
let missing2;
if((((((((((((data4.architecture === undefined) && (missing2 = "architecture")) || ((data4.name === undefined) && (missing2 = "name"))) || ((data4.layers === undefined) && (missing2 = "layers"))) || ((data4.hiddenSize === undefined) && (missing2 = "hiddenSize"))) || ((data4.feedForwardSize === undefined) && (missing2 = "feedForwardSize"))) || ((data4.heads === undefined) && (missing2 = "heads"))) || ((data4.kvHeads === undefined) && (missing2 = "kvHeads"))) || ((data4.headSize === undefined) && (missing2 = "headSize"))) || ((data4.vocabularySize === undefined) && (missing2 = "vocabularySize"))) || ((data4.maxContextLength === undefined) && (missing2 = "maxContextLength"))) || ((data4.tiedHead === undefined) && (missing2 = "tiedHead"))){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config",schemaPath:"#/$defs/modelConfig/required",keyword:"required",params:{missingProperty: missing2},message:"must have required property '"+missing2+"'"}];
return false;
}
else {
const _errs14 = errors;
for(const key2 in data4){
if(!(func1.call(schema33.properties, key2))){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config",schemaPath:"#/$defs/modelConfig/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key2},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs14 === errors){
if(data4.architecture !== undefined){
const _errs15 = errors;
if(typeof data4.architecture !== "string"){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/architecture",schemaPath:"#/$defs/modelConfig/properties/architecture/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid4 = _errs15 === errors;
}
else {
var valid4 = true;
}
if(valid4){
if(data4.name !== undefined){
const _errs17 = errors;
if(typeof data4.name !== "string"){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/name",schemaPath:"#/$defs/modelConfig/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid4 = _errs17 === errors;
}
else {
var valid4 = true;
}
if(valid4){
if(data4.layers !== undefined){
let data7 = data4.layers;
const _errs19 = errors;
if(!(((typeof data7 == "number") && (!(data7 % 1) && !isNaN(data7))) && (isFinite(data7)))){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/layers",schemaPath:"#/$defs/modelConfig/properties/layers/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs19){
if((typeof data7 == "number") && (isFinite(data7))){
if(data7 > 65536 || isNaN(data7)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/layers",schemaPath:"#/$defs/modelConfig/properties/layers/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65536},message:"must be <= 65536"}];
return false;
}
else {
if(data7 < 1 || isNaN(data7)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/layers",schemaPath:"#/$defs/modelConfig/properties/layers/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid4 = _errs19 === errors;
}
else {
var valid4 = true;
}
if(valid4){
if(data4.hiddenSize !== undefined){
let data8 = data4.hiddenSize;
const _errs21 = errors;
if(!(((typeof data8 == "number") && (!(data8 % 1) && !isNaN(data8))) && (isFinite(data8)))){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/hiddenSize",schemaPath:"#/$defs/modelConfig/properties/hiddenSize/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs21){
if((typeof data8 == "number") && (isFinite(data8))){
if(data8 > 16777216 || isNaN(data8)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/hiddenSize",schemaPath:"#/$defs/modelConfig/properties/hiddenSize/maximum",keyword:"maximum",params:{comparison: "<=", limit: 16777216},message:"must be <= 16777216"}];
return false;
}
else {
if(data8 < 1 || isNaN(data8)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/hiddenSize",schemaPath:"#/$defs/modelConfig/properties/hiddenSize/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid4 = _errs21 === errors;
}
else {
var valid4 = true;
}
if(valid4){
if(data4.feedForwardSize !== undefined){
let data9 = data4.feedForwardSize;
const _errs23 = errors;
if(!(((typeof data9 == "number") && (!(data9 % 1) && !isNaN(data9))) && (isFinite(data9)))){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/feedForwardSize",schemaPath:"#/$defs/modelConfig/properties/feedForwardSize/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs23){
if((typeof data9 == "number") && (isFinite(data9))){
if(data9 > 16777216 || isNaN(data9)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/feedForwardSize",schemaPath:"#/$defs/modelConfig/properties/feedForwardSize/maximum",keyword:"maximum",params:{comparison: "<=", limit: 16777216},message:"must be <= 16777216"}];
return false;
}
else {
if(data9 < 1 || isNaN(data9)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/feedForwardSize",schemaPath:"#/$defs/modelConfig/properties/feedForwardSize/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid4 = _errs23 === errors;
}
else {
var valid4 = true;
}
if(valid4){
if(data4.heads !== undefined){
let data10 = data4.heads;
const _errs25 = errors;
if(!(((typeof data10 == "number") && (!(data10 % 1) && !isNaN(data10))) && (isFinite(data10)))){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/heads",schemaPath:"#/$defs/modelConfig/properties/heads/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs25){
if((typeof data10 == "number") && (isFinite(data10))){
if(data10 > 65536 || isNaN(data10)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/heads",schemaPath:"#/$defs/modelConfig/properties/heads/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65536},message:"must be <= 65536"}];
return false;
}
else {
if(data10 < 1 || isNaN(data10)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/heads",schemaPath:"#/$defs/modelConfig/properties/heads/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid4 = _errs25 === errors;
}
else {
var valid4 = true;
}
if(valid4){
if(data4.kvHeads !== undefined){
let data11 = data4.kvHeads;
const _errs27 = errors;
if(!(((typeof data11 == "number") && (!(data11 % 1) && !isNaN(data11))) && (isFinite(data11)))){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/kvHeads",schemaPath:"#/$defs/modelConfig/properties/kvHeads/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs27){
if((typeof data11 == "number") && (isFinite(data11))){
if(data11 > 65536 || isNaN(data11)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/kvHeads",schemaPath:"#/$defs/modelConfig/properties/kvHeads/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65536},message:"must be <= 65536"}];
return false;
}
else {
if(data11 < 1 || isNaN(data11)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/kvHeads",schemaPath:"#/$defs/modelConfig/properties/kvHeads/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid4 = _errs27 === errors;
}
else {
var valid4 = true;
}
if(valid4){
if(data4.headSize !== undefined){
let data12 = data4.headSize;
const _errs29 = errors;
if(!(((typeof data12 == "number") && (!(data12 % 1) && !isNaN(data12))) && (isFinite(data12)))){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/headSize",schemaPath:"#/$defs/modelConfig/properties/headSize/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs29){
if((typeof data12 == "number") && (isFinite(data12))){
if(data12 > 65536 || isNaN(data12)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/headSize",schemaPath:"#/$defs/modelConfig/properties/headSize/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65536},message:"must be <= 65536"}];
return false;
}
else {
if(data12 < 1 || isNaN(data12)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/headSize",schemaPath:"#/$defs/modelConfig/properties/headSize/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid4 = _errs29 === errors;
}
else {
var valid4 = true;
}
if(valid4){
if(data4.vocabularySize !== undefined){
let data13 = data4.vocabularySize;
const _errs31 = errors;
if(!(((typeof data13 == "number") && (!(data13 % 1) && !isNaN(data13))) && (isFinite(data13)))){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/vocabularySize",schemaPath:"#/$defs/modelConfig/properties/vocabularySize/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs31){
if((typeof data13 == "number") && (isFinite(data13))){
if(data13 > 16777216 || isNaN(data13)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/vocabularySize",schemaPath:"#/$defs/modelConfig/properties/vocabularySize/maximum",keyword:"maximum",params:{comparison: "<=", limit: 16777216},message:"must be <= 16777216"}];
return false;
}
else {
if(data13 < 1 || isNaN(data13)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/vocabularySize",schemaPath:"#/$defs/modelConfig/properties/vocabularySize/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid4 = _errs31 === errors;
}
else {
var valid4 = true;
}
if(valid4){
if(data4.maxContextLength !== undefined){
let data14 = data4.maxContextLength;
const _errs33 = errors;
if(!(((typeof data14 == "number") && (!(data14 % 1) && !isNaN(data14))) && (isFinite(data14)))){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/maxContextLength",schemaPath:"#/$defs/modelConfig/properties/maxContextLength/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs33){
if((typeof data14 == "number") && (isFinite(data14))){
if(data14 > 1073741824 || isNaN(data14)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/maxContextLength",schemaPath:"#/$defs/modelConfig/properties/maxContextLength/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1073741824},message:"must be <= 1073741824"}];
return false;
}
else {
if(data14 < 1 || isNaN(data14)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/maxContextLength",schemaPath:"#/$defs/modelConfig/properties/maxContextLength/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid4 = _errs33 === errors;
}
else {
var valid4 = true;
}
if(valid4){
if(data4.tiedHead !== undefined){
const _errs35 = errors;
if(typeof data4.tiedHead !== "boolean"){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/tiedHead",schemaPath:"#/$defs/modelConfig/properties/tiedHead/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid4 = _errs35 === errors;
}
else {
var valid4 = true;
}
if(valid4){
if(data4.experts !== undefined){
let data16 = data4.experts;
const _errs37 = errors;
if(errors === _errs37){
if(data16 && typeof data16 == "object" && !Array.isArray(data16)){
let missing3;
if(((((data16.count === undefined) && (missing3 = "count")) || ((data16.used === undefined) && (missing3 = "used"))) || ((data16.feedForwardSize === undefined) && (missing3 = "feedForwardSize"))) || ((data16.sharedFeedForwardSize === undefined) && (missing3 = "sharedFeedForwardSize"))){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/experts",schemaPath:"#/$defs/modelConfig/properties/experts/required",keyword:"required",params:{missingProperty: missing3},message:"must have required property '"+missing3+"'"}];
return false;
}
else {
const _errs39 = errors;
for(const key3 in data16){
if(!((((key3 === "count") || (key3 === "used")) || (key3 === "feedForwardSize")) || (key3 === "sharedFeedForwardSize"))){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/experts",schemaPath:"#/$defs/modelConfig/properties/experts/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key3},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs39 === errors){
if(data16.count !== undefined){
let data17 = data16.count;
const _errs40 = errors;
if(!(((typeof data17 == "number") && (!(data17 % 1) && !isNaN(data17))) && (isFinite(data17)))){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/experts/count",schemaPath:"#/$defs/modelConfig/properties/experts/properties/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs40){
if((typeof data17 == "number") && (isFinite(data17))){
if(data17 > 65536 || isNaN(data17)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/experts/count",schemaPath:"#/$defs/modelConfig/properties/experts/properties/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65536},message:"must be <= 65536"}];
return false;
}
else {
if(data17 < 1 || isNaN(data17)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/experts/count",schemaPath:"#/$defs/modelConfig/properties/experts/properties/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid5 = _errs40 === errors;
}
else {
var valid5 = true;
}
if(valid5){
if(data16.used !== undefined){
let data18 = data16.used;
const _errs42 = errors;
if(!(((typeof data18 == "number") && (!(data18 % 1) && !isNaN(data18))) && (isFinite(data18)))){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/experts/used",schemaPath:"#/$defs/modelConfig/properties/experts/properties/used/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs42){
if((typeof data18 == "number") && (isFinite(data18))){
if(data18 > 65536 || isNaN(data18)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/experts/used",schemaPath:"#/$defs/modelConfig/properties/experts/properties/used/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65536},message:"must be <= 65536"}];
return false;
}
else {
if(data18 < 1 || isNaN(data18)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/experts/used",schemaPath:"#/$defs/modelConfig/properties/experts/properties/used/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid5 = _errs42 === errors;
}
else {
var valid5 = true;
}
if(valid5){
if(data16.feedForwardSize !== undefined){
let data19 = data16.feedForwardSize;
const _errs44 = errors;
if(!(((typeof data19 == "number") && (!(data19 % 1) && !isNaN(data19))) && (isFinite(data19)))){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/experts/feedForwardSize",schemaPath:"#/$defs/modelConfig/properties/experts/properties/feedForwardSize/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs44){
if((typeof data19 == "number") && (isFinite(data19))){
if(data19 > 16777216 || isNaN(data19)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/experts/feedForwardSize",schemaPath:"#/$defs/modelConfig/properties/experts/properties/feedForwardSize/maximum",keyword:"maximum",params:{comparison: "<=", limit: 16777216},message:"must be <= 16777216"}];
return false;
}
else {
if(data19 < 1 || isNaN(data19)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/experts/feedForwardSize",schemaPath:"#/$defs/modelConfig/properties/experts/properties/feedForwardSize/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid5 = _errs44 === errors;
}
else {
var valid5 = true;
}
if(valid5){
if(data16.sharedFeedForwardSize !== undefined){
let data20 = data16.sharedFeedForwardSize;
const _errs46 = errors;
if(!(((typeof data20 == "number") && (!(data20 % 1) && !isNaN(data20))) && (isFinite(data20)))){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/experts/sharedFeedForwardSize",schemaPath:"#/$defs/modelConfig/properties/experts/properties/sharedFeedForwardSize/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs46){
if((typeof data20 == "number") && (isFinite(data20))){
if(data20 > 16777216 || isNaN(data20)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/experts/sharedFeedForwardSize",schemaPath:"#/$defs/modelConfig/properties/experts/properties/sharedFeedForwardSize/maximum",keyword:"maximum",params:{comparison: "<=", limit: 16777216},message:"must be <= 16777216"}];
return false;
}
else {
if(data20 < 0 || isNaN(data20)){
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/experts/sharedFeedForwardSize",schemaPath:"#/$defs/modelConfig/properties/experts/properties/sharedFeedForwardSize/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid5 = _errs46 === errors;
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
else {
validate20.errors = [{instancePath:instancePath+"/metadata/model_config/experts",schemaPath:"#/$defs/modelConfig/properties/experts/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid4 = _errs37 === errors;
}
else {
var valid4 = true;
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
validate20.errors = [{instancePath:instancePath+"/metadata/model_config",schemaPath:"#/$defs/modelConfig/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid1 = _errs11 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.weight_cache !== undefined){
let data21 = data0.weight_cache;
const _errs48 = errors;
if(errors === _errs48){
if(typeof data21 === "string"){
if(!pattern5.test(data21)){
validate20.errors = [{instancePath:instancePath+"/metadata/weight_cache",schemaPath:"#/properties/metadata/properties/weight_cache/pattern",keyword:"pattern",params:{pattern: "^[^/\\u0000]+$"},message:"must match pattern \""+"^[^/\\u0000]+$"+"\""}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/metadata/weight_cache",schemaPath:"#/properties/metadata/properties/weight_cache/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid1 = _errs48 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.weight_cache_digest !== undefined){
let data22 = data0.weight_cache_digest;
const _errs50 = errors;
const _errs51 = errors;
if(errors === _errs51){
if(typeof data22 === "string"){
if(!pattern4.test(data22)){
validate20.errors = [{instancePath:instancePath+"/metadata/weight_cache_digest",schemaPath:"#/$defs/digest/pattern",keyword:"pattern",params:{pattern: "^sha256:[0-9a-f]{64}$"},message:"must match pattern \""+"^sha256:[0-9a-f]{64}$"+"\""}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/metadata/weight_cache_digest",schemaPath:"#/$defs/digest/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid1 = _errs50 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.layout !== undefined){
const _errs53 = errors;
if("8x4" !== data0.layout){
validate20.errors = [{instancePath:instancePath+"/metadata/layout",schemaPath:"#/properties/metadata/properties/layout/const",keyword:"const",params:{allowedValue: "8x4"},message:"must be equal to constant"}];
return false;
}
var valid1 = _errs53 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.chunk_count_by_mode !== undefined){
const _errs54 = errors;
if(!(validate21(data0.chunk_count_by_mode, {instancePath:instancePath+"/metadata/chunk_count_by_mode",parentData:data0,parentDataProperty:"chunk_count_by_mode",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate21.errors : vErrors.concat(validate21.errors);
errors = vErrors.length;
}
var valid1 = _errs54 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.total_aligned_size_by_mode !== undefined){
const _errs55 = errors;
if(!(validate21(data0.total_aligned_size_by_mode, {instancePath:instancePath+"/metadata/total_aligned_size_by_mode",parentData:data0,parentDataProperty:"total_aligned_size_by_mode",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate21.errors : vErrors.concat(validate21.errors);
errors = vErrors.length;
}
var valid1 = _errs55 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.max_aligned_size !== undefined){
let data26 = data0.max_aligned_size;
const _errs56 = errors;
const _errs57 = errors;
if(!(((typeof data26 == "number") && (!(data26 % 1) && !isNaN(data26))) && (isFinite(data26)))){
validate20.errors = [{instancePath:instancePath+"/metadata/max_aligned_size",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs57){
if((typeof data26 == "number") && (isFinite(data26))){
if(data26 > 9007199254740991 || isNaN(data26)){
validate20.errors = [{instancePath:instancePath+"/metadata/max_aligned_size",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data26 < 0 || isNaN(data26)){
validate20.errors = [{instancePath:instancePath+"/metadata/max_aligned_size",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid1 = _errs56 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.weight_chunk_buffer_size !== undefined){
let data27 = data0.weight_chunk_buffer_size;
const _errs59 = errors;
const _errs60 = errors;
if(!(((typeof data27 == "number") && (!(data27 % 1) && !isNaN(data27))) && (isFinite(data27)))){
validate20.errors = [{instancePath:instancePath+"/metadata/weight_chunk_buffer_size",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs60){
if((typeof data27 == "number") && (isFinite(data27))){
if(data27 > 9007199254740991 || isNaN(data27)){
validate20.errors = [{instancePath:instancePath+"/metadata/weight_chunk_buffer_size",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data27 < 0 || isNaN(data27)){
validate20.errors = [{instancePath:instancePath+"/metadata/weight_chunk_buffer_size",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid1 = _errs59 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.tokenizer_bytes !== undefined){
let data28 = data0.tokenizer_bytes;
const _errs62 = errors;
const _errs63 = errors;
if(!(((typeof data28 == "number") && (!(data28 % 1) && !isNaN(data28))) && (isFinite(data28)))){
validate20.errors = [{instancePath:instancePath+"/metadata/tokenizer_bytes",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs63){
if((typeof data28 == "number") && (isFinite(data28))){
if(data28 > 9007199254740991 || isNaN(data28)){
validate20.errors = [{instancePath:instancePath+"/metadata/tokenizer_bytes",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data28 < 0 || isNaN(data28)){
validate20.errors = [{instancePath:instancePath+"/metadata/tokenizer_bytes",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid1 = _errs62 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.graph_bytes !== undefined){
let data29 = data0.graph_bytes;
const _errs65 = errors;
const _errs66 = errors;
if(!(((typeof data29 == "number") && (!(data29 % 1) && !isNaN(data29))) && (isFinite(data29)))){
validate20.errors = [{instancePath:instancePath+"/metadata/graph_bytes",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs66){
if((typeof data29 == "number") && (isFinite(data29))){
if(data29 > 9007199254740991 || isNaN(data29)){
validate20.errors = [{instancePath:instancePath+"/metadata/graph_bytes",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data29 < 0 || isNaN(data29)){
validate20.errors = [{instancePath:instancePath+"/metadata/graph_bytes",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid1 = _errs65 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.tokens_per_pass_by_mode !== undefined){
let data30 = data0.tokens_per_pass_by_mode;
const _errs68 = errors;
if(errors === _errs68){
if(data30 && typeof data30 == "object" && !Array.isArray(data30)){
let missing4;
if(((data30.PREFILL === undefined) && (missing4 = "PREFILL")) || ((data30.DECODE === undefined) && (missing4 = "DECODE"))){
validate20.errors = [{instancePath:instancePath+"/metadata/tokens_per_pass_by_mode",schemaPath:"#/properties/metadata/properties/tokens_per_pass_by_mode/required",keyword:"required",params:{missingProperty: missing4},message:"must have required property '"+missing4+"'"}];
return false;
}
else {
const _errs70 = errors;
for(const key4 in data30){
if(!((key4 === "PREFILL") || (key4 === "DECODE"))){
validate20.errors = [{instancePath:instancePath+"/metadata/tokens_per_pass_by_mode",schemaPath:"#/properties/metadata/properties/tokens_per_pass_by_mode/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key4},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs70 === errors){
if(data30.PREFILL !== undefined){
let data31 = data30.PREFILL;
const _errs71 = errors;
if(!(((typeof data31 == "number") && (!(data31 % 1) && !isNaN(data31))) && (isFinite(data31)))){
validate20.errors = [{instancePath:instancePath+"/metadata/tokens_per_pass_by_mode/PREFILL",schemaPath:"#/properties/metadata/properties/tokens_per_pass_by_mode/properties/PREFILL/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs71){
if((typeof data31 == "number") && (isFinite(data31))){
if(data31 > 1048576 || isNaN(data31)){
validate20.errors = [{instancePath:instancePath+"/metadata/tokens_per_pass_by_mode/PREFILL",schemaPath:"#/properties/metadata/properties/tokens_per_pass_by_mode/properties/PREFILL/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1048576},message:"must be <= 1048576"}];
return false;
}
else {
if(data31 < 1 || isNaN(data31)){
validate20.errors = [{instancePath:instancePath+"/metadata/tokens_per_pass_by_mode/PREFILL",schemaPath:"#/properties/metadata/properties/tokens_per_pass_by_mode/properties/PREFILL/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid11 = _errs71 === errors;
}
else {
var valid11 = true;
}
if(valid11){
if(data30.DECODE !== undefined){
let data32 = data30.DECODE;
const _errs73 = errors;
if(!(((typeof data32 == "number") && (!(data32 % 1) && !isNaN(data32))) && (isFinite(data32)))){
validate20.errors = [{instancePath:instancePath+"/metadata/tokens_per_pass_by_mode/DECODE",schemaPath:"#/properties/metadata/properties/tokens_per_pass_by_mode/properties/DECODE/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs73){
if((typeof data32 == "number") && (isFinite(data32))){
if(data32 > 1048576 || isNaN(data32)){
validate20.errors = [{instancePath:instancePath+"/metadata/tokens_per_pass_by_mode/DECODE",schemaPath:"#/properties/metadata/properties/tokens_per_pass_by_mode/properties/DECODE/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1048576},message:"must be <= 1048576"}];
return false;
}
else {
if(data32 < 1 || isNaN(data32)){
validate20.errors = [{instancePath:instancePath+"/metadata/tokens_per_pass_by_mode/DECODE",schemaPath:"#/properties/metadata/properties/tokens_per_pass_by_mode/properties/DECODE/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid11 = _errs73 === errors;
}
else {
var valid11 = true;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/metadata/tokens_per_pass_by_mode",schemaPath:"#/properties/metadata/properties/tokens_per_pass_by_mode/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid1 = _errs68 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.other_compute_time_by_mode !== undefined){
let data33 = data0.other_compute_time_by_mode;
const _errs75 = errors;
if(errors === _errs75){
if(data33 && typeof data33 == "object" && !Array.isArray(data33)){
let missing5;
if(((data33.PREFILL === undefined) && (missing5 = "PREFILL")) || ((data33.DECODE === undefined) && (missing5 = "DECODE"))){
validate20.errors = [{instancePath:instancePath+"/metadata/other_compute_time_by_mode",schemaPath:"#/properties/metadata/properties/other_compute_time_by_mode/required",keyword:"required",params:{missingProperty: missing5},message:"must have required property '"+missing5+"'"}];
return false;
}
else {
const _errs77 = errors;
for(const key5 in data33){
if(!((key5 === "PREFILL") || (key5 === "DECODE"))){
validate20.errors = [{instancePath:instancePath+"/metadata/other_compute_time_by_mode",schemaPath:"#/properties/metadata/properties/other_compute_time_by_mode/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key5},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs77 === errors){
if(data33.PREFILL !== undefined){
let data34 = data33.PREFILL;
const _errs78 = errors;
const _errs79 = errors;
if(errors === _errs79){
if((typeof data34 == "number") && (isFinite(data34))){
if(data34 > 1000000000 || isNaN(data34)){
validate20.errors = [{instancePath:instancePath+"/metadata/other_compute_time_by_mode/PREFILL",schemaPath:"#/$defs/milliseconds/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000000},message:"must be <= 1000000000"}];
return false;
}
else {
if(data34 < 0 || isNaN(data34)){
validate20.errors = [{instancePath:instancePath+"/metadata/other_compute_time_by_mode/PREFILL",schemaPath:"#/$defs/milliseconds/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/metadata/other_compute_time_by_mode/PREFILL",schemaPath:"#/$defs/milliseconds/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid12 = _errs78 === errors;
}
else {
var valid12 = true;
}
if(valid12){
if(data33.DECODE !== undefined){
let data35 = data33.DECODE;
const _errs81 = errors;
const _errs82 = errors;
if(errors === _errs82){
if((typeof data35 == "number") && (isFinite(data35))){
if(data35 > 1000000000 || isNaN(data35)){
validate20.errors = [{instancePath:instancePath+"/metadata/other_compute_time_by_mode/DECODE",schemaPath:"#/$defs/milliseconds/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000000},message:"must be <= 1000000000"}];
return false;
}
else {
if(data35 < 0 || isNaN(data35)){
validate20.errors = [{instancePath:instancePath+"/metadata/other_compute_time_by_mode/DECODE",schemaPath:"#/$defs/milliseconds/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/metadata/other_compute_time_by_mode/DECODE",schemaPath:"#/$defs/milliseconds/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid12 = _errs81 === errors;
}
else {
var valid12 = true;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/metadata/other_compute_time_by_mode",schemaPath:"#/properties/metadata/properties/other_compute_time_by_mode/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid1 = _errs75 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.measured_with !== undefined){
let data36 = data0.measured_with;
const _errs84 = errors;
if(errors === _errs84){
if(data36 && typeof data36 == "object" && !Array.isArray(data36)){
let missing6;
if(((data36.kernel === undefined) && (missing6 = "kernel")) || ((data36.threads === undefined) && (missing6 = "threads"))){
validate20.errors = [{instancePath:instancePath+"/metadata/measured_with",schemaPath:"#/properties/metadata/properties/measured_with/required",keyword:"required",params:{missingProperty: missing6},message:"must have required property '"+missing6+"'"}];
return false;
}
else {
const _errs86 = errors;
for(const key6 in data36){
if(!((key6 === "kernel") || (key6 === "threads"))){
validate20.errors = [{instancePath:instancePath+"/metadata/measured_with",schemaPath:"#/properties/metadata/properties/measured_with/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key6},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs86 === errors){
if(data36.kernel !== undefined){
const _errs87 = errors;
if(typeof data36.kernel !== "string"){
validate20.errors = [{instancePath:instancePath+"/metadata/measured_with/kernel",schemaPath:"#/properties/metadata/properties/measured_with/properties/kernel/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid15 = _errs87 === errors;
}
else {
var valid15 = true;
}
if(valid15){
if(data36.threads !== undefined){
let data38 = data36.threads;
const _errs89 = errors;
if(!(((typeof data38 == "number") && (!(data38 % 1) && !isNaN(data38))) && (isFinite(data38)))){
validate20.errors = [{instancePath:instancePath+"/metadata/measured_with/threads",schemaPath:"#/properties/metadata/properties/measured_with/properties/threads/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs89){
if((typeof data38 == "number") && (isFinite(data38))){
if(data38 > 4096 || isNaN(data38)){
validate20.errors = [{instancePath:instancePath+"/metadata/measured_with/threads",schemaPath:"#/properties/metadata/properties/measured_with/properties/threads/maximum",keyword:"maximum",params:{comparison: "<=", limit: 4096},message:"must be <= 4096"}];
return false;
}
else {
if(data38 < 1 || isNaN(data38)){
validate20.errors = [{instancePath:instancePath+"/metadata/measured_with/threads",schemaPath:"#/properties/metadata/properties/measured_with/properties/threads/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid15 = _errs89 === errors;
}
else {
var valid15 = true;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/metadata/measured_with",schemaPath:"#/properties/metadata/properties/measured_with/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid1 = _errs84 === errors;
}
else {
var valid1 = true;
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
validate20.errors = [{instancePath:instancePath+"/metadata",schemaPath:"#/properties/metadata/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs2 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.weight_chunks !== undefined){
let data39 = data.weight_chunks;
const _errs91 = errors;
if(errors === _errs91){
if(data39 && typeof data39 == "object" && !Array.isArray(data39)){
let missing7;
if(((data39.PREFILL === undefined) && (missing7 = "PREFILL")) || ((data39.DECODE === undefined) && (missing7 = "DECODE"))){
validate20.errors = [{instancePath:instancePath+"/weight_chunks",schemaPath:"#/properties/weight_chunks/required",keyword:"required",params:{missingProperty: missing7},message:"must have required property '"+missing7+"'"}];
return false;
}
else {
const _errs93 = errors;
for(const key7 in data39){
if(!((key7 === "PREFILL") || (key7 === "DECODE"))){
validate20.errors = [{instancePath:instancePath+"/weight_chunks",schemaPath:"#/properties/weight_chunks/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key7},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs93 === errors){
if(data39.PREFILL !== undefined){
let data40 = data39.PREFILL;
const _errs94 = errors;
if(errors === _errs94){
if(Array.isArray(data40)){
if(data40.length > 65536){
validate20.errors = [{instancePath:instancePath+"/weight_chunks/PREFILL",schemaPath:"#/properties/weight_chunks/properties/PREFILL/maxItems",keyword:"maxItems",params:{limit: 65536},message:"must NOT have more than 65536 items"}];
return false;
}
else {
var valid17 = true;
const len0 = data40.length;
for(let i0=0; i0<len0; i0++){
const _errs96 = errors;
if(!(validate24(data40[i0], {instancePath:instancePath+"/weight_chunks/PREFILL/" + i0,parentData:data40,parentDataProperty:i0,rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate24.errors : vErrors.concat(validate24.errors);
errors = vErrors.length;
}
var valid17 = _errs96 === errors;
if(!valid17){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/weight_chunks/PREFILL",schemaPath:"#/properties/weight_chunks/properties/PREFILL/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid16 = _errs94 === errors;
}
else {
var valid16 = true;
}
if(valid16){
if(data39.DECODE !== undefined){
let data42 = data39.DECODE;
const _errs97 = errors;
if(errors === _errs97){
if(Array.isArray(data42)){
if(data42.length > 65536){
validate20.errors = [{instancePath:instancePath+"/weight_chunks/DECODE",schemaPath:"#/properties/weight_chunks/properties/DECODE/maxItems",keyword:"maxItems",params:{limit: 65536},message:"must NOT have more than 65536 items"}];
return false;
}
else {
var valid18 = true;
const len1 = data42.length;
for(let i1=0; i1<len1; i1++){
const _errs99 = errors;
if(!(validate24(data42[i1], {instancePath:instancePath+"/weight_chunks/DECODE/" + i1,parentData:data42,parentDataProperty:i1,rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate24.errors : vErrors.concat(validate24.errors);
errors = vErrors.length;
}
var valid18 = _errs99 === errors;
if(!valid18){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/weight_chunks/DECODE",schemaPath:"#/properties/weight_chunks/properties/DECODE/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid16 = _errs97 === errors;
}
else {
var valid16 = true;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/weight_chunks",schemaPath:"#/properties/weight_chunks/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs91 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.units !== undefined){
let data44 = data.units;
const _errs100 = errors;
if(errors === _errs100){
if(Array.isArray(data44)){
if(data44.length > 65536){
validate20.errors = [{instancePath:instancePath+"/units",schemaPath:"#/properties/units/maxItems",keyword:"maxItems",params:{limit: 65536},message:"must NOT have more than 65536 items"}];
return false;
}
else {
var valid19 = true;
const len2 = data44.length;
for(let i2=0; i2<len2; i2++){
let data45 = data44[i2];
const _errs102 = errors;
if(errors === _errs102){
if(data45 && typeof data45 == "object" && !Array.isArray(data45)){
let missing8;
if(((((((((data45.weights_id === undefined) && (missing8 = "weights_id")) || ((data45.head === undefined) && (missing8 = "head"))) || ((data45.gathered === undefined) && (missing8 = "gathered"))) || ((data45.row_blocks === undefined) && (missing8 = "row_blocks"))) || ((data45.row_block_bytes === undefined) && (missing8 = "row_block_bytes"))) || ((data45.unit_row_blocks === undefined) && (missing8 = "unit_row_blocks"))) || ((data45.paired === undefined) && (missing8 = "paired"))) || ((data45.crc32c === undefined) && (missing8 = "crc32c"))){
validate20.errors = [{instancePath:instancePath+"/units/" + i2,schemaPath:"#/properties/units/items/required",keyword:"required",params:{missingProperty: missing8},message:"must have required property '"+missing8+"'"}];
return false;
}
else {
const _errs104 = errors;
for(const key8 in data45){
if(!(func1.call(schema31.properties.units.items.properties, key8))){
validate20.errors = [{instancePath:instancePath+"/units/" + i2,schemaPath:"#/properties/units/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key8},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs104 === errors){
if(data45.weights_id !== undefined){
let data46 = data45.weights_id;
const _errs105 = errors;
const _errs106 = errors;
if(!(((typeof data46 == "number") && (!(data46 % 1) && !isNaN(data46))) && (isFinite(data46)))){
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/weights_id",schemaPath:"#/$defs/weightsId/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs106){
if((typeof data46 == "number") && (isFinite(data46))){
if(data46 > 1048576 || isNaN(data46)){
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/weights_id",schemaPath:"#/$defs/weightsId/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1048576},message:"must be <= 1048576"}];
return false;
}
else {
if(data46 < 0 || isNaN(data46)){
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/weights_id",schemaPath:"#/$defs/weightsId/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid20 = _errs105 === errors;
}
else {
var valid20 = true;
}
if(valid20){
if(data45.head !== undefined){
const _errs108 = errors;
if(typeof data45.head !== "boolean"){
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/head",schemaPath:"#/properties/units/items/properties/head/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid20 = _errs108 === errors;
}
else {
var valid20 = true;
}
if(valid20){
if(data45.gathered !== undefined){
const _errs110 = errors;
if(typeof data45.gathered !== "boolean"){
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/gathered",schemaPath:"#/properties/units/items/properties/gathered/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid20 = _errs110 === errors;
}
else {
var valid20 = true;
}
if(valid20){
if(data45.row_blocks !== undefined){
let data49 = data45.row_blocks;
const _errs112 = errors;
if(!(((typeof data49 == "number") && (!(data49 % 1) && !isNaN(data49))) && (isFinite(data49)))){
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/row_blocks",schemaPath:"#/properties/units/items/properties/row_blocks/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs112){
if((typeof data49 == "number") && (isFinite(data49))){
if(data49 > 268435456 || isNaN(data49)){
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/row_blocks",schemaPath:"#/properties/units/items/properties/row_blocks/maximum",keyword:"maximum",params:{comparison: "<=", limit: 268435456},message:"must be <= 268435456"}];
return false;
}
else {
if(data49 < 1 || isNaN(data49)){
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/row_blocks",schemaPath:"#/properties/units/items/properties/row_blocks/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid20 = _errs112 === errors;
}
else {
var valid20 = true;
}
if(valid20){
if(data45.row_block_bytes !== undefined){
let data50 = data45.row_block_bytes;
const _errs114 = errors;
if(!(((typeof data50 == "number") && (!(data50 % 1) && !isNaN(data50))) && (isFinite(data50)))){
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/row_block_bytes",schemaPath:"#/properties/units/items/properties/row_block_bytes/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs114){
if((typeof data50 == "number") && (isFinite(data50))){
if(data50 > 1099511627776 || isNaN(data50)){
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/row_block_bytes",schemaPath:"#/properties/units/items/properties/row_block_bytes/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1099511627776},message:"must be <= 1099511627776"}];
return false;
}
else {
if(data50 < 1 || isNaN(data50)){
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/row_block_bytes",schemaPath:"#/properties/units/items/properties/row_block_bytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid20 = _errs114 === errors;
}
else {
var valid20 = true;
}
if(valid20){
if(data45.unit_row_blocks !== undefined){
let data51 = data45.unit_row_blocks;
const _errs116 = errors;
if(!(((typeof data51 == "number") && (!(data51 % 1) && !isNaN(data51))) && (isFinite(data51)))){
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/unit_row_blocks",schemaPath:"#/properties/units/items/properties/unit_row_blocks/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs116){
if((typeof data51 == "number") && (isFinite(data51))){
if(data51 > 268435456 || isNaN(data51)){
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/unit_row_blocks",schemaPath:"#/properties/units/items/properties/unit_row_blocks/maximum",keyword:"maximum",params:{comparison: "<=", limit: 268435456},message:"must be <= 268435456"}];
return false;
}
else {
if(data51 < 1 || isNaN(data51)){
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/unit_row_blocks",schemaPath:"#/properties/units/items/properties/unit_row_blocks/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid20 = _errs116 === errors;
}
else {
var valid20 = true;
}
if(valid20){
if(data45.paired !== undefined){
const _errs118 = errors;
if(typeof data45.paired !== "boolean"){
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/paired",schemaPath:"#/properties/units/items/properties/paired/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid20 = _errs118 === errors;
}
else {
var valid20 = true;
}
if(valid20){
if(data45.experts !== undefined){
let data53 = data45.experts;
const _errs120 = errors;
if(!(((typeof data53 == "number") && (!(data53 % 1) && !isNaN(data53))) && (isFinite(data53)))){
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/experts",schemaPath:"#/properties/units/items/properties/experts/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs120){
if((typeof data53 == "number") && (isFinite(data53))){
if(data53 > 65536 || isNaN(data53)){
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/experts",schemaPath:"#/properties/units/items/properties/experts/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65536},message:"must be <= 65536"}];
return false;
}
else {
if(data53 < 1 || isNaN(data53)){
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/experts",schemaPath:"#/properties/units/items/properties/experts/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid20 = _errs120 === errors;
}
else {
var valid20 = true;
}
if(valid20){
if(data45.crc32c !== undefined){
let data54 = data45.crc32c;
const _errs122 = errors;
if(errors === _errs122){
if(Array.isArray(data54)){
if(data54.length > 4194304){
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/crc32c",schemaPath:"#/properties/units/items/properties/crc32c/maxItems",keyword:"maxItems",params:{limit: 4194304},message:"must NOT have more than 4194304 items"}];
return false;
}
else {
if(data54.length < 1){
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/crc32c",schemaPath:"#/properties/units/items/properties/crc32c/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid22 = true;
const len3 = data54.length;
for(let i3=0; i3<len3; i3++){
let data55 = data54[i3];
const _errs124 = errors;
const _errs125 = errors;
if(errors === _errs125){
if(typeof data55 === "string"){
if(!pattern7.test(data55)){
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/crc32c/" + i3,schemaPath:"#/$defs/crc32c/pattern",keyword:"pattern",params:{pattern: "^[0-9a-f]{8}$"},message:"must match pattern \""+"^[0-9a-f]{8}$"+"\""}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/crc32c/" + i3,schemaPath:"#/$defs/crc32c/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid22 = _errs124 === errors;
if(!valid22){
break;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/units/" + i2+"/crc32c",schemaPath:"#/properties/units/items/properties/crc32c/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid20 = _errs122 === errors;
}
else {
var valid20 = true;
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
validate20.errors = [{instancePath:instancePath+"/units/" + i2,schemaPath:"#/properties/units/items/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid19 = _errs102 === errors;
if(!valid19){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/units",schemaPath:"#/properties/units/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid0 = _errs100 === errors;
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
validate20.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate20.errors = vErrors;
return errors === 0;
}
validate20.evaluated = {"props":true,"dynamicProps":false,"dynamicItems":false};
