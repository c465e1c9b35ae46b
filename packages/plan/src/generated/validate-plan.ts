// Generated from schema/plan.schema.json by `npm run generate`; do not edit.
// biome-ignore-all lint: generated
// biome-ignore-all format: generated
// biome-ignore-all assist: generated
// @ts-nocheck
"use strict";
export const validate = validate20;
export default validate20;
const schema31 = {"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://flash-slim.dev/schema/plan.schema.json","title":"prefetch_plan.json","description":"How one model is served within one memory budget on one device: which groups of weights stay in memory, which are streamed, in what order and through which slots. Sizes and offsets in bytes, times in milliseconds.","type":"object","additionalProperties":false,"required":["metadata","groups"],"properties":{"metadata":{"type":"object","additionalProperties":false,"required":["version","model","model_digest","weight_cache_digest","strategy","context_length","kv_type","max_sequences","max_tokens_per_pass","max_logit_rows","threads","head_weights_id","slot_count","slot_size","weights_bytes","streamed_bytes_per_pass","predicted_pass_ms_by_mode","ledger","device"],"properties":{"version":{"description":"Version of this format.","const":"1.0"},"model":{"type":"string"},"model_digest":{"$ref":"#/$defs/digest"},"weight_cache_digest":{"description":"The cache (its manifest's SHA-256) that the offsets belong to.","$ref":"#/$defs/digest"},"strategy":{"enum":["simple","rechunk","resident"]},"context_length":{"description":"Positions per sequence.","type":"integer","minimum":1,"maximum":1073741824},"kv_type":{"enum":["f16","f32"]},"max_sequences":{"type":"integer","minimum":1,"maximum":65536},"max_tokens_per_pass":{"description":"Most tokens in one pass.","type":"integer","minimum":1,"maximum":1048576},"max_logit_rows":{"description":"Most rows of logits from one pass.","type":"integer","minimum":1,"maximum":1048576},"threads":{"description":"Compute threads.","type":"integer","minimum":1,"maximum":4096},"head_weights_id":{"description":"The output head's chunk, which a pass without logits does not read; null when there is none.","type":["integer","null"],"minimum":0,"maximum":1048576},"slot_count":{"description":"Streaming buffers; 0 when everything is resident.","type":"integer","minimum":0,"maximum":1024},"slot_size":{"description":"Bytes of one slot.","type":"integer","minimum":0,"maximum":1099511627776,"multipleOf":4096},"weights_bytes":{"description":"Bytes of all groups.","$ref":"#/$defs/count"},"streamed_bytes_per_pass":{"description":"Bytes read by a pass that wants logits: the sum of aligned_size over streamed groups.","$ref":"#/$defs/count"},"predicted_pass_ms_by_mode":{"description":"Milliseconds per pass: PREFILL with max_tokens_per_pass tokens and no logits, DECODE with one token.","type":"object","additionalProperties":false,"required":["PREFILL","DECODE"],"properties":{"PREFILL":{"$ref":"#/$defs/milliseconds"},"DECODE":{"$ref":"#/$defs/milliseconds"}}},"ledger":{"description":"What the process will hold, bytes; the parts add up to budget_bytes.","type":"object","additionalProperties":false,"required":["budget_bytes","baseline_bytes","tokenizer_bytes","kv_bytes","activation_bytes","slot_bytes","resident_bytes","reserve_bytes","unused_bytes"],"properties":{"budget_bytes":{"$ref":"#/$defs/count"},"baseline_bytes":{"description":"The process, ready, before what follows.","$ref":"#/$defs/count"},"tokenizer_bytes":{"description":"The compiled tokenizer, read in place.","$ref":"#/$defs/count"},"kv_bytes":{"description":"Keys and values of all sequences at full context length.","$ref":"#/$defs/count"},"activation_bytes":{"description":"Tensors of one pass with max_tokens_per_pass tokens.","$ref":"#/$defs/count"},"adapter_bytes":{"description":"Low-rank adapters in memory; absent where there are none.","$ref":"#/$defs/count"},"slot_bytes":{"description":"All slots, rounded up to 2 MiB.","$ref":"#/$defs/count"},"resident_bytes":{"description":"Aligned reads of all resident groups, rounded up to 2 MiB.","$ref":"#/$defs/count"},"reserve_bytes":{"description":"Allocator and kernel overhead.","$ref":"#/$defs/count"},"unused_bytes":{"$ref":"#/$defs/count"}}},"device":{"$ref":"device-profile.schema.json"}}},"groups":{"description":"In order of use; they cover every streamed chunk exactly once.","type":"array","maxItems":1048576,"items":{"type":"object","additionalProperties":false,"required":["io_order","weights_id","row_block_begin","row_block_end","aligned_offset","aligned_size","offset_adjust","size","resident","managed_buffer_index","estimated_io_time_ms","crc32c"],"properties":{"io_order":{"description":"Position in the order of use.","$ref":"#/$defs/count"},"weights_id":{"description":"The chunk that the group is a part of.","type":"integer","minimum":0,"maximum":1048576},"row_block_begin":{"description":"First row block (8 rows).","$ref":"#/$defs/count"},"row_block_end":{"description":"One past the last row block.","$ref":"#/$defs/count"},"aligned_offset":{"description":"Byte offset of the read in the weight cache.","type":"integer","minimum":0,"maximum":9007199254740991,"multipleOf":4096},"aligned_size":{"description":"Bytes of the read.","type":"integer","minimum":4096,"maximum":9007199254740991,"multipleOf":4096},"offset_adjust":{"description":"Where in the read the group's bytes begin.","type":"integer","minimum":0,"maximum":4095},"size":{"description":"The group's own bytes.","type":"integer","minimum":1,"maximum":9007199254740991},"resident":{"description":"Read once and kept in memory.","type":"boolean"},"managed_buffer_index":{"description":"Slot in the first pass: position among streamed groups modulo slot_count; -1 for a resident.","type":"integer","minimum":-1,"maximum":1023},"estimated_io_time_ms":{"description":"Milliseconds to read it at the device's rate; 0 for a resident.","$ref":"#/$defs/milliseconds"},"crc32c":{"description":"crc32c of the group's own bytes, 8 hex digits.","type":"string","pattern":"^[0-9a-f]{8}$"}}}}},"$defs":{"count":{"type":"integer","minimum":0,"maximum":9007199254740991},"milliseconds":{"type":"number","minimum":0,"maximum":1000000000},"digest":{"type":"string","pattern":"^sha256:[0-9a-f]{64}$"}}};
const schema32 = {"type":"string","pattern":"^sha256:[0-9a-f]{64}$"};
const schema34 = {"type":"integer","minimum":0,"maximum":9007199254740991};
const schema36 = {"type":"number","minimum":0,"maximum":1000000000};
const func1 = Object.prototype.hasOwnProperty;
const pattern4 = new RegExp("^sha256:[0-9a-f]{64}$", "u");
const pattern6 = new RegExp("^[0-9a-f]{8}$", "u");
const schema48 = {"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://flash-slim.dev/schema/device-profile.schema.json","title":"device_profile.json","description":"What one device can do, as measured on it. Sizes in bytes, rates in bytes per second, times in milliseconds.","type":"object","additionalProperties":false,"required":["version","architecture","cores","instruction_sets","kernel","memory_limit_bytes","memory_total_bytes","huge_pages","io_uring","storage"],"properties":{"version":{"description":"Version of this format.","const":"1.0"},"architecture":{"description":"As uname -m names it: x86_64, aarch64.","type":"string"},"cores":{"description":"Cores the process may use.","type":"integer","minimum":1,"maximum":4096},"instruction_sets":{"type":"array","maxItems":256,"items":{"type":"string"}},"kernel":{"description":"The best kernel for this CPU.","type":"string"},"memory_limit_bytes":{"description":"The memory cgroup's limit; null where nothing limits the process.","type":["integer","null"],"minimum":1,"maximum":9007199254740991},"memory_total_bytes":{"type":"integer","minimum":1,"maximum":9007199254740991},"huge_pages":{"description":"Anonymous memory can lie on 2 MB pages.","type":"boolean"},"io_uring":{"description":"io_uring is allowed here.","type":"boolean"},"storage":{"type":"object","additionalProperties":false,"required":["path","direct","bandwidth_bytes_per_second","latency_ms","best","measurements"],"properties":{"path":{"description":"Where it was measured.","type":"string"},"direct":{"description":"Reads go past the page cache (O_DIRECT).","type":"boolean"},"bandwidth_bytes_per_second":{"description":"Best sustained rate.","type":"number","minimum":1000,"maximum":1000000000000000},"latency_ms":{"description":"One small read alone.","type":"number","minimum":0,"maximum":60000},"best":{"description":"What reached the best rate.","type":"object","additionalProperties":false,"required":["block_bytes","depth","huge_pages","reader"],"properties":{"block_bytes":{"$ref":"#/$defs/blockBytes"},"depth":{"$ref":"#/$defs/depth"},"huge_pages":{"type":"boolean"},"reader":{"type":"string"}}},"measurements":{"type":"array","maxItems":4096,"items":{"type":"object","additionalProperties":false,"required":["block_bytes","depth","huge_pages","reader","bytes_per_second"],"properties":{"block_bytes":{"$ref":"#/$defs/blockBytes"},"depth":{"$ref":"#/$defs/depth"},"huge_pages":{"type":"boolean"},"reader":{"type":"string"},"bytes_per_second":{"type":"number","exclusiveMinimum":0,"maximum":1000000000000000}}}}}}},"$defs":{"blockBytes":{"description":"Bytes of one read.","type":"integer","minimum":1,"maximum":1099511627776},"depth":{"description":"Reads under way at once.","type":"integer","minimum":1,"maximum":65536}}};
const schema49 = {"description":"Bytes of one read.","type":"integer","minimum":1,"maximum":1099511627776};
const schema50 = {"description":"Reads under way at once.","type":"integer","minimum":1,"maximum":65536};

function validate21(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
/*# sourceURL="https://flash-slim.dev/schema/device-profile.schema.json" */;
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
if(((((((((((data.version === undefined) && (missing0 = "version")) || ((data.architecture === undefined) && (missing0 = "architecture"))) || ((data.cores === undefined) && (missing0 = "cores"))) || ((data.instruction_sets === undefined) && (missing0 = "instruction_sets"))) || ((data.kernel === undefined) && (missing0 = "kernel"))) || ((data.memory_limit_bytes === undefined) && (missing0 = "memory_limit_bytes"))) || ((data.memory_total_bytes === undefined) && (missing0 = "memory_total_bytes"))) || ((data.huge_pages === undefined) && (missing0 = "huge_pages"))) || ((data.io_uring === undefined) && (missing0 = "io_uring"))) || ((data.storage === undefined) && (missing0 = "storage"))){
validate21.errors = [{instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
const _errs1 = errors;
for(const key0 in data){
if(!(func1.call(schema48.properties, key0))){
validate21.errors = [{instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs1 === errors){
if(data.version !== undefined){
const _errs2 = errors;
if("1.0" !== data.version){
validate21.errors = [{instancePath:instancePath+"/version",schemaPath:"#/properties/version/const",keyword:"const",params:{allowedValue: "1.0"},message:"must be equal to constant"}];
return false;
}
var valid0 = _errs2 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.architecture !== undefined){
const _errs3 = errors;
if(typeof data.architecture !== "string"){
validate21.errors = [{instancePath:instancePath+"/architecture",schemaPath:"#/properties/architecture/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid0 = _errs3 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.cores !== undefined){
let data2 = data.cores;
const _errs5 = errors;
if(!(((typeof data2 == "number") && (!(data2 % 1) && !isNaN(data2))) && (isFinite(data2)))){
validate21.errors = [{instancePath:instancePath+"/cores",schemaPath:"#/properties/cores/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs5){
if((typeof data2 == "number") && (isFinite(data2))){
if(data2 > 4096 || isNaN(data2)){
validate21.errors = [{instancePath:instancePath+"/cores",schemaPath:"#/properties/cores/maximum",keyword:"maximum",params:{comparison: "<=", limit: 4096},message:"must be <= 4096"}];
return false;
}
else {
if(data2 < 1 || isNaN(data2)){
validate21.errors = [{instancePath:instancePath+"/cores",schemaPath:"#/properties/cores/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
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
if(valid0){
if(data.instruction_sets !== undefined){
let data3 = data.instruction_sets;
const _errs7 = errors;
if(errors === _errs7){
if(Array.isArray(data3)){
if(data3.length > 256){
validate21.errors = [{instancePath:instancePath+"/instruction_sets",schemaPath:"#/properties/instruction_sets/maxItems",keyword:"maxItems",params:{limit: 256},message:"must NOT have more than 256 items"}];
return false;
}
else {
var valid1 = true;
const len0 = data3.length;
for(let i0=0; i0<len0; i0++){
const _errs9 = errors;
if(typeof data3[i0] !== "string"){
validate21.errors = [{instancePath:instancePath+"/instruction_sets/" + i0,schemaPath:"#/properties/instruction_sets/items/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid1 = _errs9 === errors;
if(!valid1){
break;
}
}
}
}
else {
validate21.errors = [{instancePath:instancePath+"/instruction_sets",schemaPath:"#/properties/instruction_sets/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid0 = _errs7 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.kernel !== undefined){
const _errs11 = errors;
if(typeof data.kernel !== "string"){
validate21.errors = [{instancePath:instancePath+"/kernel",schemaPath:"#/properties/kernel/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid0 = _errs11 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.memory_limit_bytes !== undefined){
let data6 = data.memory_limit_bytes;
const _errs13 = errors;
if((!(((typeof data6 == "number") && (!(data6 % 1) && !isNaN(data6))) && (isFinite(data6)))) && (data6 !== null)){
validate21.errors = [{instancePath:instancePath+"/memory_limit_bytes",schemaPath:"#/properties/memory_limit_bytes/type",keyword:"type",params:{type: schema48.properties.memory_limit_bytes.type},message:"must be integer,null"}];
return false;
}
if(errors === _errs13){
if((typeof data6 == "number") && (isFinite(data6))){
if(data6 > 9007199254740991 || isNaN(data6)){
validate21.errors = [{instancePath:instancePath+"/memory_limit_bytes",schemaPath:"#/properties/memory_limit_bytes/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data6 < 1 || isNaN(data6)){
validate21.errors = [{instancePath:instancePath+"/memory_limit_bytes",schemaPath:"#/properties/memory_limit_bytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
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
if(data.memory_total_bytes !== undefined){
let data7 = data.memory_total_bytes;
const _errs15 = errors;
if(!(((typeof data7 == "number") && (!(data7 % 1) && !isNaN(data7))) && (isFinite(data7)))){
validate21.errors = [{instancePath:instancePath+"/memory_total_bytes",schemaPath:"#/properties/memory_total_bytes/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs15){
if((typeof data7 == "number") && (isFinite(data7))){
if(data7 > 9007199254740991 || isNaN(data7)){
validate21.errors = [{instancePath:instancePath+"/memory_total_bytes",schemaPath:"#/properties/memory_total_bytes/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data7 < 1 || isNaN(data7)){
validate21.errors = [{instancePath:instancePath+"/memory_total_bytes",schemaPath:"#/properties/memory_total_bytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
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
if(data.huge_pages !== undefined){
const _errs17 = errors;
if(typeof data.huge_pages !== "boolean"){
validate21.errors = [{instancePath:instancePath+"/huge_pages",schemaPath:"#/properties/huge_pages/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid0 = _errs17 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.io_uring !== undefined){
const _errs19 = errors;
if(typeof data.io_uring !== "boolean"){
validate21.errors = [{instancePath:instancePath+"/io_uring",schemaPath:"#/properties/io_uring/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid0 = _errs19 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.storage !== undefined){
let data10 = data.storage;
const _errs21 = errors;
if(errors === _errs21){
if(data10 && typeof data10 == "object" && !Array.isArray(data10)){
let missing1;
if(((((((data10.path === undefined) && (missing1 = "path")) || ((data10.direct === undefined) && (missing1 = "direct"))) || ((data10.bandwidth_bytes_per_second === undefined) && (missing1 = "bandwidth_bytes_per_second"))) || ((data10.latency_ms === undefined) && (missing1 = "latency_ms"))) || ((data10.best === undefined) && (missing1 = "best"))) || ((data10.measurements === undefined) && (missing1 = "measurements"))){
validate21.errors = [{instancePath:instancePath+"/storage",schemaPath:"#/properties/storage/required",keyword:"required",params:{missingProperty: missing1},message:"must have required property '"+missing1+"'"}];
return false;
}
else {
const _errs23 = errors;
for(const key1 in data10){
if(!((((((key1 === "path") || (key1 === "direct")) || (key1 === "bandwidth_bytes_per_second")) || (key1 === "latency_ms")) || (key1 === "best")) || (key1 === "measurements"))){
validate21.errors = [{instancePath:instancePath+"/storage",schemaPath:"#/properties/storage/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs23 === errors){
if(data10.path !== undefined){
const _errs24 = errors;
if(typeof data10.path !== "string"){
validate21.errors = [{instancePath:instancePath+"/storage/path",schemaPath:"#/properties/storage/properties/path/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid2 = _errs24 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data10.direct !== undefined){
const _errs26 = errors;
if(typeof data10.direct !== "boolean"){
validate21.errors = [{instancePath:instancePath+"/storage/direct",schemaPath:"#/properties/storage/properties/direct/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid2 = _errs26 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data10.bandwidth_bytes_per_second !== undefined){
let data13 = data10.bandwidth_bytes_per_second;
const _errs28 = errors;
if(errors === _errs28){
if((typeof data13 == "number") && (isFinite(data13))){
if(data13 > 1000000000000000 || isNaN(data13)){
validate21.errors = [{instancePath:instancePath+"/storage/bandwidth_bytes_per_second",schemaPath:"#/properties/storage/properties/bandwidth_bytes_per_second/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000000000000},message:"must be <= 1000000000000000"}];
return false;
}
else {
if(data13 < 1000 || isNaN(data13)){
validate21.errors = [{instancePath:instancePath+"/storage/bandwidth_bytes_per_second",schemaPath:"#/properties/storage/properties/bandwidth_bytes_per_second/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1000},message:"must be >= 1000"}];
return false;
}
}
}
else {
validate21.errors = [{instancePath:instancePath+"/storage/bandwidth_bytes_per_second",schemaPath:"#/properties/storage/properties/bandwidth_bytes_per_second/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid2 = _errs28 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data10.latency_ms !== undefined){
let data14 = data10.latency_ms;
const _errs30 = errors;
if(errors === _errs30){
if((typeof data14 == "number") && (isFinite(data14))){
if(data14 > 60000 || isNaN(data14)){
validate21.errors = [{instancePath:instancePath+"/storage/latency_ms",schemaPath:"#/properties/storage/properties/latency_ms/maximum",keyword:"maximum",params:{comparison: "<=", limit: 60000},message:"must be <= 60000"}];
return false;
}
else {
if(data14 < 0 || isNaN(data14)){
validate21.errors = [{instancePath:instancePath+"/storage/latency_ms",schemaPath:"#/properties/storage/properties/latency_ms/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
else {
validate21.errors = [{instancePath:instancePath+"/storage/latency_ms",schemaPath:"#/properties/storage/properties/latency_ms/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid2 = _errs30 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data10.best !== undefined){
let data15 = data10.best;
const _errs32 = errors;
if(errors === _errs32){
if(data15 && typeof data15 == "object" && !Array.isArray(data15)){
let missing2;
if(((((data15.block_bytes === undefined) && (missing2 = "block_bytes")) || ((data15.depth === undefined) && (missing2 = "depth"))) || ((data15.huge_pages === undefined) && (missing2 = "huge_pages"))) || ((data15.reader === undefined) && (missing2 = "reader"))){
validate21.errors = [{instancePath:instancePath+"/storage/best",schemaPath:"#/properties/storage/properties/best/required",keyword:"required",params:{missingProperty: missing2},message:"must have required property '"+missing2+"'"}];
return false;
}
else {
const _errs34 = errors;
for(const key2 in data15){
if(!((((key2 === "block_bytes") || (key2 === "depth")) || (key2 === "huge_pages")) || (key2 === "reader"))){
validate21.errors = [{instancePath:instancePath+"/storage/best",schemaPath:"#/properties/storage/properties/best/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key2},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs34 === errors){
if(data15.block_bytes !== undefined){
let data16 = data15.block_bytes;
const _errs35 = errors;
const _errs36 = errors;
if(!(((typeof data16 == "number") && (!(data16 % 1) && !isNaN(data16))) && (isFinite(data16)))){
validate21.errors = [{instancePath:instancePath+"/storage/best/block_bytes",schemaPath:"#/$defs/blockBytes/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs36){
if((typeof data16 == "number") && (isFinite(data16))){
if(data16 > 1099511627776 || isNaN(data16)){
validate21.errors = [{instancePath:instancePath+"/storage/best/block_bytes",schemaPath:"#/$defs/blockBytes/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1099511627776},message:"must be <= 1099511627776"}];
return false;
}
else {
if(data16 < 1 || isNaN(data16)){
validate21.errors = [{instancePath:instancePath+"/storage/best/block_bytes",schemaPath:"#/$defs/blockBytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid3 = _errs35 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data15.depth !== undefined){
let data17 = data15.depth;
const _errs38 = errors;
const _errs39 = errors;
if(!(((typeof data17 == "number") && (!(data17 % 1) && !isNaN(data17))) && (isFinite(data17)))){
validate21.errors = [{instancePath:instancePath+"/storage/best/depth",schemaPath:"#/$defs/depth/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs39){
if((typeof data17 == "number") && (isFinite(data17))){
if(data17 > 65536 || isNaN(data17)){
validate21.errors = [{instancePath:instancePath+"/storage/best/depth",schemaPath:"#/$defs/depth/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65536},message:"must be <= 65536"}];
return false;
}
else {
if(data17 < 1 || isNaN(data17)){
validate21.errors = [{instancePath:instancePath+"/storage/best/depth",schemaPath:"#/$defs/depth/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid3 = _errs38 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data15.huge_pages !== undefined){
const _errs41 = errors;
if(typeof data15.huge_pages !== "boolean"){
validate21.errors = [{instancePath:instancePath+"/storage/best/huge_pages",schemaPath:"#/properties/storage/properties/best/properties/huge_pages/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid3 = _errs41 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data15.reader !== undefined){
const _errs43 = errors;
if(typeof data15.reader !== "string"){
validate21.errors = [{instancePath:instancePath+"/storage/best/reader",schemaPath:"#/properties/storage/properties/best/properties/reader/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid3 = _errs43 === errors;
}
else {
var valid3 = true;
}
}
}
}
}
}
}
else {
validate21.errors = [{instancePath:instancePath+"/storage/best",schemaPath:"#/properties/storage/properties/best/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid2 = _errs32 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data10.measurements !== undefined){
let data20 = data10.measurements;
const _errs45 = errors;
if(errors === _errs45){
if(Array.isArray(data20)){
if(data20.length > 4096){
validate21.errors = [{instancePath:instancePath+"/storage/measurements",schemaPath:"#/properties/storage/properties/measurements/maxItems",keyword:"maxItems",params:{limit: 4096},message:"must NOT have more than 4096 items"}];
return false;
}
else {
var valid6 = true;
const len1 = data20.length;
for(let i1=0; i1<len1; i1++){
let data21 = data20[i1];
const _errs47 = errors;
if(errors === _errs47){
if(data21 && typeof data21 == "object" && !Array.isArray(data21)){
let missing3;
if((((((data21.block_bytes === undefined) && (missing3 = "block_bytes")) || ((data21.depth === undefined) && (missing3 = "depth"))) || ((data21.huge_pages === undefined) && (missing3 = "huge_pages"))) || ((data21.reader === undefined) && (missing3 = "reader"))) || ((data21.bytes_per_second === undefined) && (missing3 = "bytes_per_second"))){
validate21.errors = [{instancePath:instancePath+"/storage/measurements/" + i1,schemaPath:"#/properties/storage/properties/measurements/items/required",keyword:"required",params:{missingProperty: missing3},message:"must have required property '"+missing3+"'"}];
return false;
}
else {
const _errs49 = errors;
for(const key3 in data21){
if(!(((((key3 === "block_bytes") || (key3 === "depth")) || (key3 === "huge_pages")) || (key3 === "reader")) || (key3 === "bytes_per_second"))){
validate21.errors = [{instancePath:instancePath+"/storage/measurements/" + i1,schemaPath:"#/properties/storage/properties/measurements/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key3},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs49 === errors){
if(data21.block_bytes !== undefined){
let data22 = data21.block_bytes;
const _errs50 = errors;
const _errs51 = errors;
if(!(((typeof data22 == "number") && (!(data22 % 1) && !isNaN(data22))) && (isFinite(data22)))){
validate21.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/block_bytes",schemaPath:"#/$defs/blockBytes/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs51){
if((typeof data22 == "number") && (isFinite(data22))){
if(data22 > 1099511627776 || isNaN(data22)){
validate21.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/block_bytes",schemaPath:"#/$defs/blockBytes/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1099511627776},message:"must be <= 1099511627776"}];
return false;
}
else {
if(data22 < 1 || isNaN(data22)){
validate21.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/block_bytes",schemaPath:"#/$defs/blockBytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid7 = _errs50 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data21.depth !== undefined){
let data23 = data21.depth;
const _errs53 = errors;
const _errs54 = errors;
if(!(((typeof data23 == "number") && (!(data23 % 1) && !isNaN(data23))) && (isFinite(data23)))){
validate21.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/depth",schemaPath:"#/$defs/depth/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs54){
if((typeof data23 == "number") && (isFinite(data23))){
if(data23 > 65536 || isNaN(data23)){
validate21.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/depth",schemaPath:"#/$defs/depth/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65536},message:"must be <= 65536"}];
return false;
}
else {
if(data23 < 1 || isNaN(data23)){
validate21.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/depth",schemaPath:"#/$defs/depth/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid7 = _errs53 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data21.huge_pages !== undefined){
const _errs56 = errors;
if(typeof data21.huge_pages !== "boolean"){
validate21.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/huge_pages",schemaPath:"#/properties/storage/properties/measurements/items/properties/huge_pages/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid7 = _errs56 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data21.reader !== undefined){
const _errs58 = errors;
if(typeof data21.reader !== "string"){
validate21.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/reader",schemaPath:"#/properties/storage/properties/measurements/items/properties/reader/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid7 = _errs58 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data21.bytes_per_second !== undefined){
let data26 = data21.bytes_per_second;
const _errs60 = errors;
if(errors === _errs60){
if((typeof data26 == "number") && (isFinite(data26))){
if(data26 > 1000000000000000 || isNaN(data26)){
validate21.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/bytes_per_second",schemaPath:"#/properties/storage/properties/measurements/items/properties/bytes_per_second/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000000000000},message:"must be <= 1000000000000000"}];
return false;
}
else {
if(data26 <= 0 || isNaN(data26)){
validate21.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/bytes_per_second",schemaPath:"#/properties/storage/properties/measurements/items/properties/bytes_per_second/exclusiveMinimum",keyword:"exclusiveMinimum",params:{comparison: ">", limit: 0},message:"must be > 0"}];
return false;
}
}
}
else {
validate21.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/bytes_per_second",schemaPath:"#/properties/storage/properties/measurements/items/properties/bytes_per_second/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid7 = _errs60 === errors;
}
else {
var valid7 = true;
}
}
}
}
}
}
}
}
else {
validate21.errors = [{instancePath:instancePath+"/storage/measurements/" + i1,schemaPath:"#/properties/storage/properties/measurements/items/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid6 = _errs47 === errors;
if(!valid6){
break;
}
}
}
}
else {
validate21.errors = [{instancePath:instancePath+"/storage/measurements",schemaPath:"#/properties/storage/properties/measurements/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid2 = _errs45 === errors;
}
else {
var valid2 = true;
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
validate21.errors = [{instancePath:instancePath+"/storage",schemaPath:"#/properties/storage/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs21 === errors;
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
else {
validate21.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate21.errors = vErrors;
return errors === 0;
}
validate21.evaluated = {"props":true,"dynamicProps":false,"dynamicItems":false};


function validate20(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
/*# sourceURL="https://flash-slim.dev/schema/plan.schema.json" */;
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
if(((data.metadata === undefined) && (missing0 = "metadata")) || ((data.groups === undefined) && (missing0 = "groups"))){
validate20.errors = [{instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
const _errs1 = errors;
for(const key0 in data){
if(!((key0 === "metadata") || (key0 === "groups"))){
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
if((((((((((((((((((((data0.version === undefined) && (missing1 = "version")) || ((data0.model === undefined) && (missing1 = "model"))) || ((data0.model_digest === undefined) && (missing1 = "model_digest"))) || ((data0.weight_cache_digest === undefined) && (missing1 = "weight_cache_digest"))) || ((data0.strategy === undefined) && (missing1 = "strategy"))) || ((data0.context_length === undefined) && (missing1 = "context_length"))) || ((data0.kv_type === undefined) && (missing1 = "kv_type"))) || ((data0.max_sequences === undefined) && (missing1 = "max_sequences"))) || ((data0.max_tokens_per_pass === undefined) && (missing1 = "max_tokens_per_pass"))) || ((data0.max_logit_rows === undefined) && (missing1 = "max_logit_rows"))) || ((data0.threads === undefined) && (missing1 = "threads"))) || ((data0.head_weights_id === undefined) && (missing1 = "head_weights_id"))) || ((data0.slot_count === undefined) && (missing1 = "slot_count"))) || ((data0.slot_size === undefined) && (missing1 = "slot_size"))) || ((data0.weights_bytes === undefined) && (missing1 = "weights_bytes"))) || ((data0.streamed_bytes_per_pass === undefined) && (missing1 = "streamed_bytes_per_pass"))) || ((data0.predicted_pass_ms_by_mode === undefined) && (missing1 = "predicted_pass_ms_by_mode"))) || ((data0.ledger === undefined) && (missing1 = "ledger"))) || ((data0.device === undefined) && (missing1 = "device"))){
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
if(data0.weight_cache_digest !== undefined){
let data4 = data0.weight_cache_digest;
const _errs11 = errors;
const _errs12 = errors;
if(errors === _errs12){
if(typeof data4 === "string"){
if(!pattern4.test(data4)){
validate20.errors = [{instancePath:instancePath+"/metadata/weight_cache_digest",schemaPath:"#/$defs/digest/pattern",keyword:"pattern",params:{pattern: "^sha256:[0-9a-f]{64}$"},message:"must match pattern \""+"^sha256:[0-9a-f]{64}$"+"\""}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/metadata/weight_cache_digest",schemaPath:"#/$defs/digest/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid1 = _errs11 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.strategy !== undefined){
let data5 = data0.strategy;
const _errs14 = errors;
if(!(((data5 === "simple") || (data5 === "rechunk")) || (data5 === "resident"))){
validate20.errors = [{instancePath:instancePath+"/metadata/strategy",schemaPath:"#/properties/metadata/properties/strategy/enum",keyword:"enum",params:{allowedValues: schema31.properties.metadata.properties.strategy.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid1 = _errs14 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.context_length !== undefined){
let data6 = data0.context_length;
const _errs15 = errors;
if(!(((typeof data6 == "number") && (!(data6 % 1) && !isNaN(data6))) && (isFinite(data6)))){
validate20.errors = [{instancePath:instancePath+"/metadata/context_length",schemaPath:"#/properties/metadata/properties/context_length/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs15){
if((typeof data6 == "number") && (isFinite(data6))){
if(data6 > 1073741824 || isNaN(data6)){
validate20.errors = [{instancePath:instancePath+"/metadata/context_length",schemaPath:"#/properties/metadata/properties/context_length/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1073741824},message:"must be <= 1073741824"}];
return false;
}
else {
if(data6 < 1 || isNaN(data6)){
validate20.errors = [{instancePath:instancePath+"/metadata/context_length",schemaPath:"#/properties/metadata/properties/context_length/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid1 = _errs15 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.kv_type !== undefined){
let data7 = data0.kv_type;
const _errs17 = errors;
if(!((data7 === "f16") || (data7 === "f32"))){
validate20.errors = [{instancePath:instancePath+"/metadata/kv_type",schemaPath:"#/properties/metadata/properties/kv_type/enum",keyword:"enum",params:{allowedValues: schema31.properties.metadata.properties.kv_type.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid1 = _errs17 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.max_sequences !== undefined){
let data8 = data0.max_sequences;
const _errs18 = errors;
if(!(((typeof data8 == "number") && (!(data8 % 1) && !isNaN(data8))) && (isFinite(data8)))){
validate20.errors = [{instancePath:instancePath+"/metadata/max_sequences",schemaPath:"#/properties/metadata/properties/max_sequences/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs18){
if((typeof data8 == "number") && (isFinite(data8))){
if(data8 > 65536 || isNaN(data8)){
validate20.errors = [{instancePath:instancePath+"/metadata/max_sequences",schemaPath:"#/properties/metadata/properties/max_sequences/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65536},message:"must be <= 65536"}];
return false;
}
else {
if(data8 < 1 || isNaN(data8)){
validate20.errors = [{instancePath:instancePath+"/metadata/max_sequences",schemaPath:"#/properties/metadata/properties/max_sequences/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid1 = _errs18 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.max_tokens_per_pass !== undefined){
let data9 = data0.max_tokens_per_pass;
const _errs20 = errors;
if(!(((typeof data9 == "number") && (!(data9 % 1) && !isNaN(data9))) && (isFinite(data9)))){
validate20.errors = [{instancePath:instancePath+"/metadata/max_tokens_per_pass",schemaPath:"#/properties/metadata/properties/max_tokens_per_pass/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs20){
if((typeof data9 == "number") && (isFinite(data9))){
if(data9 > 1048576 || isNaN(data9)){
validate20.errors = [{instancePath:instancePath+"/metadata/max_tokens_per_pass",schemaPath:"#/properties/metadata/properties/max_tokens_per_pass/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1048576},message:"must be <= 1048576"}];
return false;
}
else {
if(data9 < 1 || isNaN(data9)){
validate20.errors = [{instancePath:instancePath+"/metadata/max_tokens_per_pass",schemaPath:"#/properties/metadata/properties/max_tokens_per_pass/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid1 = _errs20 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.max_logit_rows !== undefined){
let data10 = data0.max_logit_rows;
const _errs22 = errors;
if(!(((typeof data10 == "number") && (!(data10 % 1) && !isNaN(data10))) && (isFinite(data10)))){
validate20.errors = [{instancePath:instancePath+"/metadata/max_logit_rows",schemaPath:"#/properties/metadata/properties/max_logit_rows/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs22){
if((typeof data10 == "number") && (isFinite(data10))){
if(data10 > 1048576 || isNaN(data10)){
validate20.errors = [{instancePath:instancePath+"/metadata/max_logit_rows",schemaPath:"#/properties/metadata/properties/max_logit_rows/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1048576},message:"must be <= 1048576"}];
return false;
}
else {
if(data10 < 1 || isNaN(data10)){
validate20.errors = [{instancePath:instancePath+"/metadata/max_logit_rows",schemaPath:"#/properties/metadata/properties/max_logit_rows/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid1 = _errs22 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.threads !== undefined){
let data11 = data0.threads;
const _errs24 = errors;
if(!(((typeof data11 == "number") && (!(data11 % 1) && !isNaN(data11))) && (isFinite(data11)))){
validate20.errors = [{instancePath:instancePath+"/metadata/threads",schemaPath:"#/properties/metadata/properties/threads/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs24){
if((typeof data11 == "number") && (isFinite(data11))){
if(data11 > 4096 || isNaN(data11)){
validate20.errors = [{instancePath:instancePath+"/metadata/threads",schemaPath:"#/properties/metadata/properties/threads/maximum",keyword:"maximum",params:{comparison: "<=", limit: 4096},message:"must be <= 4096"}];
return false;
}
else {
if(data11 < 1 || isNaN(data11)){
validate20.errors = [{instancePath:instancePath+"/metadata/threads",schemaPath:"#/properties/metadata/properties/threads/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid1 = _errs24 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.head_weights_id !== undefined){
let data12 = data0.head_weights_id;
const _errs26 = errors;
if((!(((typeof data12 == "number") && (!(data12 % 1) && !isNaN(data12))) && (isFinite(data12)))) && (data12 !== null)){
validate20.errors = [{instancePath:instancePath+"/metadata/head_weights_id",schemaPath:"#/properties/metadata/properties/head_weights_id/type",keyword:"type",params:{type: schema31.properties.metadata.properties.head_weights_id.type},message:"must be integer,null"}];
return false;
}
if(errors === _errs26){
if((typeof data12 == "number") && (isFinite(data12))){
if(data12 > 1048576 || isNaN(data12)){
validate20.errors = [{instancePath:instancePath+"/metadata/head_weights_id",schemaPath:"#/properties/metadata/properties/head_weights_id/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1048576},message:"must be <= 1048576"}];
return false;
}
else {
if(data12 < 0 || isNaN(data12)){
validate20.errors = [{instancePath:instancePath+"/metadata/head_weights_id",schemaPath:"#/properties/metadata/properties/head_weights_id/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid1 = _errs26 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.slot_count !== undefined){
let data13 = data0.slot_count;
const _errs28 = errors;
if(!(((typeof data13 == "number") && (!(data13 % 1) && !isNaN(data13))) && (isFinite(data13)))){
validate20.errors = [{instancePath:instancePath+"/metadata/slot_count",schemaPath:"#/properties/metadata/properties/slot_count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs28){
if((typeof data13 == "number") && (isFinite(data13))){
if(data13 > 1024 || isNaN(data13)){
validate20.errors = [{instancePath:instancePath+"/metadata/slot_count",schemaPath:"#/properties/metadata/properties/slot_count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1024},message:"must be <= 1024"}];
return false;
}
else {
if(data13 < 0 || isNaN(data13)){
validate20.errors = [{instancePath:instancePath+"/metadata/slot_count",schemaPath:"#/properties/metadata/properties/slot_count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid1 = _errs28 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.slot_size !== undefined){
let data14 = data0.slot_size;
const _errs30 = errors;
if(!(((typeof data14 == "number") && (!(data14 % 1) && !isNaN(data14))) && (isFinite(data14)))){
validate20.errors = [{instancePath:instancePath+"/metadata/slot_size",schemaPath:"#/properties/metadata/properties/slot_size/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs30){
if((typeof data14 == "number") && (isFinite(data14))){
if(data14 > 1099511627776 || isNaN(data14)){
validate20.errors = [{instancePath:instancePath+"/metadata/slot_size",schemaPath:"#/properties/metadata/properties/slot_size/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1099511627776},message:"must be <= 1099511627776"}];
return false;
}
else {
if(data14 < 0 || isNaN(data14)){
validate20.errors = [{instancePath:instancePath+"/metadata/slot_size",schemaPath:"#/properties/metadata/properties/slot_size/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
else {
let res0;
if((4096 === 0 || (res0 = data14/4096, res0 !== parseInt(res0)))){
validate20.errors = [{instancePath:instancePath+"/metadata/slot_size",schemaPath:"#/properties/metadata/properties/slot_size/multipleOf",keyword:"multipleOf",params:{multipleOf: 4096},message:"must be multiple of 4096"}];
return false;
}
}
}
}
}
var valid1 = _errs30 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.weights_bytes !== undefined){
let data15 = data0.weights_bytes;
const _errs32 = errors;
const _errs33 = errors;
if(!(((typeof data15 == "number") && (!(data15 % 1) && !isNaN(data15))) && (isFinite(data15)))){
validate20.errors = [{instancePath:instancePath+"/metadata/weights_bytes",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs33){
if((typeof data15 == "number") && (isFinite(data15))){
if(data15 > 9007199254740991 || isNaN(data15)){
validate20.errors = [{instancePath:instancePath+"/metadata/weights_bytes",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data15 < 0 || isNaN(data15)){
validate20.errors = [{instancePath:instancePath+"/metadata/weights_bytes",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid1 = _errs32 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.streamed_bytes_per_pass !== undefined){
let data16 = data0.streamed_bytes_per_pass;
const _errs35 = errors;
const _errs36 = errors;
if(!(((typeof data16 == "number") && (!(data16 % 1) && !isNaN(data16))) && (isFinite(data16)))){
validate20.errors = [{instancePath:instancePath+"/metadata/streamed_bytes_per_pass",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs36){
if((typeof data16 == "number") && (isFinite(data16))){
if(data16 > 9007199254740991 || isNaN(data16)){
validate20.errors = [{instancePath:instancePath+"/metadata/streamed_bytes_per_pass",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data16 < 0 || isNaN(data16)){
validate20.errors = [{instancePath:instancePath+"/metadata/streamed_bytes_per_pass",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid1 = _errs35 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.predicted_pass_ms_by_mode !== undefined){
let data17 = data0.predicted_pass_ms_by_mode;
const _errs38 = errors;
if(errors === _errs38){
if(data17 && typeof data17 == "object" && !Array.isArray(data17)){
let missing2;
if(((data17.PREFILL === undefined) && (missing2 = "PREFILL")) || ((data17.DECODE === undefined) && (missing2 = "DECODE"))){
validate20.errors = [{instancePath:instancePath+"/metadata/predicted_pass_ms_by_mode",schemaPath:"#/properties/metadata/properties/predicted_pass_ms_by_mode/required",keyword:"required",params:{missingProperty: missing2},message:"must have required property '"+missing2+"'"}];
return false;
}
else {
const _errs40 = errors;
for(const key2 in data17){
if(!((key2 === "PREFILL") || (key2 === "DECODE"))){
validate20.errors = [{instancePath:instancePath+"/metadata/predicted_pass_ms_by_mode",schemaPath:"#/properties/metadata/properties/predicted_pass_ms_by_mode/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key2},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs40 === errors){
if(data17.PREFILL !== undefined){
let data18 = data17.PREFILL;
const _errs41 = errors;
const _errs42 = errors;
if(errors === _errs42){
if((typeof data18 == "number") && (isFinite(data18))){
if(data18 > 1000000000 || isNaN(data18)){
validate20.errors = [{instancePath:instancePath+"/metadata/predicted_pass_ms_by_mode/PREFILL",schemaPath:"#/$defs/milliseconds/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000000},message:"must be <= 1000000000"}];
return false;
}
else {
if(data18 < 0 || isNaN(data18)){
validate20.errors = [{instancePath:instancePath+"/metadata/predicted_pass_ms_by_mode/PREFILL",schemaPath:"#/$defs/milliseconds/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/metadata/predicted_pass_ms_by_mode/PREFILL",schemaPath:"#/$defs/milliseconds/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid6 = _errs41 === errors;
}
else {
var valid6 = true;
}
if(valid6){
if(data17.DECODE !== undefined){
let data19 = data17.DECODE;
const _errs44 = errors;
const _errs45 = errors;
if(errors === _errs45){
if((typeof data19 == "number") && (isFinite(data19))){
if(data19 > 1000000000 || isNaN(data19)){
validate20.errors = [{instancePath:instancePath+"/metadata/predicted_pass_ms_by_mode/DECODE",schemaPath:"#/$defs/milliseconds/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000000},message:"must be <= 1000000000"}];
return false;
}
else {
if(data19 < 0 || isNaN(data19)){
validate20.errors = [{instancePath:instancePath+"/metadata/predicted_pass_ms_by_mode/DECODE",schemaPath:"#/$defs/milliseconds/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/metadata/predicted_pass_ms_by_mode/DECODE",schemaPath:"#/$defs/milliseconds/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid6 = _errs44 === errors;
}
else {
var valid6 = true;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/metadata/predicted_pass_ms_by_mode",schemaPath:"#/properties/metadata/properties/predicted_pass_ms_by_mode/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid1 = _errs38 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.ledger !== undefined){
let data20 = data0.ledger;
const _errs47 = errors;
if(errors === _errs47){
if(data20 && typeof data20 == "object" && !Array.isArray(data20)){
let missing3;
if((((((((((data20.budget_bytes === undefined) && (missing3 = "budget_bytes")) || ((data20.baseline_bytes === undefined) && (missing3 = "baseline_bytes"))) || ((data20.tokenizer_bytes === undefined) && (missing3 = "tokenizer_bytes"))) || ((data20.kv_bytes === undefined) && (missing3 = "kv_bytes"))) || ((data20.activation_bytes === undefined) && (missing3 = "activation_bytes"))) || ((data20.slot_bytes === undefined) && (missing3 = "slot_bytes"))) || ((data20.resident_bytes === undefined) && (missing3 = "resident_bytes"))) || ((data20.reserve_bytes === undefined) && (missing3 = "reserve_bytes"))) || ((data20.unused_bytes === undefined) && (missing3 = "unused_bytes"))){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger",schemaPath:"#/properties/metadata/properties/ledger/required",keyword:"required",params:{missingProperty: missing3},message:"must have required property '"+missing3+"'"}];
return false;
}
else {
const _errs49 = errors;
for(const key3 in data20){
if(!(func1.call(schema31.properties.metadata.properties.ledger.properties, key3))){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger",schemaPath:"#/properties/metadata/properties/ledger/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key3},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs49 === errors){
if(data20.budget_bytes !== undefined){
let data21 = data20.budget_bytes;
const _errs50 = errors;
const _errs51 = errors;
if(!(((typeof data21 == "number") && (!(data21 % 1) && !isNaN(data21))) && (isFinite(data21)))){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/budget_bytes",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs51){
if((typeof data21 == "number") && (isFinite(data21))){
if(data21 > 9007199254740991 || isNaN(data21)){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/budget_bytes",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data21 < 0 || isNaN(data21)){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/budget_bytes",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid9 = _errs50 === errors;
}
else {
var valid9 = true;
}
if(valid9){
if(data20.baseline_bytes !== undefined){
let data22 = data20.baseline_bytes;
const _errs53 = errors;
const _errs54 = errors;
if(!(((typeof data22 == "number") && (!(data22 % 1) && !isNaN(data22))) && (isFinite(data22)))){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/baseline_bytes",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs54){
if((typeof data22 == "number") && (isFinite(data22))){
if(data22 > 9007199254740991 || isNaN(data22)){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/baseline_bytes",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data22 < 0 || isNaN(data22)){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/baseline_bytes",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid9 = _errs53 === errors;
}
else {
var valid9 = true;
}
if(valid9){
if(data20.tokenizer_bytes !== undefined){
let data23 = data20.tokenizer_bytes;
const _errs56 = errors;
const _errs57 = errors;
if(!(((typeof data23 == "number") && (!(data23 % 1) && !isNaN(data23))) && (isFinite(data23)))){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/tokenizer_bytes",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs57){
if((typeof data23 == "number") && (isFinite(data23))){
if(data23 > 9007199254740991 || isNaN(data23)){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/tokenizer_bytes",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data23 < 0 || isNaN(data23)){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/tokenizer_bytes",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid9 = _errs56 === errors;
}
else {
var valid9 = true;
}
if(valid9){
if(data20.kv_bytes !== undefined){
let data24 = data20.kv_bytes;
const _errs59 = errors;
const _errs60 = errors;
if(!(((typeof data24 == "number") && (!(data24 % 1) && !isNaN(data24))) && (isFinite(data24)))){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/kv_bytes",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs60){
if((typeof data24 == "number") && (isFinite(data24))){
if(data24 > 9007199254740991 || isNaN(data24)){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/kv_bytes",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data24 < 0 || isNaN(data24)){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/kv_bytes",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid9 = _errs59 === errors;
}
else {
var valid9 = true;
}
if(valid9){
if(data20.activation_bytes !== undefined){
let data25 = data20.activation_bytes;
const _errs62 = errors;
const _errs63 = errors;
if(!(((typeof data25 == "number") && (!(data25 % 1) && !isNaN(data25))) && (isFinite(data25)))){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/activation_bytes",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs63){
if((typeof data25 == "number") && (isFinite(data25))){
if(data25 > 9007199254740991 || isNaN(data25)){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/activation_bytes",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data25 < 0 || isNaN(data25)){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/activation_bytes",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid9 = _errs62 === errors;
}
else {
var valid9 = true;
}
if(valid9){
if(data20.adapter_bytes !== undefined){
let data26 = data20.adapter_bytes;
const _errs65 = errors;
const _errs66 = errors;
if(!(((typeof data26 == "number") && (!(data26 % 1) && !isNaN(data26))) && (isFinite(data26)))){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/adapter_bytes",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs66){
if((typeof data26 == "number") && (isFinite(data26))){
if(data26 > 9007199254740991 || isNaN(data26)){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/adapter_bytes",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data26 < 0 || isNaN(data26)){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/adapter_bytes",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid9 = _errs65 === errors;
}
else {
var valid9 = true;
}
if(valid9){
if(data20.slot_bytes !== undefined){
let data27 = data20.slot_bytes;
const _errs68 = errors;
const _errs69 = errors;
if(!(((typeof data27 == "number") && (!(data27 % 1) && !isNaN(data27))) && (isFinite(data27)))){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/slot_bytes",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs69){
if((typeof data27 == "number") && (isFinite(data27))){
if(data27 > 9007199254740991 || isNaN(data27)){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/slot_bytes",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data27 < 0 || isNaN(data27)){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/slot_bytes",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid9 = _errs68 === errors;
}
else {
var valid9 = true;
}
if(valid9){
if(data20.resident_bytes !== undefined){
let data28 = data20.resident_bytes;
const _errs71 = errors;
const _errs72 = errors;
if(!(((typeof data28 == "number") && (!(data28 % 1) && !isNaN(data28))) && (isFinite(data28)))){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/resident_bytes",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs72){
if((typeof data28 == "number") && (isFinite(data28))){
if(data28 > 9007199254740991 || isNaN(data28)){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/resident_bytes",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data28 < 0 || isNaN(data28)){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/resident_bytes",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid9 = _errs71 === errors;
}
else {
var valid9 = true;
}
if(valid9){
if(data20.reserve_bytes !== undefined){
let data29 = data20.reserve_bytes;
const _errs74 = errors;
const _errs75 = errors;
if(!(((typeof data29 == "number") && (!(data29 % 1) && !isNaN(data29))) && (isFinite(data29)))){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/reserve_bytes",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs75){
if((typeof data29 == "number") && (isFinite(data29))){
if(data29 > 9007199254740991 || isNaN(data29)){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/reserve_bytes",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data29 < 0 || isNaN(data29)){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/reserve_bytes",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid9 = _errs74 === errors;
}
else {
var valid9 = true;
}
if(valid9){
if(data20.unused_bytes !== undefined){
let data30 = data20.unused_bytes;
const _errs77 = errors;
const _errs78 = errors;
if(!(((typeof data30 == "number") && (!(data30 % 1) && !isNaN(data30))) && (isFinite(data30)))){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/unused_bytes",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs78){
if((typeof data30 == "number") && (isFinite(data30))){
if(data30 > 9007199254740991 || isNaN(data30)){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/unused_bytes",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data30 < 0 || isNaN(data30)){
validate20.errors = [{instancePath:instancePath+"/metadata/ledger/unused_bytes",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid9 = _errs77 === errors;
}
else {
var valid9 = true;
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
validate20.errors = [{instancePath:instancePath+"/metadata/ledger",schemaPath:"#/properties/metadata/properties/ledger/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid1 = _errs47 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.device !== undefined){
const _errs80 = errors;
if(!(validate21(data0.device, {instancePath:instancePath+"/metadata/device",parentData:data0,parentDataProperty:"device",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate21.errors : vErrors.concat(validate21.errors);
errors = vErrors.length;
}
var valid1 = _errs80 === errors;
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
if(data.groups !== undefined){
let data32 = data.groups;
const _errs81 = errors;
if(errors === _errs81){
if(Array.isArray(data32)){
if(data32.length > 1048576){
validate20.errors = [{instancePath:instancePath+"/groups",schemaPath:"#/properties/groups/maxItems",keyword:"maxItems",params:{limit: 1048576},message:"must NOT have more than 1048576 items"}];
return false;
}
else {
var valid20 = true;
const len0 = data32.length;
for(let i0=0; i0<len0; i0++){
let data33 = data32[i0];
const _errs83 = errors;
if(errors === _errs83){
if(data33 && typeof data33 == "object" && !Array.isArray(data33)){
let missing4;
if(((((((((((((data33.io_order === undefined) && (missing4 = "io_order")) || ((data33.weights_id === undefined) && (missing4 = "weights_id"))) || ((data33.row_block_begin === undefined) && (missing4 = "row_block_begin"))) || ((data33.row_block_end === undefined) && (missing4 = "row_block_end"))) || ((data33.aligned_offset === undefined) && (missing4 = "aligned_offset"))) || ((data33.aligned_size === undefined) && (missing4 = "aligned_size"))) || ((data33.offset_adjust === undefined) && (missing4 = "offset_adjust"))) || ((data33.size === undefined) && (missing4 = "size"))) || ((data33.resident === undefined) && (missing4 = "resident"))) || ((data33.managed_buffer_index === undefined) && (missing4 = "managed_buffer_index"))) || ((data33.estimated_io_time_ms === undefined) && (missing4 = "estimated_io_time_ms"))) || ((data33.crc32c === undefined) && (missing4 = "crc32c"))){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0,schemaPath:"#/properties/groups/items/required",keyword:"required",params:{missingProperty: missing4},message:"must have required property '"+missing4+"'"}];
return false;
}
else {
const _errs85 = errors;
for(const key4 in data33){
if(!(func1.call(schema31.properties.groups.items.properties, key4))){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0,schemaPath:"#/properties/groups/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key4},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs85 === errors){
if(data33.io_order !== undefined){
let data34 = data33.io_order;
const _errs86 = errors;
const _errs87 = errors;
if(!(((typeof data34 == "number") && (!(data34 % 1) && !isNaN(data34))) && (isFinite(data34)))){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/io_order",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs87){
if((typeof data34 == "number") && (isFinite(data34))){
if(data34 > 9007199254740991 || isNaN(data34)){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/io_order",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data34 < 0 || isNaN(data34)){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/io_order",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid21 = _errs86 === errors;
}
else {
var valid21 = true;
}
if(valid21){
if(data33.weights_id !== undefined){
let data35 = data33.weights_id;
const _errs89 = errors;
if(!(((typeof data35 == "number") && (!(data35 % 1) && !isNaN(data35))) && (isFinite(data35)))){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/weights_id",schemaPath:"#/properties/groups/items/properties/weights_id/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs89){
if((typeof data35 == "number") && (isFinite(data35))){
if(data35 > 1048576 || isNaN(data35)){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/weights_id",schemaPath:"#/properties/groups/items/properties/weights_id/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1048576},message:"must be <= 1048576"}];
return false;
}
else {
if(data35 < 0 || isNaN(data35)){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/weights_id",schemaPath:"#/properties/groups/items/properties/weights_id/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid21 = _errs89 === errors;
}
else {
var valid21 = true;
}
if(valid21){
if(data33.row_block_begin !== undefined){
let data36 = data33.row_block_begin;
const _errs91 = errors;
const _errs92 = errors;
if(!(((typeof data36 == "number") && (!(data36 % 1) && !isNaN(data36))) && (isFinite(data36)))){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/row_block_begin",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs92){
if((typeof data36 == "number") && (isFinite(data36))){
if(data36 > 9007199254740991 || isNaN(data36)){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/row_block_begin",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data36 < 0 || isNaN(data36)){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/row_block_begin",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid21 = _errs91 === errors;
}
else {
var valid21 = true;
}
if(valid21){
if(data33.row_block_end !== undefined){
let data37 = data33.row_block_end;
const _errs94 = errors;
const _errs95 = errors;
if(!(((typeof data37 == "number") && (!(data37 % 1) && !isNaN(data37))) && (isFinite(data37)))){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/row_block_end",schemaPath:"#/$defs/count/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs95){
if((typeof data37 == "number") && (isFinite(data37))){
if(data37 > 9007199254740991 || isNaN(data37)){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/row_block_end",schemaPath:"#/$defs/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data37 < 0 || isNaN(data37)){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/row_block_end",schemaPath:"#/$defs/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid21 = _errs94 === errors;
}
else {
var valid21 = true;
}
if(valid21){
if(data33.aligned_offset !== undefined){
let data38 = data33.aligned_offset;
const _errs97 = errors;
if(!(((typeof data38 == "number") && (!(data38 % 1) && !isNaN(data38))) && (isFinite(data38)))){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/aligned_offset",schemaPath:"#/properties/groups/items/properties/aligned_offset/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs97){
if((typeof data38 == "number") && (isFinite(data38))){
if(data38 > 9007199254740991 || isNaN(data38)){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/aligned_offset",schemaPath:"#/properties/groups/items/properties/aligned_offset/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data38 < 0 || isNaN(data38)){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/aligned_offset",schemaPath:"#/properties/groups/items/properties/aligned_offset/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
else {
let res1;
if((4096 === 0 || (res1 = data38/4096, res1 !== parseInt(res1)))){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/aligned_offset",schemaPath:"#/properties/groups/items/properties/aligned_offset/multipleOf",keyword:"multipleOf",params:{multipleOf: 4096},message:"must be multiple of 4096"}];
return false;
}
}
}
}
}
var valid21 = _errs97 === errors;
}
else {
var valid21 = true;
}
if(valid21){
if(data33.aligned_size !== undefined){
let data39 = data33.aligned_size;
const _errs99 = errors;
if(!(((typeof data39 == "number") && (!(data39 % 1) && !isNaN(data39))) && (isFinite(data39)))){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/aligned_size",schemaPath:"#/properties/groups/items/properties/aligned_size/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs99){
if((typeof data39 == "number") && (isFinite(data39))){
if(data39 > 9007199254740991 || isNaN(data39)){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/aligned_size",schemaPath:"#/properties/groups/items/properties/aligned_size/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data39 < 4096 || isNaN(data39)){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/aligned_size",schemaPath:"#/properties/groups/items/properties/aligned_size/minimum",keyword:"minimum",params:{comparison: ">=", limit: 4096},message:"must be >= 4096"}];
return false;
}
else {
let res2;
if((4096 === 0 || (res2 = data39/4096, res2 !== parseInt(res2)))){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/aligned_size",schemaPath:"#/properties/groups/items/properties/aligned_size/multipleOf",keyword:"multipleOf",params:{multipleOf: 4096},message:"must be multiple of 4096"}];
return false;
}
}
}
}
}
var valid21 = _errs99 === errors;
}
else {
var valid21 = true;
}
if(valid21){
if(data33.offset_adjust !== undefined){
let data40 = data33.offset_adjust;
const _errs101 = errors;
if(!(((typeof data40 == "number") && (!(data40 % 1) && !isNaN(data40))) && (isFinite(data40)))){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/offset_adjust",schemaPath:"#/properties/groups/items/properties/offset_adjust/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs101){
if((typeof data40 == "number") && (isFinite(data40))){
if(data40 > 4095 || isNaN(data40)){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/offset_adjust",schemaPath:"#/properties/groups/items/properties/offset_adjust/maximum",keyword:"maximum",params:{comparison: "<=", limit: 4095},message:"must be <= 4095"}];
return false;
}
else {
if(data40 < 0 || isNaN(data40)){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/offset_adjust",schemaPath:"#/properties/groups/items/properties/offset_adjust/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid21 = _errs101 === errors;
}
else {
var valid21 = true;
}
if(valid21){
if(data33.size !== undefined){
let data41 = data33.size;
const _errs103 = errors;
if(!(((typeof data41 == "number") && (!(data41 % 1) && !isNaN(data41))) && (isFinite(data41)))){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/size",schemaPath:"#/properties/groups/items/properties/size/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs103){
if((typeof data41 == "number") && (isFinite(data41))){
if(data41 > 9007199254740991 || isNaN(data41)){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/size",schemaPath:"#/properties/groups/items/properties/size/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data41 < 1 || isNaN(data41)){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/size",schemaPath:"#/properties/groups/items/properties/size/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid21 = _errs103 === errors;
}
else {
var valid21 = true;
}
if(valid21){
if(data33.resident !== undefined){
const _errs105 = errors;
if(typeof data33.resident !== "boolean"){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/resident",schemaPath:"#/properties/groups/items/properties/resident/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid21 = _errs105 === errors;
}
else {
var valid21 = true;
}
if(valid21){
if(data33.managed_buffer_index !== undefined){
let data43 = data33.managed_buffer_index;
const _errs107 = errors;
if(!(((typeof data43 == "number") && (!(data43 % 1) && !isNaN(data43))) && (isFinite(data43)))){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/managed_buffer_index",schemaPath:"#/properties/groups/items/properties/managed_buffer_index/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs107){
if((typeof data43 == "number") && (isFinite(data43))){
if(data43 > 1023 || isNaN(data43)){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/managed_buffer_index",schemaPath:"#/properties/groups/items/properties/managed_buffer_index/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1023},message:"must be <= 1023"}];
return false;
}
else {
if(data43 < -1 || isNaN(data43)){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/managed_buffer_index",schemaPath:"#/properties/groups/items/properties/managed_buffer_index/minimum",keyword:"minimum",params:{comparison: ">=", limit: -1},message:"must be >= -1"}];
return false;
}
}
}
}
var valid21 = _errs107 === errors;
}
else {
var valid21 = true;
}
if(valid21){
if(data33.estimated_io_time_ms !== undefined){
let data44 = data33.estimated_io_time_ms;
const _errs109 = errors;
const _errs110 = errors;
if(errors === _errs110){
if((typeof data44 == "number") && (isFinite(data44))){
if(data44 > 1000000000 || isNaN(data44)){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/estimated_io_time_ms",schemaPath:"#/$defs/milliseconds/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000000},message:"must be <= 1000000000"}];
return false;
}
else {
if(data44 < 0 || isNaN(data44)){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/estimated_io_time_ms",schemaPath:"#/$defs/milliseconds/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/estimated_io_time_ms",schemaPath:"#/$defs/milliseconds/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid21 = _errs109 === errors;
}
else {
var valid21 = true;
}
if(valid21){
if(data33.crc32c !== undefined){
let data45 = data33.crc32c;
const _errs112 = errors;
if(errors === _errs112){
if(typeof data45 === "string"){
if(!pattern6.test(data45)){
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/crc32c",schemaPath:"#/properties/groups/items/properties/crc32c/pattern",keyword:"pattern",params:{pattern: "^[0-9a-f]{8}$"},message:"must match pattern \""+"^[0-9a-f]{8}$"+"\""}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/groups/" + i0+"/crc32c",schemaPath:"#/properties/groups/items/properties/crc32c/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid21 = _errs112 === errors;
}
else {
var valid21 = true;
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
validate20.errors = [{instancePath:instancePath+"/groups/" + i0,schemaPath:"#/properties/groups/items/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid20 = _errs83 === errors;
if(!valid20){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/groups",schemaPath:"#/properties/groups/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
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
else {
validate20.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate20.errors = vErrors;
return errors === 0;
}
validate20.evaluated = {"props":true,"dynamicProps":false,"dynamicItems":false};
